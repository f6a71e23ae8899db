"""While the bot runs, what it keeps of people is deleted when it is old."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import Executor
from contextlib import suppress
from typing import Final

from bot.telegram.people import People
from retrieval.collection import Collection
from retrieval.errors import StoreError

_TALKS_EVERY_SECONDS: Final = 300.0
_DAY_SECONDS: Final = 86_400.0


async def drop_old(people: People, collection: Collection, reader: Executor, days: int) -> None:
    """Deletes talks every five minutes, and once a day what is kept of questions and is older than ``days``; 0: never.

    Goes on until it is cancelled.
    """
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        with suppress(sqlite3.Error, StoreError):  # locked or full; next time
            people.drop_talks()
        if days and loop.time() >= due:
            due += _DAY_SECONDS
            with suppress(sqlite3.Error, StoreError):
                people.drop_history(days)
            await loop.run_in_executor(reader, collection.feedback.drop_older, days)
        await asyncio.sleep(_TALKS_EVERY_SECONDS)
