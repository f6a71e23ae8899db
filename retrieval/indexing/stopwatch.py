"""Where the time goes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal, TypeVar, get_args

from retrieval.index_report import Timings

Stage = Literal["parse", "split", "embed", "store"]
STAGES: tuple[Stage, ...] = get_args(Stage)
T = TypeVar("T")


class Stopwatch:
    """Adds up what each stage of taking up articles takes; ``sentences`` counts what was embedded."""

    def __init__(self) -> None:
        self.sentences = 0
        self._seconds: dict[Stage, float] = dict.fromkeys(STAGES, 0.0)

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
        parse, split, embed, store = (1000 * self._seconds[stage] for stage in STAGES)
        return Timings(self.sentences, parse, split, embed, store)
