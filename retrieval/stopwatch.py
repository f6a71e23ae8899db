"""Where the time goes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal, TypeVar

from retrieval.types import Timings

Stage = Literal["parse", "split", "embed", "store"]
T = TypeVar("T")


class Stopwatch:
    """Adds up what each stage of taking up articles takes; ``sentences`` counts what was embedded."""

    def __init__(self) -> None:
        self.sentences = 0
        self._seconds: dict[Stage, float] = {"parse": 0.0, "split": 0.0, "embed": 0.0, "store": 0.0}

    @contextmanager
    def time(self, stage: Stage) -> Iterator[None]:
        """Counts what happens inside for ``stage``, whether it succeeds or not."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[stage] += time.perf_counter() - started

    def each(self, stage: Stage, items: Iterable[T]) -> Iterator[T]:
        """The items; what it takes to come by each of them is counted for ``stage``."""
        iterator = iter(items)
        while True:
            with self.time(stage):
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item

    def timings(self) -> Timings:
        """What was counted so far."""
        return Timings(self.sentences, **{f"{stage}_ms": 1000 * seconds for stage, seconds in self._seconds.items()})
