"""Dense search in PostgreSQL: pgvector compares all sentences, or goes through its index (HNSW) where they are many."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import StoreError
from retrieval.messages import notice
from retrieval.postgres.store import INDEX_NAME, PostgresStore
from retrieval.types import Filter

#: Up to so many sentences are compared one by one (20 ms), be it of all articles or of those that a filter lets
#: through.
EXACT_SENTENCES: Final = 20_000
#: How many candidates HNSW keeps, by how many sentences there are: so that 98 of 100 of the ten nearest are found.
_EF: Final = ((200_000, 160), (2_000_000, 240))
_MOST_EF: Final = 400
#: pgvector has no index over longer half-precision vectors.
MOST_DIMENSIONS: Final = 4000


class PostgresVectorIndex:
    """See ``VectorIndex``. Sentences are in it with the transaction that stores their article."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self._embedder: tuple[str, int] | None = None  # whose vectors they were at the first search, and how long

    def __len__(self) -> int:
        """The number of sentences in the index."""
        return self._store.sentence_count()

    def load(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Makes the index if there are enough sentences for one. Others may read and write meanwhile."""
        dimension = self.dimension()
        if self._store.read_only or not dimension or dimension > MOST_DIMENSIONS:
            return
        if self._store.sentence_count() <= EXACT_SENTENCES or self._is_made(dimension):
            return
        name = INDEX_NAME.format(dimension=dimension)
        with self._store.database.holding_lock(name) as held, self._store.database.alone() as connection:
            if not held:  # another process is making it
                return
            connection.execute(f"DROP INDEX IF EXISTS {name}")  # one that was interrupted
            connection.execute(
                f"CREATE INDEX CONCURRENTLY {name} ON sentences "
                f"USING hnsw ((vector::halfvec({dimension})) halfvec_cosine_ops)"
            )

    def search(
        self, query: NDArray[np.float32], k: int, within: Filter | None = None, article: int = 0
    ) -> list[tuple[int, float]]:
        """See ``VectorIndex``.

        Raises:
            ValueError: the query's dimension is not the index's.
            StoreError: another process has changed the collection over to another embedder.
        """
        dimension = self._checked(len(query))
        if k <= 0 or not dimension:
            return []
        scope, parameters = self._store.scope(within, article)
        vector = "[" + ",".join(map(repr, np.asarray(query, np.float32).tolist())) + "]"
        if article or not self._is_large(scope, parameters) or not self._is_made(dimension):
            rows = self._exact(vector, k, scope, parameters)
        else:
            rows = self._approximate(vector, k, scope, parameters, dimension)
        # The cosine with a vector of nothing but zeros is no number.
        return [(int(row), 0.0 if math.isnan(distance) else 1 - float(distance)) for row, distance in rows]

    def dimension(self) -> int:
        """The length of the vectors; 0 as long as there are none."""
        rows = self._store.database.rows("SELECT vector_dims(vector::vector) FROM sentences LIMIT 1")
        return int(rows[0][0]) if rows else 0

    def is_due(self) -> bool:
        """Whether there are so many sentences that the index should be there, and it is not."""
        dimension = self.dimension()
        if self._store.sentence_count() <= EXACT_SENTENCES or not 0 < dimension <= MOST_DIMENSIONS:
            return False
        return not self._is_made(dimension)

    def _checked(self, length: int) -> int:
        signature = self._store.embedder_signature
        if self._embedder is None or (self._embedder[0] != signature and not self._embedder[1]):
            self._embedder = signature, self.dimension()
        before, dimension = self._embedder
        if before != signature and self._store.has_sentences():
            raise StoreError(notice("index.other_embedder", home=self._store.place, embedder=signature))
        if not dimension:
            dimension = self.dimension()
            self._embedder = signature, dimension
        if dimension and dimension != length:
            raise ValueError(f"the query has {length} dimensions, the index {dimension}")
        return dimension

    def _is_large(self, scope: str, parameters: list[Any]) -> bool:
        if not parameters:
            return self._store.sentence_count() > EXACT_SENTENCES
        sql = f"SELECT count(*) FROM (SELECT 1 FROM sentences WHERE {scope} LIMIT ?) AS counted"
        return bool(self._store.database.rows(sql, (*parameters, EXACT_SENTENCES + 1))[0][0] > EXACT_SENTENCES)

    def _is_made(self, dimension: int) -> bool:
        rows = self._store.database.rows(
            "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(?) AND indisvalid",
            (INDEX_NAME.format(dimension=dimension),),
        )
        return bool(rows)

    def _exact(self, vector: str, k: int, scope: str, parameters: list[Any]) -> list[Any]:
        # The index is over another expression, so it is not used.
        sql = f"SELECT id, vector <=> ?::halfvec AS distance FROM sentences WHERE {scope} ORDER BY 2, 1 LIMIT ?"
        return self._store.database.rows(sql, (vector, *parameters, k))

    def _approximate(self, vector: str, k: int, scope: str, parameters: list[Any], dimension: int) -> list[Any]:
        count = self._store.sentence_count()
        ef = max(k, next((ef for most, ef in _EF if count <= most), _MOST_EF))
        nearest = (
            f"SELECT id, vector::halfvec({dimension}) <=> ?::halfvec({dimension}) AS distance FROM sentences "
            f"WHERE {scope} ORDER BY vector::halfvec({dimension}) <=> ?::halfvec({dimension}) LIMIT ?"
        )
        with self._store.snapshot():
            self._store.database.rows(
                "SELECT set_config('hnsw.ef_search', ?, true), "
                "set_config('hnsw.iterative_scan', 'relaxed_order', true)",
                (str(min(ef, 1000)),),
            )
            # The index hands them out only roughly in order, which PostgreSQL takes for exact: hence more than k, and
            # "+ 0", which makes it sort.
            sql = f"SELECT id, distance FROM ({nearest}) AS near ORDER BY distance + 0, id LIMIT ?"
            return self._store.database.rows(sql, (vector, *parameters, vector, ef, k))
