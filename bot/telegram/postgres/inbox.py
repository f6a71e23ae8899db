"""The inbox of a bot that runs in several processes: a table from which each claims what it answers next.

``FOR UPDATE SKIP LOCKED`` on a table of our own rather than a queue from a library: an update is then received and
queued by the same single row, there is no second place that could disagree with it, and nothing more to install.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from typing import Final

from telegram import Update

from bot.telegram.postgres.tables import BotDatabase
from bot.telegram.transport import inbox as sqlite
from bot.telegram.transport.inbox import Received, Rejected
from retrieval.postgres.database import PostgresDatabase, retried
from retrieval.postgres.statements import PostgresConnection

#: A claim that is not renewed for so long is another's to take: its process has died or hangs.
LEASE_SECONDS: Final = 20.0

# The oldest update of a chat that is due, if none of that chat is being answered. The row lock settles who gets it.
_CLAIM: Final = """
WITH next AS (
    SELECT bot, update_id FROM updates u
    WHERE bot = ? AND state = 'waiting' AND due <= now() AND (claimed_until IS NULL OR claimed_until < now())
      AND (chat IS NULL OR NOT EXISTS (
          SELECT 1 FROM updates o WHERE o.bot = u.bot AND o.chat = u.chat AND o.state = 'waiting'
          AND (o.claimed_until >= now() OR (o.update_id < u.update_id AND o.due <= now()))))
    ORDER BY update_id LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE updates u SET claimed_by = ?, claimed_until = now() + ? * interval '1 second'
FROM next WHERE u.bot = next.bot AND u.update_id = next.update_id
RETURNING u.update_id, u.body
"""


class PostgresInbox(sqlite.StoredInbox):
    """See ``bot.telegram.transport.inboxes.Inbox``; one object a process, for any thread."""

    is_shared: Final = True
    _db: BotDatabase

    def __init__(self, shared: BotDatabase, bot: int, lease_seconds: float = LEASE_SECONDS) -> None:
        self._db = shared
        self._bot = bot
        self._lease = lease_seconds
        self._name = uuid.uuid4().hex
        self._pruned = 0.0

    @property
    def database(self) -> PostgresDatabase:
        """The connections."""
        return self._db.database

    @retried
    def take(self, updates: Sequence[Received], rejected: Sequence[Rejected] = ()) -> set[int]:
        """Writes a batch in one transaction, which also queues it, and returns the numbers not known before.

        Raises:
            StoreError: nothing was written.
        """
        now = time.time()
        with self.database.transaction() as connection:
            # In one order in all processes: else two that receive the same ones wait for each other.
            ordered = sorted(updates, key=lambda update: update.update_id)
            new = {update.update_id for update in ordered if self._insert(connection, update, now)}
            connection.executemany(
                "INSERT INTO rejected (bot, received, reason, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(self._bot, now, item.reason, item.body) for item in rejected],
            )
            if now - self._pruned > sqlite.PRUNE_EVERY_SECONDS or rejected:
                self._prune(connection, now)
        return new

    def _insert(self, connection: PostgresConnection, update: Received, now: float) -> bool:
        cursor = connection.execute(
            "INSERT INTO updates (bot, update_id, chat, received, state, body) VALUES (?, ?, ?, ?, 'waiting', ?)"
            " ON CONFLICT DO NOTHING",
            (self._bot, update.update_id, _chat(update.body), now, update.body),
        )
        return cursor.rowcount == 1

    def _prune(self, connection: PostgresConnection, now: float) -> None:
        connection.execute(
            "DELETE FROM updates WHERE state = 'done' AND received < ?", (now - sqlite.KEEP_DONE_SECONDS,)
        )
        connection.execute(
            "DELETE FROM rejected WHERE number <= (SELECT max(number) FROM rejected) - ?", (sqlite.KEEP_REJECTED,)
        )
        self._pruned = now

    def claim(self) -> Received | None:
        """The next update for this process, its own until it is done, kept, released or not renewed in time.

        Within a chat they come in order, one at a time, whichever processes ask. None: there is none now.
        """
        row = self._db.execute(_CLAIM, (self._bot, self._name, self._lease)).fetchone()
        return Received(*row) if row else None

    def renew(self, update_ids: Sequence[int]) -> None:
        """Prolongs this process's claims to these updates."""
        self._db.execute(
            "UPDATE updates SET claimed_until = now() + ? * interval '1 second'"
            " WHERE bot = ? AND state = 'waiting' AND claimed_by = ? AND update_id = ANY (?)",
            (self._lease, self._bot, self._name, list(update_ids)),
        )

    def release(self, update_id: int | None = None) -> None:
        """Gives back this process's claim to an update, or all of them, for another to take at once."""
        one = "" if update_id is None else " AND update_id = ?"
        self._db.execute(
            "UPDATE updates SET claimed_by = '', claimed_until = NULL"
            f" WHERE bot = ? AND state = 'waiting' AND claimed_by = ?{one}",
            (self._bot, self._name) if update_id is None else (self._bot, self._name, update_id),
        )

    def _count_attempt(self, update_id: int) -> int | None:
        row = self._db.execute(
            "UPDATE updates SET attempts = attempts + 1 WHERE bot = ? AND update_id = ? AND state = 'waiting'"
            " AND claimed_by IN ('', ?) RETURNING attempts",
            (self._bot, update_id, self._name),
        ).fetchone()
        return int(row[0]) if row else None

    def keep(self, update_id: int, seconds: float = 0.0) -> None:
        """Leaves an update waiting for so long whose reply could not be sent; see the inbox on disk for attempts."""
        self._db.execute(
            "UPDATE updates SET attempts = attempts - (received > ?)::integer, claimed_by = '', claimed_until = NULL,"
            " due = now() + ? * interval '1 second' WHERE bot = ? AND update_id = ?",
            (time.time() - sqlite.KEEP_DONE_SECONDS, seconds, self._bot, update_id),
        )

    @retried
    def put_aside(self, update_id: int, reason: str) -> None:
        """Moves a waiting update to the rejected ones, as a whole."""
        with self.database.transaction():
            super().put_aside(update_id, reason)

    def close(self) -> None:
        """Nothing: whoever opened the database closes it."""


def _chat(body: str) -> int | None:
    """The chat whose order an update keeps; None for one that keeps none, as for each key pressed inline."""
    update = Update.de_json(json.loads(body), None)
    if update.inline_query:
        return None
    return update.effective_chat.id if update.effective_chat else 0
