"""Tables: the cell that a question names by its row and its column, in the place of the one beside it.

A table's row is a line such as "Tageskarte | Erwachsene: 8 Euro | Kinder: 4 Euro", see ``retrieval.loading.tables``. A
reader that has learnt from sentences finds the row, and often takes the wrong cell of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from retrieval.answer import Span
from retrieval.language.compounds import all_terms
from retrieval.language.lines import CELL_SEPARATOR, LABEL_END, line_end


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a row: the name of its column, empty if the row does not say it, and the place of its value."""

    label: str
    start: int
    end: int


def row_cells(text: str, start: int) -> list[Cell]:
    """The cells of the line of ``text`` that begins at ``start``; a single one if it is no row of a table."""
    cells = []
    for number, part in enumerate(text[start : line_end(text, start)].split(CELL_SEPARATOR)):
        label, separator, value = part.partition(LABEL_END)
        # The first cell names the row, and a label without a value is none.
        named = number > 0 and bool(separator) and bool(value.strip())
        skipped = len(label) + len(separator) if named else 0
        cells.append(Cell(label if named else "", start + skipped, start + len(part)))
        start += len(part) + len(CELL_SEPARATOR)
    return cells


@dataclass(frozen=True, slots=True)
class _NamedCell:
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
    if CELL_SEPARATOR not in passage[line_start : line_end(passage, span.end)]:
        return span
    wanted = all_terms(question).distinct
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


def _cells(passage: str) -> Iterator[_NamedCell]:
    """The cells of all rows in a passage."""
    start = 0
    for line in passage.split("\n"):
        cells = row_cells(passage, start)
        for cell in cells if len(cells) > 1 else ():
            row = all_terms(passage[cells[0].start : cells[0].end]).distinct
            yield _NamedCell(cell.start, cell.end, row | all_terms(cell.label).distinct, cell is cells[0])
        start += len(line) + 1


def _has_digit(passage: str, place: _NamedCell | Span) -> bool:
    return any(letter.isdigit() for letter in passage[place.start : place.end])
