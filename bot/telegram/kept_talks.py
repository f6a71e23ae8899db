"""What a talk goes on from: the last turn and where it was answered, for whichever process takes the next message."""

from __future__ import annotations

import json
import time
from dataclasses import astuple, dataclass
from typing import Final

from bot.telegram.statements import Statements
from retrieval.answering.conversation import TURN_SECONDS, Past
from retrieval.answering.followups import Turn

#: How long /zitat and /bild find what was answered last. The words of a talk go after ``TURN_SECONDS``.
PLACES_SECONDS: Final = 86_400.0

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS talks (
    chat    INTEGER NOT NULL,
    "user"  INTEGER NOT NULL,
    asked   REAL NOT NULL,            -- the last turn; seconds since the epoch
    turns   TEXT NOT NULL,            -- JSON: the message that asked, the turn, the turn before; '': too long ago
    changed REAL NOT NULL,            -- the row; seconds since the epoch
    places  TEXT NOT NULL,            -- a line each: the answer's ('': none), and what was listed
    PRIMARY KEY (chat, "user")
) WITHOUT ROWID;
"""


_NO_PAST: Final = Past()


@dataclass(frozen=True, slots=True)
class KeptTalk:
    """What is kept of a talk: its past, with times since the epoch; the number of the message with its latest question;
    and, as in the data of buttons, where the latest answer stands ("": nowhere) and what was listed beside it."""

    past: Past = _NO_PAST
    message: int = 0
    answer: str = ""
    listed: tuple[str, ...] = ()


class KeptTalks:
    """Their table, beside the inbox. To be used from the thread that made ``database``."""

    def __init__(self, database: Statements) -> None:
        self._db = database

    def get(self, chat: int, user: int) -> KeptTalk:
        """The talk with ``user`` in ``chat``; an empty one if there is none, and without words that are too old."""
        row = self._db.execute(
            'SELECT asked, turns, places FROM talks WHERE chat = ? AND "user" = ? AND changed > ?',
            (chat, user, time.time() - PLACES_SECONDS),
        ).fetchone()
        if row is None:
            return KeptTalk()
        asked, turns, places = row
        answer, *listed = places.split("\n")
        if not turns or asked < time.time() - TURN_SECONDS:
            return KeptTalk(answer=answer, listed=tuple(listed))
        message, turn, before = json.loads(turns)
        return KeptTalk(Past(_turn(turn), _turn(before), asked), message, answer, tuple(listed))

    def put(self, chat: int, user: int, talk: KeptTalk) -> None:
        """Keeps a talk in the place of what was kept of it before."""
        past = talk.past
        turns = json.dumps((talk.message, past.turn and astuple(past.turn), past.before and astuple(past.before)))
        self._db.execute(
            'INSERT INTO talks (chat, "user", asked, turns, changed, places) VALUES (?, ?, ?, ?, ?, ?)'
            ' ON CONFLICT (chat, "user") DO UPDATE SET asked = excluded.asked, turns = excluded.turns,'
            " changed = excluded.changed, places = excluded.places",
            (chat, user, past.asked_at, turns, time.time(), "\n".join((talk.answer, *talk.listed))),
        )

    def drop(self, chat: int, user: int) -> None:
        """Deletes one."""
        self._db.execute('DELETE FROM talks WHERE chat = ? AND "user" = ?', (chat, user))

    def drop_old(self) -> None:
        """Deletes what is too old to be of use."""
        now = time.time()
        self._db.execute("UPDATE talks SET turns = '' WHERE asked < ? AND turns <> ''", (now - TURN_SECONDS,))
        self._db.execute("DELETE FROM talks WHERE changed < ?", (now - PLACES_SECONDS,))

    def forget(self, user: int) -> None:
        """Deletes what is kept of somebody's talks in all chats."""
        self._db.execute('DELETE FROM talks WHERE "user" = ?', (user,))


def _turn(values: list[str | int | None] | None) -> Turn | None:
    return Turn(*values) if values else None  # type: ignore[arg-type]
