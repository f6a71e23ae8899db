"""A replica of the PostgreSQL server, on which questions are searched for as long as it is up to date."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.pq import TransactionStatus

from retrieval.postgres.servers import complaint, place, prepare

if TYPE_CHECKING:
    Row = tuple[Any, ...]

#: So long, in seconds, a replica that cannot be used is not asked again.
REST_SECONDS: Final = 30.0
#: So long, in seconds, is waited for a connection, and for an answer to what was sent.
CONNECT_SECONDS: Final = 3

#: A server that is no standby gets what was written by other means, and has no place in the primary's log.
_HAS_REPLAYED: Final = "SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= %s::pg_lsn"

logger = logging.getLogger(__name__)


class Replica:
    """The connections to a replica, made as they are needed; safe to use from several threads.

    Its errors are nobody's trouble, as the primary can answer all that it can: it rests for ``REST_SECONDS``, and one
    line in the log says so, until it has been of use again.

    Raises:
        StoreError: from the constructor, if ``url`` is no address of a database.
    """

    def __init__(self, url: str) -> None:
        self.path = place(url)
        self._url = url
        self._idle: list[psycopg.Connection[Row]] = []
        self._rests_until = 0.0
        self._is_missed = False  # whether the log says so

    def take(self, position: str) -> psycopg.Connection[Row] | None:
        """A connection, to be given back; None if the replica rests, or has not come to this place of the log (LSN)."""
        if time.monotonic() < self._rests_until:
            return None
        try:
            return self._up_to_date(position)
        except psycopg.Error as error:
            self.report(error)
            return None

    def give_back(self, connection: psycopg.Connection[Row]) -> None:
        """Keeps a connection for the next question, if it still serves."""
        if connection.info.transaction_status == TransactionStatus.IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def report(self, error: psycopg.Error) -> None:
        """Lets the replica rest after an error, unless that was the one question's: replaying the log goes first."""
        if (error.sqlstate or "").startswith("40"):
            return
        self._rests_until = time.monotonic() + REST_SECONDS
        if not self._is_missed:
            self._is_missed = True
            logger.warning("the replica %s is not used, the primary is asked: %s", self.path, complaint(error))

    def close(self) -> None:
        """Closes all connections that are not in use."""
        while self._idle:
            self._idle.pop().close()

    def _up_to_date(self, position: str) -> psycopg.Connection[Row] | None:
        for connection in self._idle_ones():
            with suppress(psycopg.Error):  # it may have been restarted since
                return self._checked(connection, position)
        return self._checked(self._connect(), position)

    def _idle_ones(self) -> Iterator[psycopg.Connection[Row]]:
        with suppress(IndexError):
            while True:
                yield self._idle.pop()

    def _checked(self, connection: psycopg.Connection[Row], position: str) -> psycopg.Connection[Row] | None:
        try:
            row = connection.execute(_HAS_REPLAYED, (position,)).fetchone()
        except psycopg.Error:
            connection.close()
            raise
        self._is_missed = False
        if row == (True,):
            return connection
        self.give_back(connection)
        return None

    def _connect(self) -> psycopg.Connection[Row]:
        connection = psycopg.connect(
            self._url,
            autocommit=True,
            prepare_threshold=None,
            application_name="fundstelle",
            connect_timeout=CONNECT_SECONDS,
            tcp_user_timeout=CONNECT_SECONDS * 1000,
        )
        prepare(connection)
        return connection
