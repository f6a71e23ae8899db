"""The SQLite file under the store: opening and checking it, connections, transactions, and errors for people."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from retrieval.errors import StoreError
from retrieval.files import make_private_file, make_private_folder
from retrieval.messages import notice
from retrieval.store.backfill import IS_DUE, backfill
from retrieval.store.migrations import migrate, run_script
from retrieval.store.schema import APPLICATION_ID, SCHEMA_VERSION, TABLES

#: A database of up to this size is checked when it is opened (about 0.1 s). In a larger one, damage is found when
#: SQLite comes across it or when a value with a checksum is read. So an answer is right or refused, but other parts of
#: the collection may be damaged unnoticed until ``Store.check`` reads all of it.
CHECKED_AT_OPENING_BYTES = 64_000_000


_T = TypeVar("_T")


class _Connection(sqlite3.Connection):
    """A connection that closes itself when its thread has ended and nothing refers to it any more."""

    def __del__(self) -> None:
        with suppress(sqlite3.Error):
            self.close()


class Database:
    """One SQLite file in WAL mode, with one connection a thread.

    Readers never wait. There is one writer at a time; another one waits up to ``busy_timeout`` seconds. A transaction
    is on the disk when it returns (``synchronous = FULL``). If the folder or the file cannot be written, the database
    is opened for reading only. The tables of an older Fundstelle are brought up to date at opening, and ``notify`` is
    told.

    The last transactions are in the log beside the file ("-wal"). If the log is lost or damaged, the transactions from
    there on are lost, each as a whole: the database is then in an older state, but never in a broken one.

    Raises:
        StoreError: the file is damaged, locked, of another program or of a newer Fundstelle, cannot be made, or is of
            an older Fundstelle and cannot be written.
    """

    def __init__(
        self, path: Path, *, busy_timeout: float = 10.0, notify: Callable[[str], None] = lambda notice: None
    ) -> None:
        self.path = path
        self._notify = notify
        self._busy_timeout = busy_timeout
        self._local = threading.local()
        self._connections: weakref.WeakSet[_Connection] = weakref.WeakSet()
        self.read_only = not self._prepare_folder()
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        """All rows of one reading statement."""
        with self._explaining_errors():
            return self._connection().execute(sql, parameters).fetchall()

    def reading(self, work: Callable[[], _T]) -> _T:
        """Does ``work``, which only reads: a file has no replica."""
        return work()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Inside, everything that this thread reads belongs to one state of the database. No writing inside."""
        with self._explaining_errors():
            connection = self._connection()
            if connection.in_transaction:
                yield
                return
            connection.execute("BEGIN")
            try:
                yield
            finally:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: committed at the end of the block, undone if an exception leaves it."""
        if self.read_only:
            raise StoreError(notice("store.read_only", home=self.path.parent))
        with self._explaining_errors():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    def empty_log(self) -> None:
        """Writes what the log beside the file holds into the file, so that what was deleted stands in neither.

        While another connection reads an older state, that happens later.
        """
        with suppress(StoreError), self._explaining_errors():
            self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def check(self, *, thoroughly: bool = False) -> None:
        """Reads the whole file and raises StoreError if SQLite finds damage; ``thoroughly`` in its indexes too."""
        pragma = "integrity_check" if thoroughly else "quick_check"
        # Damage in the keyword index does not count: KeywordIndex finds and repairs it.
        lines = [row[0].replace("\n", " ") for row in self.rows(f"PRAGMA {pragma}(5)")]
        found = [line for line in lines if line != "ok" and "fts5" not in line.lower()]
        if thoroughly:
            broken = self.rows("PRAGMA foreign_key_check")
            found += [notice("store.damaged_row", table=table, row=row) for table, row, *_ in broken]
        if found:
            raise damage_error(self.path, found[0])

    @property
    def is_small(self) -> bool:
        """Whether it is checked when it is opened, see ``CHECKED_AT_OPENING_BYTES``."""
        return self.path.stat().st_size <= CHECKED_AT_OPENING_BYTES

    def close(self) -> None:
        """Closes the connections of all threads."""
        for connection in list(self._connections):
            with suppress(sqlite3.Error):
                connection.close()
        self._connections.clear()
        self._local = threading.local()

    def _prepare_folder(self) -> bool:
        """Makes the folder if need be. Returns whether the folder and the file in it can be written."""
        folder = self.path.parent
        try:
            make_private_folder(folder)
        except OSError as error:
            is_file = isinstance(error, FileExistsError)
            reason = notice("store.is_file") if is_file else (error.strerror or str(error))
            raise StoreError(notice("store.cannot_make_home", home=folder, error=reason)) from error
        exists = os.path.exists(self.path)
        writable = os.access(folder, os.W_OK | os.X_OK) and (not exists or os.access(self.path, os.W_OK))
        if not writable and not exists:
            raise StoreError(notice("store.cannot_write_home", home=folder))
        if not exists:
            with suppress(OSError):  # SQLite says what is wrong
                make_private_file(self.path)
        return writable

    def _open(self) -> None:
        if self.path.exists() and 0 < self.path.stat().st_size < 512:
            raise damage_error(self.path, notice("store.cut_off"))  # SQLite takes a single byte for a new file
        version, application, tables = self._header()
        if version > SCHEMA_VERSION and application == APPLICATION_ID:
            raise StoreError(notice("store.newer", path=self.path, schema=version, known=SCHEMA_VERSION))
        if tables and application != APPLICATION_ID:
            raise StoreError(notice("store.foreign", path=self.path))
        if version < 0 or (tables and not version):
            raise damage_error(self.path, notice("store.no_such_schema", schema=version))
        if not tables and self.read_only:
            raise StoreError(notice("store.empty", path=self.path))
        if version < SCHEMA_VERSION and self.read_only:
            raise StoreError(notice("store.older", path=self.path, schema=version, needed=SCHEMA_VERSION))
        if self.is_small:
            self.check()
        if not version:
            self._make_tables()
        elif version < SCHEMA_VERSION:
            self._upgrade()
        if not self.read_only and self.rows(IS_DUE):
            with self.transaction() as connection:
                backfill(connection)

    def _make_tables(self) -> None:
        with self.transaction() as connection:
            # Another process may have made them in the meantime.
            if not connection.execute("PRAGMA user_version").fetchone()[0]:
                run_script(connection, TABLES)

    def _upgrade(self) -> None:
        with self._explaining_errors():
            found = migrate(self._connection())
        if found < SCHEMA_VERSION:
            self._notify(notice("store.migrated", path=self.path, schema=SCHEMA_VERSION, before=found))

    def _header(self) -> tuple[int, int, int]:
        """Schema version, application id and number of tables, of one moment."""
        with self.snapshot():
            tables = int(self.rows("SELECT count(*) FROM sqlite_master")[0][0])
            version, application = (
                int(self.rows(f"PRAGMA {name}")[0][0]) for name in ("user_version", "application_id")
            )
        return version, application, tables

    def _connection(self) -> _Connection:
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            self._connections.add(connection)
        return connection

    def _connect(self) -> _Connection:
        target = self.path.absolute().as_uri()
        if self.read_only:
            # Without a log the file is complete, and SQLite could not make the log's files in this folder.
            log = self.path.with_name(self.path.name + "-wal")
            target += "?mode=ro" if log.exists() and log.stat().st_size else "?immutable=1"
        connection = sqlite3.connect(
            target,
            uri=True,
            timeout=self._busy_timeout,
            isolation_level=None,
            check_same_thread=False,  # only for close(); each thread uses its own
            factory=_Connection,
        )
        # One damaged text must not spoil all rows that are read with it: its checksum tells which one it is.
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        # SQLite's own lower() knows ASCII only.
        connection.create_function("casefold", 1, str.casefold, deterministic=True)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
            if not self.read_only:
                self._use_wal(connection)
                connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        # SQLite itself does not wait for a process that switches to WAL at the same moment.
        deadline = time.monotonic() + self._busy_timeout
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    @contextmanager
    def _explaining_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._explain(error) from error
        except UnicodeDecodeError as error:  # SQLite's message quoted a damaged schema
            raise damage_error(self.path, notice("store.unreadable_error")) from error

    def _explain(self, error: sqlite3.Error) -> StoreError:
        code, path = _code(error), self.path
        # The SQL never changes, so an error in it means damaged tables.
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):
            return damage_error(path, str(error))
        if code == sqlite3.SQLITE_READONLY and not self.read_only and os.access(path, os.W_OK):
            return damage_error(path, notice("store.read_only_header"))
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return StoreError(notice("store.busy", path=path))
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            return StoreError(notice("store.full", path=path, error=error))
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
            return StoreError(notice("store.forbidden", path=path, error=error))
        return StoreError(notice("store.failed", path=path, error=error))


def damage_error(path: Path, detail: str) -> StoreError:
    """The error for a damaged database file, with the way out."""
    return StoreError(notice("store.damaged", path=path, name=path.name, error=detail))


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 for errors of Python's own module."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
