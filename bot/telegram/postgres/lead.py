"""Which of several processes of a bot asks Telegram for updates and delivers standing answers: one, by a lock."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Final

import psycopg

from retrieval.postgres.database import lock_key

log = logging.getLogger(__name__)

_CONNECT_SECONDS: Final = 10
# A machine that is gone says no goodbye; without these the server would keep its lock for hours.
_KEEPALIVES: Final = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}


class Lead:
    """An advisory lock of the bot, on a connection of its own: it goes with the process, or with the connection."""

    def __init__(self, url: str, bot: int) -> None:
        self._url = url
        self._key = lock_key(b"fundstelle lead %d" % bot)
        self._connection: psycopg.Connection[tuple[bool]] | None = None

    def holds(self) -> bool:
        """Takes the lead if nobody has it; whether this process has it now. Never from two threads at once."""
        try:
            if self._connection is not None:
                self._connection.execute("SELECT 1")
                return True
            connection = psycopg.connect(
                self._url, autocommit=True, connect_timeout=_CONNECT_SECONDS, application_name="fundstelle lead"
            )
            try:
                for name, value in _KEEPALIVES.items():
                    connection.execute("SELECT set_config(%s, %s, false)", (name, value))
                row = connection.execute("SELECT pg_try_advisory_lock(%s)", (self._key,)).fetchone()
                if row == (True,):
                    self._connection = connection
                    return True
            finally:
                if self._connection is not connection:
                    connection.close()
        except psycopg.Error as error:
            # Without the server's address, which may be named in full.
            log.warning("It is not known which process leads: %s", type(error).__name__)
            self.let_go()
        return False

    def let_go(self) -> None:
        """Gives the lead to another process."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()
