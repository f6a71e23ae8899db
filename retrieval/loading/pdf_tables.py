"""Tables in PDF, which has none: cells that stand in columns become a line a row."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from retrieval.language.lines import CELL_SEPARATOR
from retrieval.loading.normalise import join_lines
from retrieval.loading.pdf_rows import Row, Segment
from retrieval.loading.pdf_words import Word

#: What stands between two cells of a row.
# In font sizes: how exactly cells stand over each other, a gap that needs no proof, lines of one cell.
_ALIGNED: Final = 0.25
_WIDE: Final = 2.0
_LEADING: Final = 1.4
_MOST: Final = 0.6
# The rows of a table are at least so much farther apart than the lines in a cell.
_LOOSE: Final = 1.15

# What stands at the right edge of its column.
_AMOUNT: Final = re.compile(r"[^\W\d_]{0,3}\W{0,2}\d[\d.,:–-]*\W{0,2}\w{0,7}\.?")

Gap = tuple[float, float]


@dataclass
class _Cells:
    """A row of a table: the lines of its cells by column, and the lowest baseline."""

    lines: dict[int, list[str]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def add(self, column: int, text: str, row: Row) -> None:
        self.lines.setdefault(column, []).append(text)
        self.rows.append(row)

    @property
    def text(self) -> str:
        cells = []
        for _, (first, *others) in sorted(self.lines.items()):
            for line in others:
                first = join_lines(first, line)
            cells.append(first)
        return CELL_SEPARATOR.join(cells)


@dataclass(frozen=True)
class _Entry:
    """The part of a row in one column."""

    column: int
    text: str
    position: int
    row: Row
    number: int


def is_table(rows: Sequence[Row], gaps: Sequence[Gap]) -> bool:
    """Whether what stands beside a gap stands in columns; in running text, wide gaps meet by chance only."""
    return any(_is_aligned(rows, gap) for gap in gaps)


def _is_aligned(rows: Sequence[Row], gap: Gap) -> bool:
    pairs = []
    for row in rows:
        before = [segment for segment in row.segments if segment.right <= gap[0] + 0.01]
        after = row.segments[len(before) :]
        if before and after:
            pairs.append((before[-1], after[0], row))
    if len(pairs) < 2:
        return False
    size = max(row.size for row in rows)
    if gap[1] - gap[0] > _WIDE * size:
        return True
    lefts = [after.left for _, after, _ in pairs]
    middles = [(after.left + after.right) / 2 for _, after, _ in pairs]
    ends = [after.right for _, after, _ in pairs if _AMOUNT.fullmatch(after.text)]
    ends = [after.right for _, after, _ in pairs] if 2 * len(ends) >= len(pairs) else []
    least = _MOST * len(pairs)
    return any(_alike(values, _ALIGNED * size) >= least for values in (lefts, middles, ends) if values)


def _alike(values: Sequence[float], tolerance: float) -> int:
    """How many of the values lie within so much of the one in the middle."""
    middle = sorted(values)[len(values) // 2]
    return sum(abs(value - middle) <= tolerance for value in values)


def table_rows(rows: Sequence[Row], gaps: Sequence[Gap]) -> Iterator[tuple[str, Row]]:
    """The rows of a table as lines, cells of several lines put together, each with the row that it begins with."""
    entries = [entry for number, row in enumerate(rows) for entry in _entries(row, number, gaps)]
    merged = _by_order(sorted(entries, key=lambda entry: entry.position)) or _by_rows(entries)
    for cells in merged:
        yield cells.text, cells.rows[0]


def _entries(row: Row, number: int, gaps: Sequence[Gap]) -> Iterator[_Entry]:
    columns: dict[int, list[Word]] = {}
    for segment in row.segments:
        for word in segment.words:
            columns.setdefault(sum(word.left >= gap[1] - 0.01 for gap in gaps), []).append(word)
    for column, words in columns.items():
        yield _Entry(column, Segment(tuple(words)).text, words[0].position, row, number)


def _by_order(entries: Sequence[_Entry]) -> list[_Cells]:
    """The rows by the order in the file, which goes through a cell of several lines before the next; else none.

    A row ends where the order goes back to an earlier column.
    """
    merged = [_Cells()]
    before: _Entry | None = None
    climbs = False
    for entry in entries:
        if before is not None:
            climbs |= entry.column > before.column and entry.row.y > before.row.y
            near = before.row.y - entry.row.y <= _LEADING * entry.row.size
            if entry.column < before.column or (entry.column == before.column and not near):
                merged.append(_Cells())
        merged[-1].add(entry.column, entry.text, entry.row)
        before = entry
    tops = [max(row.y for row in cells.rows) for cells in merged]
    bottoms = [min(row.y for row in cells.rows) for cells in merged]
    is_ordered = all(bottom > top for bottom, top in zip(bottoms, tops[1:], strict=False))
    return merged if climbs and is_ordered else []


def _by_rows(entries: Sequence[_Entry]) -> list[_Cells]:
    """The rows as they stand; one without a first cell goes on with the row over it if it is closer than rows are."""
    rows: list[list[_Entry]] = []
    for entry in entries:
        if rows and rows[-1][0].number == entry.number:
            rows[-1].append(entry)
        else:
            rows.append([entry])
    steps = [before[0].row.y - after[0].row.y for before, after in itertools.pairwise(rows)]
    usual = max(steps, default=0.0)
    merged: list[_Cells] = []
    for number, row in enumerate(rows):
        step = steps[number - 1] if number else usual
        close = step <= _LEADING * row[0].row.size and (step * _LOOSE < usual or row[0].text[0].islower())
        if not (merged and row[0].column > 0 and close):
            merged.append(_Cells())
        for entry in row:
            merged[-1].add(entry.column, entry.text, entry.row)
    return merged
