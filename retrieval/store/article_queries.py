"""The queries for articles, and the state of the collection."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self, TypeVar

from retrieval.errors import StoreError
from retrieval.messages import notice
from retrieval.store.database import Database, damage_error
from retrieval.store.rows import DOCUMENT, IN_IDS, condition, digest, ids_parameter, is_intact, to_document
from retrieval.store.sql import SqlDatabase
from retrieval.types import Article, Document, Filter, Version

DATABASE_NAME = "fundstelle.db"
#: The manifest of the vector index. Here it only tells a new database from one that has been emptied.
MANIFEST_NAME = "vectors.json"

_T = TypeVar("_T")


class ArticleQueries:
    """Articles with their copies and versions; see ``StoreQueries``."""

    database: SqlDatabase

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

    def reading(self, work: Callable[[], _T]) -> _T:
        """Does ``work``, which only reads, and may be done twice: a replica may be asked, see ``SqlDatabase``.

        What this process has written is there; what others have just written may be missing.
        """
        return self.database.reading(work)

    def snapshot(self) -> AbstractContextManager[None]:
        """Inside, everything that this thread reads belongs to one state of the store. No writing inside."""
        return self.database.snapshot()

    def meta(self, key: str) -> str:
        """A value of the ``meta`` table, empty if it is not set."""
        rows = self.database.rows("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else ""

    def row_count(self) -> int:
        """The number of articles and copies. It grows with a new copy too; ``generation`` does not."""
        return int(self.database.rows("SELECT count(*) FROM documents")[0][0])

    def article_count(self) -> int:
        """The number of articles, without copies."""
        return int(self.database.rows("SELECT count(*) FROM documents WHERE copy_of IS NULL")[0][0])

    def documents(self, ids: Iterable[int] | None = None) -> list[Document]:
        """The articles with these ids, or all but copies, by id. Unknown ids are left out."""
        chosen = "copy_of IS NULL" if ids is None else f"id {IN_IDS}"
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
            f"SELECT copy_of, {DOCUMENT} FROM documents WHERE copy_of {IN_IDS} ORDER BY id", (ids_parameter(ids),)
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

    def texts(self, document_ids: Iterable[int]) -> dict[int, str]:
        """The whole texts of these articles."""
        return dict(
            self.database.rows(f"SELECT id, text FROM documents WHERE id {IN_IDS}", (ids_parameter(document_ids),))
        )

    def condition(self, within: Filter) -> tuple[str, list[Any]]:
        """The filter as an SQL condition on ``documents``, and its parameters."""
        return condition(within)

    def as_document(self, row: Sequence[Any]) -> Document:
        """A Document from the columns ``DOCUMENT``. Raises StoreError if it is not what was written."""
        if not is_intact(row):
            raise self._damaged_article(row[0])
        return to_document(row)

    def _damaged_article(self, document_id: int) -> StoreError:
        return StoreError(notice("store.damaged_article", id=document_id, path=self.database.path))
