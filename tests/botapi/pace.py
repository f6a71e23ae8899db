"""Telegram's limits: a message a second in a chat, twenty a minute in a group, thirty a second over all."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


class Bucket:
    """Holds up to ``size`` tokens and gets ``rate`` new ones a second."""

    def __init__(self, rate: float, size: float) -> None:
        self.rate, self.size = rate, size
        self._tokens, self._at = size, 0.0

    def wait(self, now: float) -> float:
        """How many seconds until there is a token; 0 when there is one."""
        self._tokens = min(self.size, self._tokens + self.rate * (now - self._at))
        self._at = now
        return max(0.0, (1 - self._tokens) / self.rate)

    def take(self) -> None:
        self._tokens -= 1


@dataclass
class Pace:
    """Counts messages; the limits are tokens a second and how many may come at once."""

    chat: tuple[float, float] = (1.0, 5.0)
    group: tuple[float, float] = (20 / 60, 20.0)
    overall: tuple[float, float] = (30.0, 30.0)
    _buckets: dict[object, Bucket] = field(default_factory=dict)

    def retry_after(self, chat: int, now: float) -> int:
        """0 when the message may be sent, and it is counted; else the whole seconds that Telegram asks to wait."""
        limits = {"overall": self.overall, chat: self.group if chat < 0 else self.chat}
        buckets = [self._buckets.setdefault(name, Bucket(*limit)) for name, limit in limits.items()]
        wait = max(bucket.wait(now) for bucket in buckets)
        if not wait:
            for bucket in buckets:
                bucket.take()
        return math.ceil(wait)
