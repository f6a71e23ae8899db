"""Dense search: the nearest sentences by cosine, with FAISS. A cache of the store's vectors."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.baseindex import TRAINING_ROWS, BaseIndex
from retrieval.errors import StoreError
from retrieval.manifest import (
    RECENT_ROWS,
    IndexFile,
    IndexState,
    Manifest,
    index_file,
    publish,
    withdraw,
)
from retrieval.store import Store


class VectorIndex(Protocol):
    """Finds the sentences whose vectors are nearest to a question's."""

    def search(
        self, query: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """Up to ``k`` (sentence id, cosine -1..1), best first, of all sentences or of those with the ids ``among``.

        ``query``: float32 ``(dimension,)``, of length 1. Large indexes are approximate: few of the nearest sentences
        are left out, and a cosine is off by up to 0.02.
        """
        ...


_NOTICES = {
    IndexState.MISSING: "Der Vektorindex fehlte und wurde aus der Datenbank neu aufgebaut.",
    IndexState.DAMAGED: "Der Vektorindex war beschädigt und wurde aus der Datenbank neu aufgebaut.",
    IndexState.FOREIGN: "Der Vektorindex gehörte zu einem anderen Modell oder einer anderen Datenbank "
    "und wurde aus der Datenbank neu aufgebaut.",
}


class FaissVectorIndex:
    """A ``BaseIndex`` in a file, and beside it in memory the sentences of later articles, compared one by one.

    An article that is added or removed, by whatever process, costs its own rows only: before each search the new ones
    are read from the store, and those that are gone are masked. When ``recent_rows`` are outside of the file, the next
    ``load()`` writes it anew; below that size a collection has no file. What does not match its manifest or the store
    is rebuilt from the store, and ``notify`` is told. Where the data directory cannot be written, all is in memory.
    """

    def __init__(
        self, store: Store, notify: Callable[[str], None] = lambda notice: None, *, recent_rows: int = RECENT_ROWS
    ) -> None:
        self._store = store
        self._notify = notify
        self._recent_rows = recent_rows
        self._lock = threading.Lock()
        self._contents: _Contents | None = None

    def __len__(self) -> int:
        """The number of sentences in the index."""
        with self._lock:
            return len(self._current())

    def load(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Reads the index, rebuilds it if need be, and writes its file if too much is outside of it.

        ``progress`` gets the rows done and the rows in all while the file's content is made.
        """
        with self._lock:
            self._contents = self._opened(progress)

    def search(
        self, query: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """See ``VectorIndex``.

        Raises:
            ValueError: the query's dimension is not the index's.
            StoreError: another process has changed the collection over to another embedder.
        """
        with self._lock:
            contents = self._current()
            if k <= 0 or not len(contents):
                return []
            row = np.ascontiguousarray(query, dtype=np.float32).reshape(1, -1)
            if row.shape[1] != contents.dimension:
                raise ValueError(f"the query has {row.shape[1]} dimensions, the index {contents.dimension}")
            return contents.search(row, k, among)

    def _current(self) -> _Contents:
        contents = self._contents
        if contents is None:
            contents = self._opened()
        elif self._store.generation != contents.generation:
            if self._store.embedder_signature != contents.embedder and len(contents):
                raise StoreError(
                    f"Die Sammlung in {self._store.home} wurde inzwischen auf ein anderes Embedding-Modell umgestellt "
                    f"({self._store.embedder_signature}). Bitte Fundstelle neu starten."
                )
            contents.catch_up(self._store)
        self._contents = contents
        return contents

    def _opened(self, progress: Callable[[int, int], None] | None = None) -> _Contents:
        file = index_file(self._store, self._recent_rows)
        contents = self._read(file)
        if contents is None:
            state = IndexState.DAMAGED if file.manifest else file.state
            file, contents = IndexFile(state), _Contents(self._store)
        ...
