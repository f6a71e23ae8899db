"""Whom the bot lets in, and what it keeps of people: invitations, members, open questions back, and a history."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from bot.messages import notice
from bot.telegram.chat_filters import SCHEMA as FILTERS_SCHEMA
from bot.telegram.chat_filters import ChatFilters
from bot.telegram.kept_talks import SCHEMA as TALKS_SCHEMA
from bot.telegram.kept_talks import KeptTalks
from bot.telegram.statements import Statements
from bot.telegram.watchers import SCHEMA as WATCHERS_SCHEMA
from bot.telegram.watchers import Watchers
from retrieval.dates import days_ago, now
from retrieval.errors import StoreError

#: How long an invitation can be taken up, and how long an answer to „Was wäre richtig?“ is waited for, in seconds.
INVITATION_SECONDS = 86_400.0
PROMPT_SECONDS = 7 * 86_400.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS members (
    "user" INTEGER PRIMARY KEY,
    since TEXT NOT NULL               -- UTC
);
CREATE TABLE IF NOT EXISTS invitations (
    code    BLOB PRIMARY KEY,         -- SHA-256 of what was given out
    expires REAL NOT NULL             -- seconds since the epoch
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS prompts (
    chat      INTEGER NOT NULL,
    message   INTEGER NOT NULL,       -- the bot's message that is to be replied to
    pseudonym TEXT NOT NULL,          -- who is to reply
    judgement INTEGER NOT NULL,
    asked     REAL NOT NULL,          -- seconds since the epoch
    PRIMARY KEY (chat, message)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history (
    number   INTEGER PRIMARY KEY,
    "user"   INTEGER NOT NULL,
    asked_at TEXT NOT NULL,           -- UTC
    question TEXT NOT NULL,
    answer   TEXT NOT NULL            -- the quote; '': the articles do not say
);
CREATE INDEX IF NOT EXISTS history_of_user ON history ("user");
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in somebody's history; ``answer`` is the quote, empty if there was none."""

    asked_at: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody whom an invitation has let in, by the number of their account."""

    user: int
    since: str


class People:
    """Tables beside the inbox, in the same file. To be used from the thread that made it.

    Raises StoreError when the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            database = sqlite3.connect(path, timeout=5.0, isolation_level=None)
            try:
                database.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
                database.executescript(_SCHEMA + WATCHERS_SCHEMA + FILTERS_SCHEMA + TALKS_SCHEMA)
            except BaseException:
                database.close()
                raise
            self._use(database)
            self._close = database.close
        except sqlite3.Error as error:
            raise StoreError(notice("telegram.people_unreadable", path=path, error=error)) from error

    def _use(self, database: Statements) -> None:
        self._db = database
        self.watchers = Watchers(database)
        self.filters = ChatFilters(database)
        self.talks = KeptTalks(database)

    def close(self) -> None:
        """Closes the file."""
        self._close()

    def invite(self) -> str:
        """A new code that lets one person in, once, within a day. Only its hash is kept."""
        code = secrets.token_urlsafe(16)
        self._db.execute("DELETE FROM invitations WHERE expires < ?", (time.time(),))
        self._db.execute("INSERT INTO invitations VALUES (?, ?)", (_hash(code), time.time() + INVITATION_SECONDS))
        return code

    def admit(self, user: int, code: str) -> bool:
        """Lets ``user`` in with a code, which is used up; False if it is none, used, or too old."""
        found = self._db.execute("DELETE FROM invitations WHERE code = ? RETURNING expires", (_hash(code),)).fetchall()
        if not found or found[0][0] < time.time():
            return False
        self._db.execute("INSERT INTO members VALUES (?, ?) ON CONFLICT DO NOTHING", (user, now()))
        return True

    def members(self) -> list[Member]:
        """All who were let in by an invitation, the latest first."""
        rows = self._db.execute('SELECT "user", since FROM members ORDER BY since DESC, "user"')
        return [Member(*row) for row in rows]

    def is_member(self, user: int) -> bool:
        """Whether somebody was let in by an invitation."""
        return bool(self._db.execute('SELECT 1 FROM members WHERE "user" = ?', (user,)).fetchall())

    def remove_member(self, user: int) -> None:
        """Takes that back."""
        self._db.execute('DELETE FROM members WHERE "user" = ?', (user,))

    def put_prompt(self, chat: int, message: int, pseudonym: str, judgement: int) -> None:
        """Remembers that a reply to this message says what would have been right."""
        self._db.execute("DELETE FROM prompts WHERE asked < ?", (time.time() - PROMPT_SECONDS,))
        self._db.execute(
            "INSERT INTO prompts VALUES (?, ?, ?, ?, ?) ON CONFLICT (chat, message) DO UPDATE SET"
            " pseudonym = excluded.pseudonym, judgement = excluded.judgement, asked = excluded.asked",
            (chat, message, pseudonym, judgement, time.time()),
        )

    def prompt(self, chat: int, message: int, pseudonym: str) -> int | None:
        """The judgement that a reply to this message completes; None if it is no such message, or not theirs."""
        found = self._db.execute(
            "SELECT judgement FROM prompts WHERE chat = ? AND message = ? AND pseudonym = ?", (chat, message, pseudonym)
        ).fetchone()
        return found and int(found[0])

    def drop_prompts(self, pseudonym: str, chat: int | None = None) -> None:
        """No reply is waited for any more from somebody, in this chat or anywhere."""
        here = "" if chat is None else " AND chat = ?"
        values = (pseudonym,) if chat is None else (pseudonym, chat)
        self._db.execute(f"DELETE FROM prompts WHERE pseudonym = ?{here}", values)

    def record(self, user: int, question: str, answer: str) -> None:
        """Adds to somebody's history."""
        self._db.execute(
            'INSERT INTO history ("user", asked_at, question, answer) VALUES (?, ?, ?, ?)',
            (user, now(), question, answer),
        )

    def history(self, user: int, limit: int) -> list[Asked]:
        """What somebody asked last, the latest first."""
        rows = self._db.execute(
            'SELECT asked_at, question, answer FROM history WHERE "user" = ? ORDER BY number DESC LIMIT ?',
            (user, limit),
        )
        return [Asked(*row) for row in rows]

    def forget(self, user: int) -> int:
        """Deletes somebody's history; how many questions that were."""
        return self._db.execute('DELETE FROM history WHERE "user" = ?', (user,)).rowcount

    def drop_history(self, days: int) -> None:
        """Deletes what was asked more than so many days ago."""
        self._db.execute("DELETE FROM history WHERE asked_at < ?", (days_ago(days),))

    def drop_talks(self) -> None:
        """Deletes what is kept of talks and too old; nothing of it stays in the file, either."""
        self.talks.drop_old()
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "replace")).digest()
