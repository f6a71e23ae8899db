"""Reads ``tests/data/enumerations.txt`` and its like: sentences with a quote in [] and its enumeration in {}."""

from __future__ import annotations

from dataclasses import dataclass

from tests.conftest import ROOT

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence, the place of the quote in it and those of the items."""

    text: str
    quote: Place
    items: tuple[Place, ...]


def cases(name: str) -> list[Case]:
    """The sentences of a file in ``tests/data``."""
    lines = (ROOT / "tests" / "data" / name).read_text("utf-8").splitlines()
    return [_case(line) for line in lines if line and not line.startswith("#")]


def _case(line: str) -> Case:
    text, marks, edges = "", {}, []
    for letter in line:
        if letter in "[]":
            marks[letter] = len(text)
        elif letter in "{|}":
            edges.append(len(text))
        else:
            text += letter
    items = tuple((edges[number], edges[number + 1]) for number in range(0, len(edges) - 1, 2))
    return Case(text, (marks["["], marks["]"]), items)
