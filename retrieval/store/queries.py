"""The queries to the collection on disk; ``Store`` adds what changes it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import StoreError
from retrieval.messages import notice
from retrieval.store.checksums import checksum, segments_checksum
from retrieval.store.database import Database, damage_error
from retrieval.store.rows import DOCUMENT, condition, digest, ids_parameter, is_intact, to_document, to_vectors
from retrieval.store.sql import SqlDatabase
from retrieval.types import Article, Document, Filter, Passage, Version

DATABASE_NAME = "fundstelle.db"
#: The manifest of the vector index. Here it only tells a new database from one that has been emptied.
MANIFEST_NAME = "vectors.json"

_IN = "IN (SELECT value FROM json_each(?))"
_ODD_BOOKKEEPING = """
    SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM meta WHERE key = 'generation' AND typeof(value) = 'integer')
    UNION ALL SELECT 1 FROM removed_sentences WHERE typeof(sentence_id) <> 'integer' LIMIT 1
"""


class StoreQueries:
    """The reading half of ``Store``: articles with their sentences, passages, vectors, copies and versions.

    Raises:
        StoreError: from every method, if the database cannot be read or what was asked for is damaged.
    """

    database: SqlDatabase
    #: The vector of a sentence, as a column.
    _vector: ClassVar[str] = "vector"

    def __init__(self, home: Path, *, busy_timeout: float, notify: Callable[[str], None]) -> None:
        self.home = home
        path = home / DATABASE_NAME
        log = path.with_name(path.name + "-wal")
        # os.path.exists() is False in a folder that may not be entered; Database says so then.
        manifest, present, logged = map(os.path.exists, (home / MANIFEST_NAME, path, log))
        if manifest and present and not logged and not path.stat().st_size:
            raise damage_error(path, notice("store.no_content"))
        self.database = Database(path, busy_timeout=busy_timeout, notify=notify)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections of all threads."""
        self.database.close()

    @property
    def read_only(self) -> bool:
        """Whether the data directory can only be read."""
        return self.database.read_only

    @property
    def place(self) -> str:
        """Where the collection is, for people: never with a password."""
        return str(self.home)

    @property
    def generation(self) -> int:
        """Grows by one with each change of what can be found, by any process; cheap to ask before every search."""
        return int(self.meta("generation"))

    @property
    def identity(self) -> str:
        """A random name of this database and of the last index saved for it, so that no other index is used."""
        return self.meta("identity")

    @property
    def embedder_signature(self) -> str:
        """The signature of the embedder that made the vectors; empty as long as there are none."""
        return self.meta("embedder_signature")

    def snapshot(self) -> AbstractContextManager[None]:
        """Inside, everything that this thread reads belongs to one state of the store. No writing inside."""
        return self.database.snapshot()

    def row_count(self) -> int:
        """The number of articles and copies. It grows with a new copy too; ``generation`` does not."""
        return int(self.database.rows("SELECT count(*) FROM documents")[0][0])

    def article_count(self) -> int:
        """The number of articles, without copies."""
        return int(self.database.rows("SELECT count(*) FROM documents WHERE copy_of IS NULL")[0][0])

    def sentence_count(self, *, after: int = 0) -> int:
        """The number of sentences of all articles, or of those with an id above ``after``."""
        above, parameters = (" WHERE id > ?", (after,)) if after else ("", ())  # SQLite counts all of them faster
        return int(self.database.rows(f"SELECT count(*) FROM sentences{above}", parameters)[0][0])

    def has_sentences(self) -> bool:
        """Whether there is anything to search."""
        return bool(self.database.rows("SELECT EXISTS (SELECT 1 FROM sentences)")[0][0])

    def documents(self, ids: Iterable[int] | None = None) -> list[Document]:
        """The articles with these ids, or all but copies, by id. Unknown ids are left out."""
        chosen = "copy_of IS NULL" if ids is None else f"id {_IN}"
        parameters = () if ids is None else (ids_parameter(ids),)
        rows = self.database.rows(f"SELECT {DOCUMENT} FROM documents WHERE {chosen} ORDER BY id", parameters)
        return [self.as_document(row) for row in rows]

    def document(self, document_id: int) -> Document:
        """One article. Raises KeyError when there is none (any more)."""
        for document in self.documents([document_id]):
            return document
        raise KeyError(document_id)

    def articles(self, within: Filter | None = None, *, even_damaged: bool = False) -> list[Article]:
        """All articles and copies that ``within`` lets through, by id.

        With ``even_damaged``, a damaged one is listed with its id and path only, so that it can be removed.
        """
        chosen, parameters = self.condition(within or Filter())
        rows = self.database.rows(
            f"SELECT added, ifnull(copy_of, 0), {DOCUMENT} FROM documents WHERE {chosen} ORDER BY id", parameters
        )
        return [
            Article(
                Document("", path=str(row[1]), id=row[0])
                if even_damaged and not is_intact(row)
                else self.as_document(row),
                added,
                copy_of,
            )
            for added, copy_of, *row in rows
        ]

    def listed_ids(self, within: Filter, *, copies: bool = True) -> list[int]:
        """The ids of all articles that ``within`` lets through, with their copies unless told otherwise, rising."""
        chosen, parameters = self.condition(within)
        chosen += "" if copies else " AND copy_of IS NULL"
        return [
            row[0] for row in self.database.rows(f"SELECT id FROM documents WHERE {chosen} ORDER BY id", parameters)
        ]

    def matching_ids(self, within: Filter) -> list[int]:
        """The ids of the searched articles that ``within`` lets through, either themselves or one of their copies."""
        chosen, parameters = self.condition(within)
        rows = self.database.rows(
            f"SELECT DISTINCT ifnull(copy_of, id) FROM documents WHERE {chosen} ORDER BY 1", parameters
        )
        return [row[0] for row in rows]

    def lets_through(self, within: Filter) -> bool:
        """Whether ``within`` lets any article or copy through."""
        chosen, parameters = self.condition(within)
        return bool(self.database.rows(f"SELECT EXISTS (SELECT 1 FROM documents WHERE {chosen})", parameters)[0][0])

    def newest_id(self) -> int:
        """The highest id of an article; 0 if there is none."""
        return int(self.database.rows("SELECT ifnull(max(id), 0) FROM documents")[0][0])

    def source_names(self) -> list[str]:
        """The names of all articles' sources, each once, those with the most articles first."""
        rows = self.database.rows(
            "SELECT source FROM documents WHERE source <> '' GROUP BY source ORDER BY -count(*), source"
        )
        return [str(name) for (name,) in rows]

    def copies(self, ids: Iterable[int]) -> dict[int, tuple[Document, ...]]:
        """The copies of each of these articles, by its id, the oldest first. One without copies is left out."""
        found: dict[int, tuple[Document, ...]] = {}
        for copy_of, *row in self.database.rows(
            f"SELECT copy_of, {DOCUMENT} FROM documents WHERE copy_of {_IN} ORDER BY id", (ids_parameter(ids),)
        ):
            found[copy_of] = (*found.get(copy_of, ()), self.as_document(row))
        return found

    def versions(self, document_id: int) -> list[Version]:
        """The earlier versions of an article, the oldest first; path, language and landmarks are not kept."""
        rows = self.database.rows(
            "SELECT replaced_at, text, title, source, url, published, author, digest FROM versions "
            "WHERE document_id = ? ORDER BY replaced_at, id",
            (document_id,),
        )
        if any(digest(text) != words for _, text, *_, words in rows):
            raise StoreError(notice("store.damaged_version", id=document_id, path=self.database.path))
        return [
            Version(
                number,
                Document(text, title, source, url=url, published=published, author=author, id=document_id),
                replaced_at,
            )
            for number, (replaced_at, text, title, source, url, published, author, _) in enumerate(rows, 1)
        ]

    def ids_below(self, path: str) -> dict[str, int]:
        """The ids of the articles from the file ``path`` and from its members (``path#member``), by path."""
        # "$" is the character after "#".
        sql = "SELECT path, id FROM documents WHERE path = ?1 OR (path > ?1 || '#' AND path < ?1 || '$')"
        return dict(self.database.rows(sql, (path,)))

    def passages(self, ids: Iterable[int]) -> dict[int, Passage]:
        """The passages with these ids. Unknown ids are left out."""
        with self.snapshot():
            rows = self.database.rows(
                'SELECT id, document_id, "start", "end", first_sentence, last_sentence FROM passages '
                f"WHERE id {_IN} ORDER BY id",
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
        chosen = "" if document_ids is None else f" WHERE document_id {_IN}"
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
            f"SELECT {self._vector} FROM sentences WHERE id {_IN} ORDER BY id", (ids_parameter(sentence_ids),)
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

    def texts(self, document_ids: Iterable[int]) -> dict[int, str]:
        """The whole texts of these articles."""
        return dict(
            self.database.rows(f"SELECT id, text FROM documents WHERE id {_IN}", (ids_parameter(document_ids),))
        )

    def meta(self, key: str) -> str:
        """A value of the ``meta`` table, empty if it is not set."""
        rows = self.database.rows("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else ""

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

    def condition(self, within: Filter) -> tuple[str, list[Any]]:
        """The filter as an SQL condition on ``documents``, and its parameters."""
        return condition(within)

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

    def as_document(self, row: Sequence[Any]) -> Document:
        """A Document from the columns ``DOCUMENT``. Raises StoreError if it is not what was written."""
        if not is_intact(row):
            raise self._damaged_article(row[0])
        return to_document(row)

    def _damaged_article(self, document_id: int) -> StoreError:
        return StoreError(notice("store.damaged_article", id=document_id, path=self.database.path))

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
