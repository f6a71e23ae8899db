"""What the vector index holds: a compressed base, and what was added or removed since it was made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.search.ivf_index import BaseIndex
from retrieval.store.store import Store

_NO_IDS = np.empty(0, np.int64)


class TwoPartIndex:
    """A ``BaseIndex`` without the sentences that are gone, and the sentences that came later, compared one by one.

    It holds what the store had up to the id ``highest`` and entry ``removals`` of its log of removed sentences; the
    ``base`` does so at the beginning, and was trained for ``trained`` rows. ``generation`` and ``embedder`` are the
    store's as of the last ``catch_up``.
    """

    def __init__(self, base: BaseIndex | None = None, *, highest: int = 0, removals: int = 0, trained: int = 0) -> None:
        self.generation = -1
        self.embedder = ""
        self._base = base
        self._base_highest = self.highest = highest
        self.removals = removals
        self.trained = trained
        self._gone = _NO_IDS  # of the base
        self._recent: Any = None  # faiss.IndexIDMap2 over faiss.IndexFlatIP
        self._without_gone: Any = None  # a selector, made when first needed

    def __len__(self) -> int:
        base = len(self._base) - self._gone.size if self._base is not None else 0
        return base + self._recent_rows()

    @property
    def dimension(self) -> int:
        """The length of a vector, 0 as long as there are none."""
        if self._base is not None:
            return self._base.dimension
        return int(self._recent.d) if self._recent is not None else 0

    def write(self, path: Path) -> None:
        """Writes the base. Raises ValueError if there is more than that, RuntimeError where it cannot be written."""
        if self._base is None or self._gone.size or self._recent_rows():
            raise ValueError("only a base alone can be written")
        self._base.write(path)

    def catch_up(self, store: Store) -> None:
        """Takes in what the store has added and removed since. A sentence's vector never changes."""
        import faiss

        with store.snapshot():
            self.generation, self.embedder = store.generation, store.embedder_signature
            self.removals, gone = store.removed_sentences(after=self.removals)
            self._without_gone = None
            if gone.size:
                self._gone = np.union1d(self._gone, gone[gone <= self._base_highest])
                if self._recent is not None:
                    self._recent.remove_ids(gone)
            if not len(self):  # the next vectors may be of another embedder
                self._base, self._recent, self._gone = None, None, _NO_IDS
            for ids, vectors in store.all_vectors(after=self.highest):
                if self._recent is None:
                    self._recent = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
                self._recent.add_with_ids(vectors, ids)
                self.highest = int(ids[-1])

    def agrees_with(self, store: Store) -> bool:
        """Whether it holds as many sentences as the store, and their ids have the same sum."""
        base = self._base.ids() if self._base is not None else _NO_IDS
        total = int(base.sum()) - int(self._gone.sum()) + int(self._recent_ids().sum())
        return (len(self), total) == store.sentence_sum()

    def search(
        self, row: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """Up to ``k`` (sentence id, cosine), best first; ``row`` is the query, ``(1, dimension)``."""
        import faiss

        selector, share = self._selector(among)
        k = min(k, len(self))
        found = []
        if self._base is not None:
            found.append(self._base.search(row, k, selector, share))
        if self._recent_rows():
            parameters: Any = faiss.SearchParameters  # whose constructor FAISS widens at run time
            found.append(self._recent.search(row, k, params=parameters(sel=selector)))
        scores, ids = (np.concatenate([part[i][0] for part in found]) for i in (0, 1))
        best = np.argsort(-scores, kind="stable")[:k]
        # FAISS fills up with -1 what it has not found.
        return [(int(ids[i]), float(scores[i])) for i in best if ids[i] != -1]

    def _selector(self, among: NDArray[np.int64] | None) -> tuple[Any, float]:
        """What lets through the ids that count (None: all do), and about which share of all that is."""
        if among is not None:
            return self._bitmap(among), min(1.0, max(1, among.size) / len(self))
        if self._gone.size and self._without_gone is None:
            self._without_gone = self._bitmap(np.arange(self.highest + 1))
        return self._without_gone, 1.0

    def _bitmap(self, ids: NDArray[np.int64]) -> Any:
        import faiss

        allowed = np.zeros(self.highest + 1, bool)
        allowed[ids[ids <= self.highest]] = True
        allowed[self._gone] = False
        selector: Any = faiss.IDSelectorBitmap
        return selector(np.packbits(allowed, bitorder="little"))

    def _recent_rows(self) -> int:
        return int(self._recent.ntotal) if self._recent is not None else 0

    def _recent_ids(self) -> NDArray[np.int64]:
        import faiss

        return np.asarray(faiss.vector_to_array(self._recent.id_map), np.int64) if self._recent is not None else _NO_IDS
