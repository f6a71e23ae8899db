"""Tables: the other cells of a column that a question asks for by its name."""

from __future__ import annotations

from collections.abc import Sequence

from retrieval.answering.table_cells import Cell, row_cells
from retrieval.language.compounds import all_terms

Place = tuple[int, int]

_MOST_ROWS = 200


def column(question: str, text: str, start: int, end: int) -> tuple[Place, ...]:
    """The cells of the column that ``text[start:end]`` stands in, its own among them; () if there is no such column.

    The question has to name the column: "Welche Orte …?" one called "Ort". What else of it stands in some rows only
    says which rows are meant: "Welche Orte liegen im Harz?".
    """
    rows = _rows(text, start, end)
    own = next(
        ((row, cell) for row in rows for cell in row if cell.start <= start and end <= cell.end),
        None,
    )
    if own is None:
        return ()
    own_row, cell = own
    if not cell.label and cell is not own_row[0]:
        return ()
    label = cell.label or _header(rows, text)
    wanted, named = all_terms(question).distinct, all_terms(label).distinct
    if not wanted & named:
        return ()
    # A row's cells have labels: the one without is the row of the labels.
    cells = [
        (row, found)
        for row in rows
        if any(other.label for other in row)
        for found in row
        if (found.label == cell.label if cell.label else found is row[0])
    ]
    held = [all_terms(" ".join(text[other.start : other.end] for other in row)).distinct for row, _ in cells]
    telling = [term for term in wanted - named if 0 < sum(term in terms for terms in held) < len(held)]
    places = [
        (found.start, found.end)
        for (_, found), terms in zip(cells, held, strict=True)
        if all(term in terms for term in telling)
    ]
    return tuple(places) if len(places) > 1 and (cell.start, cell.end) in places else ()


def _rows(text: str, start: int, end: int) -> list[list[Cell]]:
    """The rows of the table that the place stands in; none if it stands in no table."""
    first = text.rfind("\n", 0, start) + 1
    rows = [row_cells(text, first)]
    if len(rows[0]) < 2:
        return []
    before = first
    while before > 0 and len(rows) < _MOST_ROWS:
        before = text.rfind("\n", 0, before - 1) + 1
        row = row_cells(text, before)
        if len(row) < 2:
            break
        rows.insert(0, row)
    after = text.find("\n", end)
    while after >= 0 and len(rows) < 2 * _MOST_ROWS:
        row = row_cells(text, after + 1)
        if len(row) < 2:
            break
        rows.append(row)
        after = text.find("\n", after + 1)
    return rows


def _header(rows: Sequence[Sequence[Cell]], text: str) -> str:
    """The name of the first column: the first cell of the row whose others are the labels below it."""
    labels = {cell.label for row in rows for cell in row if cell.label}
    for row in rows:
        if all(text[cell.start : cell.end] in labels for cell in row[1:]):
            return text[row[0].start : row[0].end]
    return ""
