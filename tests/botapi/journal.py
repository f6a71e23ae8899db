"""What was called, and what is to go wrong."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]


@dataclass
class Call:
    """One line of the journal; ``at`` is in seconds of ``time.monotonic``."""

    method: str
    params: Json
    code: int = 0
    answer: Any = None
    description: str = ""
    at: float = field(default_factory=time.monotonic)


@dataclass
class Fault:
    """The next ``times`` calls of ``method``, all within ``seconds`` from now, fail: after ``delay`` seconds …

    with the status ``code`` and ``body`` if given, not carried out; or, with ``drop``, with a broken connection
    "before" or "after" they were carried out. With nothing but a delay they succeed late (``code`` 200).
    """

    method: str
    code: int = 500
    times: float = 1
    seconds: float = math.inf
    retry_after: int | None = None
    drop: Literal["", "before", "after"] = ""
    delay: float = 0.0
    body: bytes | None = None
    since: float = field(default_factory=time.monotonic)

    def hits(self, method: str) -> bool:
        """Whether this call of ``method`` fails; it counts then."""
        if self.method != method or self.times <= 0 or time.monotonic() - self.since > self.seconds:
            return False
        self.times -= 1
        return True


class Journal:
    """All calls in the order they came. May be used from any thread."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.lock = threading.Lock()
        self._by_method: dict[str, list[Call]] = {}

    def write(self, call: Call) -> None:
        with self.lock:
            self.calls.append(call)
            self._by_method.setdefault(call.method, []).append(call)

    def of(self, method: str, code: int | None = 200) -> list[Call]:
        """The calls of one method, those with this status code or (None) all."""
        with self.lock:
            return [call for call in self._by_method.get(method, []) if code in (None, call.code)]

    def wait(self, condition: Callable[[], Any], timeout: float) -> Any:
        """Waits until ``condition`` gives something true, and returns it; AssertionError after ``timeout`` seconds."""
        until = time.monotonic() + timeout
        while not (result := condition()) and time.monotonic() < until:
            time.sleep(0.01)
        assert result, f"waited {timeout} s in vain; last calls: {self.calls[-8:]}"
        return result
