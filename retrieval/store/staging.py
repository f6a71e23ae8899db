"""Changes to the collection, and the vectors of another embedder, which wait until all of them are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from retrieval.store.rows import to_blobs
from retrieval.store.sources import Sources
from retrieval.store.sql import Connection


class StagedVectors(Sources):
    """The part of ``Store`` that changes over to another embedder; see ``retrieval.indexing.reembedding``."""

    #: Which sentences have no vector of the new embedder yet.
    _unstaged: ClassVar[str] = "id > (SELECT ifnull(max(sentence_id), 0) FROM staged_vectors)"

    @contextmanager
    def change(self) -> Iterator[Connection]:
        """A transaction that changes what can be found; with it a new generation begins."""
        with self.database.transaction() as connection:
            connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")
            yield connection

    def set_meta(self, connection: Connection, key: str, value: str) -> None:
        """Sets a value of the ``meta`` table inside a transaction."""
        sql = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        connection.execute(sql, (key, value))

    def put_meta(self, key: str, value: str) -> None:
        """Sets a value of the ``meta`` table."""
        with self.database.transaction() as connection:
            self.set_meta(connection, key, value)

    def begin_staging(self, signature: str) -> int:
        """Makes ready for the vectors of the embedder ``signature``; how many of them wait already."""
        with self.database.transaction() as connection:
            if self.meta("staged_signature") != signature:
                connection.execute("DELETE FROM staged_vectors")
                self.set_meta(connection, "staged_signature", signature)
        return int(self.database.rows("SELECT count(*) FROM staged_vectors")[0][0])

    def unstaged_sentences(self, limit: int) -> list[tuple[int, str]]:
        """The ids and texts of the first ``limit`` sentences that have no vector of the new embedder yet."""
        with self.snapshot():
            rows = self.database.rows(
                f'SELECT id, document_id, "start", "end" FROM sentences WHERE {self._unstaged} ORDER BY id LIMIT ?',
                (limit,),
            )
            texts = self.texts(row[1] for row in rows)
        return [(row, texts[document][start:end]) for row, document, start, end in rows]

    def stage(self, signature: str, ids: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Keeps new vectors ``(len(ids), dimension)``, unless another embedder's are waited for by now."""
        with self.database.transaction() as connection:
            if self.meta("staged_signature") == signature:  # else change_over tells what has happened
                connection.executemany(
                    "INSERT INTO staged_vectors (sentence_id, vector) VALUES (?, ?) "
                    "ON CONFLICT (sentence_id) DO UPDATE SET vector = excluded.vector",
                    list(zip(ids, self.to_columns(vectors), strict=True)),
                )

    def change_over(self, signature: str) -> None:
        """Swaps the vectors in one transaction, if all of them wait."""
        if not self._all_staged():
            return
        with self.change() as connection:
            self._keep_out_writers(connection)
            # No sentence can be added any more: look again.
            if self.meta("staged_signature") == signature and self._all_staged():
                self._swap(connection)
                connection.execute("DELETE FROM staged_vectors")
                self.set_meta(connection, "staged_signature", "")
                self.set_meta(connection, "embedder_signature", signature)

    def to_columns(self, vectors: NDArray[np.float32]) -> Sequence[Any]:
        """Each row of ``vectors`` ``(n, dimension)`` as its database column holds it."""
        return to_blobs(vectors)

    def _keep_out_writers(self, connection: Connection) -> None:
        """Sees to it that nobody adds sentences until the transaction ends; in SQLite nobody can."""

    def _swap(self, connection: Connection) -> None:
        connection.execute(
            "UPDATE sentences SET vector = (SELECT vector FROM staged_vectors WHERE sentence_id = sentences.id)"
        )

    def _all_staged(self) -> bool:
        return not self.database.rows(f"SELECT 1 FROM sentences WHERE {self._unstaged} LIMIT 1")
