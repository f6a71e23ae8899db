"""Runs of words in a row, by which the same line is recognised in two texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_WORD: Final = re.compile(r"\w+")
# Words in a row by which lines are recognised.
RUN: Final = 4
SAME_SHARE: Final = 0.8


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, by which lines are compared."""
    return _WORD.findall(text.casefold())


class KnownLines:
    """The runs of words of some lines; a line is known if most of its runs are."""

    def __init__(self, lines: Iterable[list[str]]) -> None:
        self._lines: dict[tuple[str, ...], int] = {}  # the first one with a run
        for number, words in enumerate(lines):
            for run in _runs(words):
                self._lines.setdefault(run, number)

    def share(self, words: list[str]) -> float:
        """The share of the line's runs that is known."""
        runs = _runs(words)
        return sum(run in self._lines for run in runs) / len(runs) if runs else 0.0

    def has(self, words: list[str]) -> bool:
        return self.share(words) >= SAME_SHARE

    def line(self, words: list[str]) -> int:
        """The number of the line with the first known run, -1 if less than half of the runs are known."""
        if self.share(words) < 0.5:
            return -1
        return next(self._lines[run] for run in _runs(words) if run in self._lines)


def _runs(words: list[str]) -> list[tuple[str, ...]]:
    """All runs of words in a line; a shorter line is one by itself."""
    if len(words) < RUN:
        return [tuple(words)] if words else []
    return list(zip(*(words[at:] for at in range(RUN)), strict=False))
