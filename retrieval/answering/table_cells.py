"""Tables: the cell that a question names by its row and its column, in the place of the one beside it.

A table's row is a line such as "Tageskarte | Erwachsene: 8 Euro | Kinder: 4 Euro", see ``retrieval.loading.tables``. A
reader that has learnt from sentences finds the row, and often takes the wrong cell of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from retrieval.answer import Span
from retrieval.language.compounds import all_terms

SEPARATOR = " | "
LABEL_END = ": "


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell: the place of its value in the passage, and the keyword terms of its row's and its column's name."""

    start: int
    end: int
    names: frozenset[str]
    is_first: bool  # in its row, which it names


def in_right_cell(question: str, passage: str, span: Span) -> Span:
    """``span``, or the cell whose row and column share more words with the question than those of its own cell.

    It has to be the only such cell, and to hold a number if the span does; but the name of a row that the question says
    is no answer.
    """
    line_start = passage.rfind("\n", 0, span.start) + 1
    line_end = passage.find("\n", span.end)
    if SEPARATOR not in passage[line_start : line_end if line_end >= 0 else len(passage)]:
        return span
    wanted = _terms(question)
    cells = list(_cells(passage))
    own = next((cell for cell in cells if cell.start <= span.start and span.end <= cell.end), None)
    names_row = own is not None and own.is_first
    if own is not None and names_row and not own.names <= wanted:
        return span  # the name of the row may be what is asked for
    values = [
        cell
        for cell in cells
        if not cell.is_first and (names_row or _has_digit(passage, cell) == _has_digit(passage, span))
    ]
    shared = [len(cell.names & wanted) for cell in values]
    most = max(shared, default=0)
    if shared.count(most) != 1 or (own is not None and not names_row and len(own.names & wanted) >= most):
        return span
    best = values[shared.index(most)]
    return replace(span, text=passage[best.start : best.end], start=best.start, end=best.end)


def _cells(passage: str) -> Iterator[_Cell]:
    """The cells of all rows in a passage."""
    start = 0
    for line in passage.split("\n"):
        parts = line.split(SEPARATOR)
        place = start
        for number, part in enumerate(parts if len(parts) > 1 else ()):
            label, separator, value = part.partition(LABEL_END)
            named = bool(separator) and number > 0 and bool(value.strip())
            first = place + (len(label) + len(separator) if named else 0)
            names = _terms(parts[0]) | (_terms(label) if named else frozenset())
            yield _Cell(first, place + len(part), names, number == 0)
            place += len(part) + len(SEPARATOR)
        start += len(line) + 1


def _terms(text: str) -> frozenset[str]:
    found = all_terms(text)
    return frozenset((*found.words, *found.parts))


def _has_digit(passage: str, place: _Cell | Span) -> bool:
    return any(letter.isdigit() for letter in passage[place.start : place.end])
