"""What the store asks of a database: SQL statements with "?" for values, run on SQLite or on PostgreSQL.

The statements are written once, in what both understand. A few short forms of SQLite are translated for PostgreSQL,
see ``retrieval.postgres.statements``; what is said in other words there is a method that its store replaces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, TypeVar

_T = TypeVar("_T")


class Cursor(Protocol):
    """The result of a statement."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        ...

    def fetchone(self) -> Any:
        """The next row; None after the last one."""
        ...

    def fetchall(self) -> list[Any]:
        """All further rows."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """The further rows."""
        ...


class Connection(Protocol):
    """A connection inside a transaction."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Cursor:
        """Runs one statement."""
        ...

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Cursor:
        """Runs one statement for each of these values."""
        ...


class SqlDatabase(Protocol):
    """A database; safe to use from several threads, and as ``retrieval.store.database.Database`` describes it."""

    read_only: bool

    @property
    def path(self) -> Path | str:
        """Where it is, for people; without a password."""
        ...

    @property
    def is_small(self) -> bool:
        """Whether it is checked when it is opened."""
        ...

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        """All rows of one reading statement."""
        ...

    def reading(self, work: Callable[[], _T]) -> _T:
        """Does ``work``, which only reads, and may be done twice: where there is a replica of the database, there."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Inside, everything that this thread reads belongs to one state. No writing inside."""
        ...

    def transaction(self) -> AbstractContextManager[Connection]:
        """All or nothing."""
        ...

    def empty_log(self) -> None:
        """Sees to it that what was deleted is gone from the disk, too."""
        ...

    def check(self, *, thoroughly: bool = False) -> None:
        """Raises StoreError if something is damaged."""
        ...

    def close(self) -> None:
        """Closes all connections."""
        ...
