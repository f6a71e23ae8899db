"""The queries to the collection on disk; ``Store`` adds what changes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import StoreError
from retrieval.store.article_queries import ArticleQueries
from retrieval.store.checksums import checksum, segments_checksum
from retrieval.store.database import damage_error
from retrieval.store.rows import IN_IDS, ids_parameter, to_vectors
from retrieval.types import Passage

_ODD_BOOKKEEPING = """
    SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM meta WHERE key = 'generation' AND typeof(value) = 'integer')
    UNION ALL SELECT 1 FROM removed_sentences WHERE typeof(sentence_id) <> 'integer' LIMIT 1
"""


class StoreQueries(ArticleQueries):
    """The reading half of ``Store``: articles with their sentences, passages, vectors, copies and versions.

    Raises:
        StoreError: from every method, if the database cannot be read or what was asked for is damaged.
    """

    #: The vector of a sentence, as a column.
    _vector: ClassVar[str] = "vector"

    def sentence_count(self, *, after: int = 0) -> int:
        """The number of sentences of all articles, or of those with an id above ``after``."""
        above, parameters = (" WHERE id > ?", (after,)) if after else ("", ())  # SQLite counts all of them faster
        return int(self.database.rows(f"SELECT count(*) FROM sentences{above}", parameters)[0][0])

    def has_sentences(self) -> bool:
        """Whether there is anything to search."""
        return bool(self.database.rows("SELECT EXISTS (SELECT 1 FROM sentences)")[0][0])

    def passages(self, ids: Iterable[int]) -> dict[int, Passage]:
        """The passages with these ids. Unknown ids are left out."""
        with self.snapshot():
            rows = self.database.rows(
                'SELECT id, document_id, "start", "end", first_sentence, last_sentence FROM passages '
                f"WHERE id {IN_IDS} ORDER BY id",
                (ids_parameter(ids),),
            )
            texts = self.texts(row[1] for row in rows)
        return {
            row: Passage(texts[document][start:end], start, end, first, last, id=row, document_id=document)
            for row, document, start, end, first, last in rows
        }

    def passages_of_sentences(self, sentence_ids: Iterable[int]) -> dict[int, list[int]]:
        """The ids of the passages that hold each of these sentences, by sentence id. Unknown ids are left out."""
        found: dict[int, list[int]] = {}
        # CROSS JOIN keeps SQLite to this order: ids, their sentences, their passages.
        for sentence, passage in self.database.rows(
            "SELECT s.id, p.id FROM json_each(?) AS j CROSS JOIN sentences AS s ON s.id = j.value "
            "CROSS JOIN passages AS p ON p.document_id = s.document_id "
            "AND p.first_sentence <= s.position AND p.last_sentence >= s.position ORDER BY s.id, p.id",
            (ids_parameter(sentence_ids),),
        ):
            found.setdefault(sentence, []).append(passage)
        return found

    def sentence_places(self, document_id: int, first: int, last: int) -> list[tuple[int, int]]:
        """Where the sentences at these positions (both inclusive) stand in an article, as far as there are any."""
        rows = self.database.rows(
            'SELECT "start", "end" FROM sentences WHERE document_id = ? AND position BETWEEN ? AND ? ORDER BY position',
            (document_id, first, last),
        )
        return [(start, end) for start, end in rows]

    def sentence_span(self, document_id: int, start: int, end: int) -> tuple[int, int]:
        """From where to where in an article the sentences go that ``start``..``end`` lies in; itself without any."""
        ((first, last),) = self.database.rows(
            'SELECT min("start"), max("end") FROM sentences WHERE document_id = ? AND "start" < ? AND "end" > ?',
            (document_id, end, start),
        )
        return (start, end) if first is None else (min(start, first), max(end, last))

    def sentence_vectors(self, passage_ids: Iterable[int]) -> dict[int, NDArray[np.float32]]:
        """The vectors of each passage's sentences, ``(n, dimension)``, by passage id. Unknown ids are left out."""
        blobs: dict[int, list[bytes]] = {}
        for passage, blob in self.database.rows(
            "SELECT p.id, s.vector FROM json_each(?) AS j CROSS JOIN passages AS p ON p.id = j.value "
            "CROSS JOIN sentences AS s ON s.document_id = p.document_id "
            "AND s.position BETWEEN p.first_sentence AND p.last_sentence ORDER BY p.id, s.position",
            (ids_parameter(passage_ids),),
        ):
            blobs.setdefault(passage, []).append(blob)
        return {passage: self._vectors(of_passage) for passage, of_passage in blobs.items()}

    def sentence_ids(self, document_ids: Iterable[int] | None = None) -> NDArray[np.int64]:
        """The ids of all sentences, or of those of these articles, ``(n,)``, rising."""
        chosen = "" if document_ids is None else f" WHERE document_id {IN_IDS}"
        parameters = () if document_ids is None else (ids_parameter(document_ids),)
        # An article's sentences are stored together, so their ids are a range: 40,000 rows for a million sentences.
        rows = self.database.rows(
            f"SELECT min(id), max(id), count(*) FROM sentences{chosen} GROUP BY document_id ORDER BY 1", parameters
        )
        first, last, count = np.array(rows, dtype=np.int64).reshape(-1, 3).T
        if np.any(last - first + 1 != count):
            rows = self.database.rows(f"SELECT id FROM sentences{chosen} ORDER BY id", parameters)
            return np.array([row[0] for row in rows], dtype=np.int64)
        before = np.cumsum(count) - count
        return np.repeat(first - before, count) + np.arange(count.sum())

    def sentence_sum(self) -> tuple[int, int]:
        """The number of all sentences, and the sum of their ids."""
        count, total = self.database.rows("SELECT count(*), ifnull(sum(id), 0) FROM sentences")[0]
        return int(count), int(total)

    def removed_sentences(self, *, after: int = 0) -> tuple[int, NDArray[np.int64]]:
        """The number of the last entry in the log of removed sentences, and the ids in the entries above ``after``."""
        rows = self.database.rows(
            "SELECT number, sentence_id FROM removed_sentences WHERE number > ? ORDER BY number", (after,)
        )
        return (int(rows[-1][0]) if rows else after), np.array([row[1] for row in rows], dtype=np.int64)

    def vectors(self, sentence_ids: Iterable[int]) -> NDArray[np.float32]:
        """The vectors of these sentences, ``(n, dimension)``, by id. Unknown ids are left out."""
        rows = self.database.rows(
            f"SELECT {self._vector} FROM sentences WHERE id {IN_IDS} ORDER BY id", (ids_parameter(sentence_ids),)
        )
        return self._vectors([row[0] for row in rows])

    def all_vectors(
        self, *, after: int = 0, block: int = 8192
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Ids ``(n,)`` and vectors ``(n, dimension)`` of all sentences with an id above ``after``, by id, in blocks."""
        while rows := self.database.rows(
            f"SELECT id, {self._vector} FROM sentences WHERE id > ? ORDER BY id LIMIT ?", (after, block)
        ):
            yield np.array([row[0] for row in rows], dtype=np.int64), self._vectors([row[1] for row in rows])
            after = rows[-1][0]

    def check(self) -> None:
        """Reads the whole collection and raises StoreError if anything in it is not what was written.

        The keyword index has a check of its own, ``KeywordIndex.check``.
        """
        self.database.check(thoroughly=True)
        with self.snapshot():
            self._check_bookkeeping()
            for (document_id,) in self.database.rows("SELECT id FROM documents ORDER BY id"):
                self.documents([document_id])
                self.versions(document_id)
                if not self.are_segments_intact(document_id):
                    raise self._damaged_article(document_id)

    def _check_bookkeeping(self) -> None:
        if self.database.rows(_ODD_BOOKKEEPING):
            raise self._damage("meta, removed_sentences")

    @contextmanager
    def explaining_damage(self) -> Iterator[None]:
        """Inside, an error that comes from damaged rows becomes a StoreError that says so; others stay as they are."""
        try:
            yield
        except (ArithmeticError, LookupError, TypeError, ValueError):
            self.check()
            raise

    def are_segments_intact(self, document_id: int) -> bool:
        """Whether an article's sentences, with their vectors, and its passages are what was written."""
        kept = self.database.rows("SELECT seal FROM part_seals WHERE document_id = ?", (document_id,))
        if (kept[0][0] if kept else checksum(())) != segments_checksum(self.database.rows, document_id):
            return False
        blobs = self.database.rows(f"SELECT {self._vector} FROM sentences WHERE document_id = ?", (document_id,))
        try:
            self._decoded([blob for (blob,) in blobs])
        except ValueError:
            return not blobs
        return True

    def _vectors(self, blobs: Sequence[bytes]) -> NDArray[np.float32]:
        try:
            return self._decoded(blobs)
        except ValueError as error:
            self.check()  # names the article
            raise self._damage(str(error)) from error

    def _damage(self, detail: str) -> StoreError:
        """The error for a damaged database, with the way out."""
        return damage_error(Path(self.database.path), detail)

    def _decoded(self, columns: Sequence[Any]) -> NDArray[np.float32]:
        """Vectors ``(n, dimension)`` from their columns. Raises ValueError if one is damaged, or there are none."""
        return to_vectors(columns)
