"""The people of a bot that runs in several processes."""

from __future__ import annotations

from bot.telegram.people import People
from bot.telegram.postgres.tables import BotDatabase


class PostgresPeople(People):
    """The same tables in PostgreSQL; one object a process, for any thread. Statements raise StoreError."""

    def __init__(self, shared: BotDatabase) -> None:
        self._use(shared)

    def drop_talks(self) -> None:
        """See ``People``."""
        self.talks.drop_old()

    def close(self) -> None:
        """Nothing: whoever opened the database closes it."""
