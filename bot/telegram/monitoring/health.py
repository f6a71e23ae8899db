"""Whether the bot works: Telegram answers, and the reader makes progress."""

from __future__ import annotations

import time

#: So many seconds without an answer from Telegram, or for one question, are a fault. A poll without updates takes 25 s.
PATIENCE_SECONDS = 60.0


class Health:
    """When Telegram and the reader last made progress, in seconds of ``time.monotonic``."""

    def __init__(self) -> None:
        self._telegram: float | None = None
        self._reading_since: float | None = None

    def note_answer(self) -> None:
        """Polling or the webhook worked just now."""
        self._telegram = time.monotonic()

    def note_reading(self, waiting: int) -> None:
        """The reader has finished a question or begun the first one; ``waiting`` are left."""
        self._reading_since = time.monotonic() if waiting else None

    def problems(self) -> list[str]:
        """What is wrong, a line each; empty if all is well."""
        now, found = time.monotonic(), []
        if self._telegram is None:
            found.append("no answer from Telegram yet")
        elif now - self._telegram > PATIENCE_SECONDS:
            found.append(f"no answer from Telegram for {now - self._telegram:.0f} s")
        if self._reading_since is not None and now - self._reading_since > PATIENCE_SECONDS:
            found.append(f"the reader has been stuck for {now - self._reading_since:.0f} s")
        return found
