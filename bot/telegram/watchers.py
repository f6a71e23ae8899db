"""Who gets answers to standing questions on Telegram, and when: at once, once a day, and not at night."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.telegram.statements import Statements

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS watchers (
    "user"     INTEGER PRIMARY KEY,
    language   TEXT NOT NULL,
    daily      INTEGER,               -- the minute of the day of the digest; NULL: each answer at once
    quiet_from INTEGER,               -- the hours in between, of this machine's clock; NULL: none
    quiet_to   INTEGER,
    digest_on  TEXT NOT NULL          -- the day of the last digest
);
"""
_COLUMNS: Final = '"user", language, daily, quiet_from, quiet_to, digest_on'
_DAILY: Final = re.compile(r"(?:täglich|taeglich|daily)(?:\s+(?:um|at))?\s+(\d{1,2})(?:[:.](\d{2}))?(?:\s*uhr)?")
_QUIET: Final = re.compile(
    r"(?:still|ruhe|quiet)\s+(?:von\s+|from\s+)?(\d{1,2})\s*(?:-|–|bis|to)\s*(\d{1,2})(?:\s*uhr)?"
)
_ABOUT_TIMES: Final = re.compile(
    r"(?i)(?:täglich|taeglich|daily|still|ruhe|quiet)\s+(?:(?:um|at|von|from)\s+)?(?:\d|aus$|off$)"
)
_AT_ONCE: Final = ("sofort", "now", "at once")
_NEVER_QUIET: Final = ("still aus", "ruhe aus", "quiet off")


@dataclass(frozen=True, slots=True)
class Watcher:
    """Somebody with standing questions, by the number of their account, and when they want answers.

    ``daily`` is the minute of the day at which all of them come; None: each comes at once, but for the hours from
    ``quiet[0]`` to ``quiet[1]``. Hours are those of this machine's clock. ``digest_on`` is the day (ISO) on which the
    last digest was due.
    """

    user: int
    language: str
    daily: int | None = None
    quiet: tuple[int, int] | None = None
    digest_on: str = ""

    def is_due(self, now: datetime) -> bool:
        """Whether what waits is to be sent now."""
        if self.daily is not None:
            return 60 * now.hour + now.minute >= self.daily and self.digest_on < now.date().isoformat()
        return not self.is_quiet(now)

    def is_quiet(self, now: datetime) -> bool:
        """Whether it is one of the hours in which nothing is to come."""
        if self.quiet is None:
            return False
        first, last = self.quiet
        return first <= now.hour < last if first <= last else now.hour >= first or now.hour < last

    def wanting(self, words: str, now: datetime) -> Watcher | None:
        """The same with other times, as "täglich 8:00", "sofort", "still 22-7" and "still aus" say; None for others."""
        words = " ".join(words.lower().split())
        if words in _AT_ONCE:
            return replace(self, daily=None)
        if words in _NEVER_QUIET:
            return replace(self, quiet=None)
        if found := _DAILY.fullmatch(words):
            hour, minute = int(found[1]), int(found[2] or 0)
            if hour > 23 or minute > 59:
                return None
            daily, today = 60 * hour + minute, now.date().isoformat()
            # Not today any more if that time is over.
            return replace(self, daily=daily, digest_on=today if 60 * now.hour + now.minute >= daily else "")
        if (found := _QUIET.fullmatch(words)) and int(found[1]) < 24 and int(found[2]) <= 24 and found[1] != found[2]:
            return replace(self, quiet=(int(found[1]), int(found[2]) % 24))
        return None


def is_about_times(words: str) -> bool:
    """Whether words set times, be it wrongly, and are no question."""
    return bool(_ABOUT_TIMES.match(words)) or words.lower() in _AT_ONCE


class Watchers:
    """Their table, beside the inbox. To be used from the thread that made ``database``."""

    def __init__(self, database: Statements) -> None:
        self._db = database

    def all(self) -> list[Watcher]:
        """Everybody with standing questions."""
        return [_watcher(row) for row in self._db.execute(f"SELECT {_COLUMNS} FROM watchers ORDER BY 1")]

    def get(self, user: int, language: str) -> Watcher:
        """Somebody's times; those that hold by default for who has none yet."""
        rows = self._db.execute(f'SELECT {_COLUMNS} FROM watchers WHERE "user" = ?', (user,)).fetchall()
        return _watcher(rows[0]) if rows else Watcher(user, language)

    def put(self, watcher: Watcher) -> None:
        """Keeps somebody's times."""
        first, last = watcher.quiet or (None, None)
        self._db.execute(
            'INSERT INTO watchers VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT ("user") DO UPDATE SET'
            " language = excluded.language, daily = excluded.daily, quiet_from = excluded.quiet_from,"
            " quiet_to = excluded.quiet_to, digest_on = excluded.digest_on",
            (watcher.user, watcher.language, watcher.daily, first, last, watcher.digest_on),
        )

    def forget(self, user: int) -> None:
        """Deletes what is kept of somebody."""
        self._db.execute('DELETE FROM watchers WHERE "user" = ?', (user,))


def _watcher(row: tuple[int, str, int | None, int | None, int | None, str]) -> Watcher:
    user, language, daily, first, last, digest_on = row
    return Watcher(user, language, daily, None if first is None or last is None else (first, last), digest_on)
