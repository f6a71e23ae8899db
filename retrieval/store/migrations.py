"""How the tables of an older version become today's."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Final

from retrieval.store.schema import SCHEMA_VERSION, STEPS

#: Marks a database file as Fundstelle's ("Fund" in ASCII).
APPLICATION_ID: Final = 0x46756E64


def migrate(connection: sqlite3.Connection) -> int:
    """Brings the tables to today's version, each step one transaction; the version that was found (0: a new file).

    Harmless when two processes do it at the same moment: each looks at the version again under the write lock.
    """
    found = _version(connection)
    # Dropping a table that others refer to would empty those, and this cannot be switched inside a transaction.
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        for target in range(found + 1, SCHEMA_VERSION + 1):
            connection.execute("BEGIN IMMEDIATE")
            try:
                if _version(connection) == target - 1:
                    for part in STEPS[target - 1]:
                        _apply(connection, part)
                    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    connection.execute(f"PRAGMA user_version = {target}")
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
    finally:
        connection.execute("PRAGMA foreign_keys = ON")
    return found


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _apply(connection: sqlite3.Connection, part: str | Callable[[sqlite3.Connection], None]) -> None:
    if callable(part):
        part(connection)
        return
    for statement in _statements(part):  # executescript() would commit first
        connection.execute(statement)


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
