"""The inbox: each update lies on disk from before Telegram forgets it until it is answered.

Telegram deletes an update once a higher offset is asked for, long before a handler is done with it. The inbox
closes that gap: ``take`` returns after the updates are on disk, ``mark_done`` is called after the reply was sent, and
``waiting`` returns at the next start what a crash left open. Of an update that is done only its number is kept.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bot.messages import notice
from bot.telegram.statements import Statements
from retrieval.errors import StoreError
from retrieval.files import make_private_file, make_private_folder

#: An update begun this often and never finished seems to crash the process; it is then put aside.
MAX_ATTEMPTS = 20
#: Telegram itself keeps updates for a day, so a number older than this cannot come again.
KEEP_DONE_SECONDS = 2 * 86400.0
#: How many malformed updates are kept for inspection.
KEEP_REJECTED = 1000

_VERSION = 1
#: How often, in seconds, what is old is deleted.
PRUNE_EVERY_SECONDS = 3600.0
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS updates (
    bot        INTEGER NOT NULL,            -- another bot counts its updates on its own
    update_id  INTEGER NOT NULL,
    received   REAL NOT NULL,               -- seconds since the epoch
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'done')),
    attempts   INTEGER NOT NULL DEFAULT 0,
    body       TEXT NOT NULL,               -- JSON; emptied when done
    PRIMARY KEY (bot, update_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS updates_waiting ON updates (bot, update_id) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS rejected (
    number     INTEGER PRIMARY KEY,
    bot        INTEGER NOT NULL,
    received   REAL NOT NULL,
    reason     TEXT NOT NULL,
    body       TEXT NOT NULL,
    UNIQUE (bot, body)                      -- an update that comes again is the same one
);
PRAGMA user_version = {_VERSION};
"""


@dataclass(frozen=True, slots=True)
class Received:
    """An update as received: its number and its JSON text."""

    update_id: int
    body: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A malformed update, and what is wrong with it."""

    body: str
    reason: str


class StoredInbox:
    """What an inbox does alike in a file of SQLite and in PostgreSQL."""

    _db: Statements
    _bot: int

    def waiting(self) -> list[Received]:
        """The updates that are not done, oldest first."""
        rows = self._db.execute(
            "SELECT update_id, body FROM updates WHERE bot = ? AND state = 'waiting' ORDER BY update_id", (self._bot,)
        )
        return [Received(update_id, body) for update_id, body in rows]

    def waiting_count(self) -> int:
        """How many updates are not done."""
        row = self._db.execute("SELECT count(*) FROM updates WHERE bot = ? AND state = 'waiting'", (self._bot,))
        return int(row.fetchone()[0])

    def begin(self, update_id: int) -> bool:
        """Counts an attempt; False when the update is not waiting (any more), is another's, or was tried too often."""
        attempts = self._count_attempt(update_id)
        if attempts is None:
            return False
        if attempts > MAX_ATTEMPTS:
            self.put_aside(update_id, f"begun {MAX_ATTEMPTS} times, never finished")
            return False
        return True

    def _count_attempt(self, update_id: int) -> int | None:
        """How often the update has been begun, with this time; None when it is not to be begun."""
        raise NotImplementedError

    def mark_done(self, update_id: int) -> None:
        """Marks an update as answered; its number is kept, to recognise it if it comes again."""
        self._db.execute(
            "UPDATE updates SET state = 'done', body = '' WHERE bot = ? AND update_id = ?", (self._bot, update_id)
        )

    def put_aside(self, update_id: int, reason: str) -> None:
        """Moves a waiting update to the rejected ones."""
        self._db.execute(
            "INSERT INTO rejected (bot, received, reason, body)"
            " SELECT bot, received, ?, body FROM updates WHERE bot = ? AND update_id = ? ON CONFLICT DO NOTHING",
            (reason, self._bot, update_id),
        )
        self.mark_done(update_id)

    def forget(self, user: int, before: int) -> None:
        """Deletes what was put aside and bears somebody's number, and their updates before this one.

        Of a rejected update it cannot be said what it holds, so any number in it counts. A waiting one is theirs if it
        is from them; it is not answered any more.
        """
        number = re.compile(rf"(?<!\d){user}(?!\d)")
        rejected = self._db.execute("SELECT number, body, reason FROM rejected WHERE bot = ?", (self._bot,))
        for key, *words in rejected.fetchall():
            if any(map(number.search, words)):
                self._db.execute("DELETE FROM rejected WHERE number = ?", (key,))
        for item in self.waiting():
            if item.update_id < before and _sender(item.body) == user:
                self.mark_done(item.update_id)

    def rejected(self) -> list[Rejected]:
        """What was put aside, oldest first."""
        rows = self._db.execute("SELECT body, reason FROM rejected WHERE bot = ? ORDER BY number", (self._bot,))
        return [Rejected(body, reason) for body, reason in rows]


class Inbox(StoredInbox):
    """The inbox of one bot in the SQLite file ``path``. Use it from the thread that created it.

    Raises StoreError when the file cannot be opened, is damaged, or was written by a newer Fundstelle.
    """

    #: Updates are answered by the process that received them.
    is_shared = False
    _db: sqlite3.Connection

    def __init__(self, path: Path, bot: int) -> None:
        self._bot = bot
        self._claimed: set[int] = set()
        self._pruned = 0.0
        try:
            make_private_folder(path.parent)
            make_private_file(path)
            self._db = sqlite3.connect(path, timeout=5.0, isolation_level=None)
            try:
                self._prepare(path)
            except BaseException:
                self._db.close()
                raise
        except (OSError, sqlite3.Error) as error:
            raise StoreError(notice("telegram.inbox_unreadable", path=path, error=error)) from error

    def _prepare(self, path: Path) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            raise StoreError(notice("telegram.inbox_newer", path=path))
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
        self._db.executescript(_SCHEMA)

    def take(self, updates: Sequence[Received], rejected: Sequence[Rejected] = ()) -> set[int]:
        """Writes a batch in one transaction and returns the numbers that were not known before.

        The batch has reached the disk when this returns. Raises sqlite3.Error, with nothing written.
        """
        now = time.time()
        # A crash of the process loses nothing in any mode; this is so that a power cut does not, either.
        self._db.execute("PRAGMA synchronous = FULL")
        try:
            self._db.execute("BEGIN IMMEDIATE")
            new = {update.update_id for update in updates if self._insert(update, now)}
            self._db.executemany(
                "INSERT INTO rejected (bot, received, reason, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(self._bot, now, item.reason, item.body) for item in rejected],
            )
            if now - self._pruned > PRUNE_EVERY_SECONDS or rejected:
                self._prune(now)
            self._db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise
        finally:
            self._db.execute("PRAGMA synchronous = NORMAL")
        return new

    def _insert(self, update: Received, now: float) -> bool:
        cursor = self._db.execute(
            "INSERT INTO updates (bot, update_id, received, state, body) VALUES (?, ?, ?, 'waiting', ?)"
            " ON CONFLICT DO NOTHING",
            (self._bot, update.update_id, now, update.body),
        )
        return cursor.rowcount == 1

    def _prune(self, now: float) -> None:
        self._db.execute("DELETE FROM updates WHERE state = 'done' AND received < ?", (now - KEEP_DONE_SECONDS,))
        self._db.execute(
            "DELETE FROM rejected WHERE number <= (SELECT max(number) FROM rejected) - ?", (KEEP_REJECTED,)
        )
        self._pruned = now

    def claim(self) -> Received | None:
        """The oldest update that is waiting and was not claimed since the start; None if there is none."""
        free = (item for item in self.waiting() if item.update_id not in self._claimed)
        if (claimed := next(free, None)) is not None:
            self._claimed.add(claimed.update_id)
        return claimed

    def renew(self, update_ids: Sequence[int]) -> None:
        """Nothing: one process has them all."""

    def release(self, update_id: int | None = None) -> None:
        """Gives back the claim to an update, or all of them."""
        self._claimed = set() if update_id is None else self._claimed - {update_id}

    def _count_attempt(self, update_id: int) -> int | None:
        row = self._db.execute(
            "UPDATE updates SET attempts = attempts + 1 WHERE bot = ? AND update_id = ? AND state = 'waiting'"
            " RETURNING attempts",
            (self._bot, update_id),
        ).fetchone()
        return int(row[0]) if row else None

    def keep(self, update_id: int, seconds: float = 0.0) -> None:
        """Leaves an update waiting whose reply could not be sent; that attempt does not count.

        Attempts at an update older than KEEP_DONE_SECONDS do count: a late answer is of no use, and it is put aside in
        the end.
        """
        self._db.execute(
            "UPDATE updates SET attempts = attempts - 1 WHERE bot = ? AND update_id = ? AND received > ?",
            (self._bot, update_id, time.time() - KEEP_DONE_SECONDS),
        )

    def forget(self, user: int, before: int) -> None:
        """See ``StoredInbox``; nothing of it stays in the file, either."""
        super().forget(user, before)
        # What was deleted stands in the log beside the file, too. If somebody reads just now, it is emptied later.
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Closes the file; the inbox cannot be used afterwards."""
        self._db.close()


def _sender(body: str) -> object:
    """The number of the account that a waiting update is from."""
    update = json.loads(body)
    parts = [part for part in update.values() if isinstance(part, dict)]
    return next((part["from"].get("id") for part in parts if isinstance(part.get("from"), dict)), None)
