"""Dense search: the nearest sentences by cosine, with FAISS. A cache of the store's vectors."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import StoreError
from retrieval.messages import notice
from retrieval.search.filter_scope import Scopes
from retrieval.search.index_file import RECENT_ROWS, IndexState, Manifest, index_file, publish, withdraw
from retrieval.search.ivf_index import TRAINING_ROWS, BaseIndex, is_outgrown
from retrieval.search.main_and_delta import TwoPartIndex
from retrieval.store.store import Store
from retrieval.types import Filter

_NOTICES = {
    IndexState.MISSING: notice("index.vectors_missing"),
    IndexState.DAMAGED: notice("index.vectors_damaged"),
    IndexState.FOREIGN: notice("index.vectors_foreign"),
}


class FaissVectorIndex:
    """A ``BaseIndex`` in a file, and beside it in memory the sentences of later articles, compared one by one.

    An article that is added or removed, by whatever process, costs its own rows only: before each search the new ones
    are read from the store, and those that are gone are masked. When ``recent_rows`` are outside of the file, the next
    ``load()`` writes it anew; below that size a collection has no file. What does not match its manifest or the store
    is rebuilt from the store, and ``notify`` is told. Where the data directory cannot be written, all is in memory.
    """

    def __init__(
        self,
        store: Store,
        notify: Callable[[str], None] = lambda notice: None,
        *,
        recent_rows: int = RECENT_ROWS,
        scopes: Scopes | None = None,
    ) -> None:
        self._store = store
        self._scopes = scopes or Scopes(store)
        self._notify = notify
        self._recent_rows = recent_rows
        self._lock = threading.Lock()
        self._contents: TwoPartIndex | None = None

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
        self, query: NDArray[np.float32], k: int, within: Filter | None = None, article: int = 0
    ) -> list[tuple[int, float]]:
        """See ``VectorIndex``. Raises as ``nearest``."""
        scope = self._scopes.of(within, article) if within or article else None
        return [] if scope and not scope.articles else self.nearest(query, k, scope.sentences if scope else None)

    def nearest(
        self, query: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """Like ``search``, of all sentences or of those with the ids ``among``.

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

    def _current(self) -> TwoPartIndex:
        contents = self._contents
        if contents is None:
            contents = self._contents = self._opened()
        elif self._store.generation != contents.generation:
            if self._store.embedder_signature != contents.embedder and len(contents):
                raise StoreError(
                    notice("index.other_embedder", home=self._store.home, embedder=self._store.embedder_signature)
                )
            contents.catch_up(self._store)
        return contents

    def _opened(self, progress: Callable[[int, int], None] | None = None) -> TwoPartIndex:
        file = index_file(self._store, self._recent_rows)
        state, manifest, contents = file.state, file.manifest, None
        if manifest is not None and state is IndexState.CURRENT:
            contents = self._from_file(manifest)
            if contents is None:
                state = IndexState.DAMAGED
        if contents is None and self._store.sentence_count() > self._recent_rows:
            if manifest is not None and state is IndexState.BEHIND:
                contents = self._extended(manifest, progress)
                if contents is None:
                    state = IndexState.DAMAGED
            contents = self._saved(contents or self._rebuilt(progress))
        elif contents is None:
            contents = TwoPartIndex()
            contents.catch_up(self._store)
            if any(self._store.home.glob("vectors*")):
                self._with_write_lock(withdraw)
        if state in _NOTICES and len(contents):
            self._notify(_NOTICES[state])
        return contents

    def _from_file(self, manifest: Manifest) -> TwoPartIndex | None:
        """What the file holds and the store has done since.

        None if its checksum is right, but it is not what the manifest says, or not what the store holds.
        """
        base = self._base(manifest)
        if base is None:
            return None
        contents = TwoPartIndex(base, highest=manifest.highest, removals=manifest.removals, trained=manifest.trained)
        with self._store.snapshot():
            contents.catch_up(self._store)
            return contents if contents.agrees_with(self._store) else None

    def _extended(self, manifest: Manifest, progress: Callable[[int, int], None] | None) -> TwoPartIndex | None:
        """What the file holds with all that the store has done since, for a new file; None as ``_from_file``."""
        base = self._base(manifest, writable=True)
        if base is None:
            return None
        with self._store.snapshot():
            if is_outgrown(manifest.trained, self._store.sentence_count()):
                return self._rebuilt(progress)
            removals, gone = self._store.removed_sentences(after=manifest.removals)
            base.remove(gone)
            contents = self._filled(base, manifest.highest, removals, manifest.trained, progress)
            return contents if contents.agrees_with(self._store) else None

    def _rebuilt(self, progress: Callable[[int, int], None] | None) -> TwoPartIndex:
        """All that the store holds, for a new file."""
        with self._store.snapshot():
            ids = self._store.sentence_ids()
            sample = ids[:: max(1, ids.size // TRAINING_ROWS)]
            base = BaseIndex.train(self._store.vectors(sample.tolist()))
            removals, _ = self._store.removed_sentences()
            return self._filled(base, 0, removals, ids.size, progress)

    def _filled(
        self,
        base: BaseIndex,
        highest: int,
        removals: int,
        trained: int,
        progress: Callable[[int, int], None] | None,
    ) -> TwoPartIndex:
        """``base`` with the sentences above the id ``highest``."""
        total = self._store.sentence_count()
        for ids, vectors in self._store.all_vectors(after=highest):
            base.add(ids, vectors)
            highest = int(ids[-1])
            if progress is not None:
                progress(len(base), total)
        contents = TwoPartIndex(base, highest=highest, removals=removals, trained=trained)
        contents.catch_up(self._store)  # there is nothing more: it learns the generation
        return contents

    def _base(self, manifest: Manifest, *, writable: bool = False) -> BaseIndex | None:
        """The index file, if it is what its manifest says."""
        base = BaseIndex.read(self._store.home / manifest.file, writable=writable)
        fits = base is not None and (len(base), base.dimension) == (manifest.rows, manifest.dimension)
        return base if fits else None

    def _saved(self, contents: TwoPartIndex) -> TwoPartIndex:
        """``contents``, which are a base alone, from a new file; as they are where none can be written."""
        written: list[Manifest] = []
        self._with_write_lock(lambda home: written.append(publish(home, contents.write, self._describer(contents))))
        return next(filter(None, map(self._from_file, written)), contents)

    def _describer(self, contents: TwoPartIndex) -> Callable[[str, str], Manifest]:
        return lambda file, sha256: Manifest(
            file=file,
            sha256=sha256,
            embedder=contents.embedder,
            dimension=contents.dimension,
            rows=len(contents),
            trained=contents.trained,
            highest=contents.highest,
            removals=contents.removals,
            generation=contents.generation,
            identity=self._store.identity,
        )

    def _with_write_lock(self, change: Callable[[Path], object]) -> None:
        if self._store.read_only:
            return
        try:
            # Two processes that save at once would sweep away each other's file.
            with self._store.database.transaction() as connection:
                # An older state of the database, from a backup or without its log, does not know this index: it would
                # give out ids again that stand for other sentences in it.
                self._store.set_meta(connection, "identity", secrets.token_hex(16))
                change(self._store.home)
        except (OSError, RuntimeError, StoreError) as error:  # FAISS raises RuntimeError
            self._notify(notice("index.vectors_not_saved", error=error))
