"""Which articles and sentences count for a filter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.store.store import Store
from retrieval.types import Filter


@dataclass(frozen=True, slots=True)
class Scope:
    """What a filter lets through: the ids of articles and those of their sentences, rising."""

    articles: frozenset[int]
    sentences: NDArray[np.int64]


class Scopes:
    """The scopes of filters in a store. The last one is kept while nothing changes: in a chat the filter stays, and
    among a million sentences it takes tenths of a second to find out.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: tuple[object, Scope] | None = None

    def of(self, within: Filter | None, article: int = 0) -> Scope:
        """What ``within`` lets through now, or of that the ``article`` alone.

        Raises StoreError: the database cannot be read.
        """
        if article:
            counts = not within or article in self.of(within).articles
            chosen = [article] if counts else []
            return Scope(frozenset(chosen), self._store.sentence_ids(chosen))
        within = within or Filter()
        with self._store.snapshot():
            now = (within, self._store.generation, self._store.row_count())
            last = self._last
            if last is None or last[0] != now:
                articles = self._store.matching_ids(within)
                last = self._last = (now, Scope(frozenset(articles), self._store.sentence_ids(articles)))
            return last[1]
