"""What the bot asks of a database, be it a file of SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol


class Rows(Protocol):
    """What a statement brought."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchall(self) -> list[Any]:
        """All its rows."""

    def fetchone(self) -> Any:
        """The first of them; None if there is none."""

    def __iter__(self) -> Iterator[Any]: ...


class Statements(Protocol):
    """A database that takes statements which SQLite and PostgreSQL understand alike, each whole by itself."""

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows:
        """Runs one."""
