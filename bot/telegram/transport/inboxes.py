"""What receivers and processor ask of an inbox: on disk for one process, in PostgreSQL for several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.telegram.transport.inbox import Received, Rejected


class Inbox(Protocol):
    """The updates of one bot until they are answered. Methods raise sqlite3.Error or StoreError."""

    @property
    def is_shared(self) -> bool:
        """Whether updates go to whichever process claims them, rather than to the one that received them."""

    def take(self, updates: Sequence[Received], rejected: Sequence[Rejected] = ()) -> set[int]:
        """Keeps a batch, all or nothing; the numbers that were not known before."""

    def claim(self) -> Received | None:
        """The next update for this process; None if there is none now."""

    def renew(self, update_ids: Sequence[int]) -> None:
        """Prolongs this process's claims to these updates."""

    def release(self, update_id: int | None = None) -> None:
        """Gives back this process's claim to an update, or all of them."""

    def waiting(self) -> list[Received]:
        """The updates that are not done, oldest first."""

    def waiting_count(self) -> int:
        """How many updates are not done."""

    def begin(self, update_id: int) -> bool:
        """Counts an attempt; False when there is nothing to do (any more)."""

    def keep(self, update_id: int, seconds: float = 0.0) -> None:
        """Leaves an update waiting whose reply could not be sent; a shared inbox hands it out again after so long."""

    def mark_done(self, update_id: int) -> None:
        """Marks an update as answered."""

    def put_aside(self, update_id: int, reason: str) -> None:
        """Moves a waiting update to the rejected ones."""

    def forget(self, user: int, before: int) -> None:
        """Deletes what is kept of somebody from before this update."""

    def rejected(self) -> list[Rejected]:
        """What was put aside, oldest first."""

    def close(self) -> None:
        """Ends its use."""
