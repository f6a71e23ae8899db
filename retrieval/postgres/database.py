"""The connections to a PostgreSQL server: a pool, transactions, further attempts, and errors for people."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from retrieval.errors import StoreError
from retrieval.messages import notice
from retrieval.postgres.schema import make_tables
from retrieval.postgres.statements import PostgresConnection

try:
    import psycopg
    from psycopg import errors
    from psycopg_pool import ConnectionPool, PoolTimeout

    from retrieval.postgres.replica import Replica
    from retrieval.postgres.servers import complaint, is_passing, place, prepare
except ImportError as error:
    raise StoreError(notice("store.postgres_missing")) from error

if TYPE_CHECKING:
    Row = tuple[Any, ...]

#: So long, in seconds, is tried again what a restart, a change of servers or another writer has interrupted.
PATIENCE_SECONDS: Final = 30.0
#: So long is waited for the server at the start, and for a free connection.
CONNECT_SECONDS: Final = 10.0
#: Connections of one process at most.
MOST_CONNECTIONS: Final = 16

_P = ParamSpec("_P")
_T = TypeVar("_T")


class InterruptedStoreError(StoreError):
    """What was begun did not happen, or it is not known whether it did, and it may go well another time."""


class PostgresDatabase:
    """A PostgreSQL database with pgvector, in which the tables are made if need be.

    Each thread takes a connection from a pool as it needs one, and keeps it for a snapshot or a transaction. A reading
    statement outside of these is tried again for ``PATIENCE_SECONDS`` if the server restarts or another one takes over;
    what writes is tried again as a whole, see ``retried``. Transactions are READ COMMITTED: the store locks what must
    not change meanwhile.

    ``read_url`` is the address of a replica, for ``reading``; it need not be there.

    Raises:
        StoreError: the server cannot be reached, refuses the user, or has no pgvector.
    """

    def __init__(self, url: str, read_url: str = "") -> None:
        self.path = place(url)
        self.replica = Replica(read_url) if read_url else None
        # What this process wrote last, and as of which one the place in the log is known. At first: all there is.
        self._last_write = object()
        self._position: tuple[object, str] = object(), ""
        self._local = threading.local()
        self._pool: ConnectionPool[psycopg.Connection[Row]] = ConnectionPool(
            url,
            min_size=1,
            max_size=MOST_CONNECTIONS,
            open=False,
            timeout=CONNECT_SECONDS,
            # No prepared statements: a balancer such as PgBouncer may change the server between two of them.
            kwargs={"autocommit": True, "prepare_threshold": None, "application_name": "fundstelle"},
            configure=prepare,
            name="fundstelle",
        )
        with self._explaining_errors():
            # The pool would only say that there is no connection, not why.
            options = {"connect_timeout": int(CONNECT_SECONDS), "application_name": "fundstelle"}
            with psycopg.connect(url, autocommit=True, **options) as connection:  # type: ignore[arg-type]
                state = connection.execute("SELECT current_setting('transaction_read_only')").fetchone()
                self.read_only = state == ("on",)
                make_tables(connection, read_only=self.read_only, path=self.path)
            self._pool.open()

    @property
    def is_small(self) -> bool:
        """False: PostgreSQL checks its pages whenever it reads them."""
        return False

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        """All rows of one reading statement."""
        with self._explaining_errors():
            if (held := self._held() or self._reader()) is not None:
                return held.execute(sql, parameters).fetchall()
        return self._again(lambda: self._rows(sql, parameters))

    def reading(self, work: Callable[[], _T]) -> _T:
        """Does ``work``, which only reads: on the replica, if there is one that has all that this process has written.

        If the replica fails meanwhile, or cancels a statement, ``work`` is done again as a whole, here; also if it made
        do without what it was to read.
        """
        if self.replica is None or self._reader() or self._held():
            return work()
        raw = self.replica.take(self._written())
        if raw is None:
            return work()
        reader = self._local.reader = PostgresConnection(raw)
        try:
            done = work()
            if reader.failure is None:
                return done
        except StoreError:
            if reader.failure is None:
                raise
        finally:
            self._local.reader = None
            self.replica.give_back(raw)
        self.replica.report(reader.failure)
        return work()

    def _written(self) -> str:
        """Up to which place in the log (LSN) this process has written."""
        last = self._last_write
        if self._position[0] is not last:
            ((position,),) = self.rows(
                "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() "
                "ELSE pg_current_wal_insert_lsn() END::text"
            )
            self._position = last, str(position)
        return self._position[1]

    def snapshot(self) -> AbstractContextManager[None]:
        """Inside, everything that this thread reads belongs to one state of the database. No writing inside."""
        return self._snapshot()

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        if self._held() is not None:
            yield
            return
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        if (reader := self._reader()) is not None:
            with self._explaining_errors():
                reader.execute(begin)
            with self._inside(reader):
                yield
            return
        with self._holding(begin):
            yield

    @contextmanager
    def transaction(self) -> Iterator[PostgresConnection]:
        """All or nothing: committed at the end of the block, undone if an exception leaves it."""
        if self.read_only:
            raise StoreError(notice("store.read_only", home=self.path))
        held = self._held()
        if held is not None:
            yield held
            return
        with self._holding("BEGIN") as connection:
            yield connection
        self._last_write = object()

    @contextmanager
    def _holding(self, begin: str) -> Iterator[PostgresConnection]:
        raw = self._again(lambda: self._begun(begin))
        try:
            with self._inside(PostgresConnection(raw)) as connection:
                yield connection
        finally:
            self._pool.putconn(raw)

    @contextmanager
    def _inside(self, connection: PostgresConnection) -> Iterator[PostgresConnection]:
        """Until the end of the transaction that has begun, this thread's statements go through this connection."""
        self._local.connection = connection
        with self._explaining_errors():
            try:
                yield connection
                connection.raw.execute("COMMIT")
            except BaseException:
                with suppress(psycopg.Error):
                    connection.raw.execute("ROLLBACK")
                raise
            finally:
                self._local.connection = None

    def _begun(self, begin: str) -> psycopg.Connection[Row]:
        """A connection with a transaction. The pool does not know which of its connections a restart has broken."""
        with self._explaining_errors():
            raw = self._pool.getconn()
            try:
                raw.execute(begin)
            except BaseException:
                self._pool.putconn(raw)  # which throws a broken one away
                raise
            return raw

    @contextmanager
    def alone(self) -> Iterator[PostgresConnection]:
        """A connection outside of any transaction, for what PostgreSQL does not do inside one."""
        with self._explaining_errors(), self._pool.connection() as raw:
            yield PostgresConnection(raw)

    @contextmanager
    def holding_lock(self, name: str) -> Iterator[bool]:
        """Inside, whether this process holds the lock of this name; nobody waits for it. It goes with the process."""
        key = lock_key(name.encode("utf-8", "replace"))
        with self.alone() as connection:
            ((held,),) = connection.execute("SELECT pg_try_advisory_lock(?)", (key,)).fetchall()
            try:
                yield bool(held)
            finally:
                if held:
                    with suppress(psycopg.Error):  # a broken connection has let go of it
                        connection.execute("SELECT pg_advisory_unlock(?)", (key,))

    def empty_log(self) -> None:
        """Nothing: what happens to the log is the server's to decide."""

    def check(self, *, thoroughly: bool = False) -> None:
        """Nothing: the server checks its pages, if it was set up with checksums, whenever it reads them."""

    def close(self) -> None:
        """Closes all connections."""
        self._pool.close()
        if self.replica is not None:
            self.replica.close()

    def _rows(self, sql: str, parameters: Sequence[object]) -> list[Any]:
        with self._explaining_errors(), self._pool.connection() as raw:
            return PostgresConnection(raw).execute(sql, parameters).fetchall()

    def _held(self) -> PostgresConnection | None:
        """The connection of this thread's snapshot or transaction."""
        return getattr(self._local, "connection", None)

    def _reader(self) -> PostgresConnection | None:
        """The connection to the replica, inside of ``reading``."""
        return getattr(self._local, "reader", None)

    def _again(self, work: Callable[[], _T]) -> _T:
        """Does ``work``, again and again if it is interrupted, unless it is part of something larger."""
        deadline, wait = time.monotonic() + PATIENCE_SECONDS, 0.02
        while True:
            try:
                return work()
            except InterruptedStoreError:
                if self._held() is not None or time.monotonic() > deadline:
                    raise
            time.sleep(wait * random.uniform(0.5, 1.5))
            wait = min(1.0, 2 * wait)

    @contextmanager
    def _explaining_errors(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise self._explain(error) from error
        except UnicodeEncodeError as error:  # half a character, from a damaged text
            raise StoreError(notice("store.postgres_failed", path=self.path, error=error.reason)) from error

    def _explain(self, error: psycopg.Error) -> StoreError:
        if (reader := self._reader()) is not None:
            reader.failure = error
        reason = complaint(error)
        kind = InterruptedStoreError if is_passing(error) else StoreError
        if isinstance(error, errors.ReadOnlySqlTransaction):
            return kind(notice("store.read_only", home=self.path))
        if isinstance(error, PoolTimeout) or (isinstance(error, psycopg.OperationalError) and not error.sqlstate):
            return kind(notice("store.postgres_unreachable", path=self.path, error=reason))
        return kind(notice("store.postgres_failed", path=self.path, error=reason))


def retried(method: Callable[_P, _T]) -> Callable[_P, _T]:
    """A method of a store or a log that writes: done again as a whole if it was interrupted."""

    @wraps(method)
    def trying(*arguments: _P.args, **named: _P.kwargs) -> _T:
        database: PostgresDatabase = arguments[0].database  # type: ignore[attr-defined]
        return database._again(lambda: method(*arguments, **named))

    return trying


def lock_key(name: bytes) -> int:
    """The number of an advisory lock."""
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big", signed=True)
