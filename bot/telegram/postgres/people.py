"""The people of a bot that runs in several processes."""

from __future__ import annotations

from bot.telegram.chat_filters import ChatFilters
from bot.telegram.people import People
from bot.telegram.postgres.tables import BotDatabase
from bot.telegram.watchers import Watchers


class PostgresPeople(People):
    """The same tables in PostgreSQL; one object a process, for any thread. Statements raise StoreError."""

    def __init__(self, shared: BotDatabase) -> None:
        self._db = shared
        self.watchers = Watchers(shared)
        self.filters = ChatFilters(shared)

    def close(self) -> None:
        """Nothing: whoever opened the database closes it."""
