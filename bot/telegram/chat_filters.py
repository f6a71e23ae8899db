"""Which articles somebody asks in a chat, kept until it is taken back."""

from __future__ import annotations

from typing import Final

from bot.telegram.statements import Statements
from retrieval.types import Filter

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS chat_filters (
    chat        INTEGER NOT NULL,
    "user"      INTEGER NOT NULL,
    source      TEXT NOT NULL,
    since       TEXT NOT NULL,        -- ISO dates; '': none
    until       TEXT NOT NULL,
    without_ocr INTEGER NOT NULL,     -- 0 or 1
    article     INTEGER NOT NULL,     -- 0: any
    PRIMARY KEY (chat, "user")
) WITHOUT ROWID;
"""


class ChatFilters:
    """Their table, beside the inbox. To be used from the thread that made ``database``.

    All of a Filter is kept but its ``words``, which nobody sets in a chat.
    """

    def __init__(self, database: Statements) -> None:
        self._db = database

    def get(self, chat: int, user: int) -> Filter:
        """The filter of ``user`` in ``chat``; one that asks for nothing if there is none."""
        row = self._db.execute(
            'SELECT source, since, until, without_ocr, article FROM chat_filters WHERE chat = ? AND "user" = ?',
            (chat, user),
        ).fetchone()
        if row is None:
            return Filter()
        source, since, until, without_ocr, article = row
        return Filter(source, since, until, without_ocr=bool(without_ocr), article=article)

    def put(self, chat: int, user: int, within: Filter) -> None:
        """Keeps a filter in the place of the one before; of one that asks for nothing, nothing is kept."""
        if not within:
            self._db.execute('DELETE FROM chat_filters WHERE chat = ? AND "user" = ?', (chat, user))
            return
        self._db.execute(
            'INSERT INTO chat_filters (chat, "user", source, since, until, without_ocr, article)'
            ' VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (chat, "user") DO UPDATE SET source = excluded.source,'
            " since = excluded.since, until = excluded.until, without_ocr = excluded.without_ocr,"
            " article = excluded.article",
            (chat, user, within.source, within.since, within.until, int(within.without_ocr), within.article),
        )

    def forget(self, user: int) -> None:
        """Deletes somebody's filters in all chats."""
        self._db.execute('DELETE FROM chat_filters WHERE "user" = ?', (user,))
