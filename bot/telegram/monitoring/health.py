"""Whether the bot works: Telegram was heard from, and the reader gets on with its questions."""

from __future__ import annotations

import time

#: How long, in seconds, Telegram may be silent or a question be read until something must be wrong. Asking for updates
#: takes 25 s when nothing happens.
PATIENCE_SECONDS = 60.0


class Health:
    """What was last heard of Telegram and of the reader; seconds are those of ``time.monotonic``."""

    def __init__(self) -> None:
        self._telegram: float | None = None
        self._reading_since: float | None = None

    def note_answer(self) -> None:
        """Polling or the webhook worked just now."""
        self._telegram = time.monotonic()

    def note_reading(self, waiting: int) -> None:
        """The reader has finished a question or begun its first one, and so many are left."""
        self._reading_since = time.monotonic() if waiting else None

    def problems(self) -> list[str]:
        """What is wrong, a line each; nothing when all is well."""
        now, found = time.monotonic(), []
        if self._telegram is None:
            found.append("no answer from Telegram yet")
        elif now - self._telegram > PATIENCE_SECONDS:
            found.append(f"no answer from Telegram for {now - self._telegram:.0f} s")
        if self._reading_since is not None and now - self._reading_since > PATIENCE_SECONDS:
            found.append(f"the reader has been stuck for {now - self._reading_since:.0f} s")
        return found
