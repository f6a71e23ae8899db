"""What keeps a collection: SQLite with FAISS in the data directory, or a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from retrieval.search.filter_scope import Scopes
    from retrieval.search.index_file import IndexFile
    from retrieval.search.indexes import Keywords, VectorIndex
    from retrieval.search.keyword_index import KeywordIndex
    from retrieval.search.vector_index import FaissVectorIndex
    from retrieval.store.feedback import FeedbackLog
    from retrieval.store.store import Store
    from retrieval.types import Progress

Notify = Callable[[str], None]


class Backend(Protocol):
    """An engine: the articles, the two indexes over them, and what people think of answers.

    Each part raises StoreError, and nothing else, where the database cannot be used.
    """

    @property
    def store(self) -> Store:
        """The articles."""
        ...

    @property
    def vectors(self) -> VectorIndex:
        """Finds sentences by meaning."""
        ...

    @property
    def keywords(self) -> Keywords:
        """Finds passages by words."""
        ...

    @property
    def feedback(self) -> FeedbackLog:
        """What people think of answers, and the questions that got none."""
        ...

    @property
    def place(self) -> str:
        """Where the collection is, for people: never with a password."""
        ...

    @property
    def replica(self) -> str:
        """Where the replica is that questions are searched on, for people; empty without one."""
        ...

    def load(self, thorough: bool = False) -> None:
        """Checks the indexes and repairs them if need be; if not ``thorough``, only as far as that is quick."""
        ...

    def after_writing(self, progress: Progress | None = None) -> None:
        """Brings the indexes to the state of the articles, as far as that is due."""
        ...

    def check(self) -> None:
        """Reads the whole collection and mends what can be mended. Raises StoreError where something is damaged."""
        ...

    def index_state(self) -> str:
        """How the vector index stands to the articles, a value of ``IndexState``."""
        ...

    def size(self) -> tuple[int, int]:
        """How many bytes the database and the vector index take on the disk."""
        ...

    def extensions(self) -> dict[str, str]:
        """What the database server has been given for search and for many servers: names and versions."""
        ...

    def close(self) -> None:
        """Closes the database."""
        ...


class SqliteBackend:
    """SQLite with FAISS and FTS5: ``store`` and the indexes over it, made when first needed."""

    def __init__(self, store: Store, notify: Notify = lambda notice: None) -> None:
        self.store = store
        self._notify = notify
        self._file: IndexFile | None = None  # as it was before writing

    @property
    def place(self) -> str:
        """The data directory."""
        return str(self.store.home)

    @property
    def replica(self) -> str:
        """See ``Backend``: there is none."""
        return ""

    @cached_property
    def _scopes(self) -> Scopes:
        from retrieval.search.filter_scope import Scopes

        return Scopes(self.store)

    @cached_property
    def vectors(self) -> FaissVectorIndex:
        """Finds sentences by meaning."""
        from retrieval.search.vector_index import FaissVectorIndex

        return FaissVectorIndex(self.store, self._notify, scopes=self._scopes)

    @cached_property
    def keywords(self) -> KeywordIndex:
        """Finds passages by words."""
        from retrieval.search.keyword_index import KeywordIndex

        return KeywordIndex(self.store, self._notify, scopes=self._scopes)

    @cached_property
    def feedback(self) -> FeedbackLog:
        """What people think of answers, and the questions that got none."""
        from retrieval.store.feedback import FeedbackLog

        return FeedbackLog(self.store)

    def load(self, thorough: bool = False) -> None:
        """See ``Backend``; the index file is only read if it is to be ``thorough``."""
        from retrieval.search.index_file import index_file

        self._file = index_file(self.store, unread=True)
        self.keywords.load(thorough=thorough)
        if thorough:
            self.vectors.load()

    def after_writing(self, progress: Progress | None = None) -> None:
        """Writes the index file if it is due: an article more or less does not make it so, nor costs reading it."""
        from retrieval.search.index_file import IndexState, index_file
        from retrieval.search.vector_index import FaissVectorIndex

        before = self._file
        # The first file of a collection that has outgrown memory replaces none.
        is_first = before is not None and before.manifest is None and before.state is IndexState.CURRENT
        if index_file(self.store, unread=True).state is not IndexState.CURRENT:
            FaissVectorIndex(self.store, (lambda notice: None) if is_first else self._notify).load(progress)

    def check(self) -> None:
        """See ``Backend``."""
        self.store.check()
        self.load(thorough=True)

    def index_state(self) -> str:
        """See ``Backend``."""
        from retrieval.search.index_file import index_file

        return str(index_file(self.store).state)

    def size(self) -> tuple[int, int]:
        """See ``Backend``."""
        from retrieval.store.store import DATABASE_NAME

        patterns = (f"{DATABASE_NAME}*", "vectors*")
        database, index = (sum(map(_bytes, self.store.home.glob(pattern))) for pattern in patterns)
        return database, index

    def extensions(self) -> dict[str, str]:
        """See ``Backend``: there is no server."""
        return {}

    def close(self) -> None:
        """See ``Backend``."""
        self.store.close()


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:  # another process has just replaced it
        return 0


def open_backend(
    home: Path,
    database_url: str = "",
    *,
    read_url: str = "",
    lock_seconds: float = 10,
    notify: Notify = lambda notice: None,
) -> Backend:
    """The engine at ``database_url`` (``postgresql://…``); without one, SQLite in the data directory ``home``.

    ``read_url`` is the address of a replica of that database, on which questions are searched.

    Raises:
        StoreError: it cannot be used, or what PostgreSQL needs is not installed.
    """
    if database_url:
        from retrieval.postgres.database import PostgresDatabase
        from retrieval.postgres.store import PostgresStore

        return backend_of(PostgresStore(PostgresDatabase(database_url, read_url)), notify)
    from retrieval.store.store import Store

    return backend_of(Store(home, notify=notify, lock_seconds=lock_seconds), notify)


def backend_of(store: Store, notify: Notify = lambda notice: None) -> Backend:
    """The engine that a store belongs to."""
    from retrieval.store.database import Database

    if isinstance(store.database, Database):
        return SqliteBackend(store, notify)
    from retrieval.postgres.backend import PostgresBackend
    from retrieval.postgres.store import PostgresStore

    assert isinstance(store, PostgresStore)  # there is no third one
    return PostgresBackend(store, notify)
