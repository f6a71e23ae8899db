"""How a PDF page is to be read: its columns one after the other, the rows of its tables as one line each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from retrieval.loading.pdf_rows import GAP, Row
from retrieval.loading.pdf_tables import is_table, table_rows

_MAX_DEPTH: Final = 6
# Rows on either side that make columns, and characters in most of them.
_COLUMN_ROWS: Final = 3
_COLUMN_CHARS: Final = 16
_WIDE_COLUMN_CHARS: Final = 25
_FULL: Final = 0.75
# Rows farther apart than so many font sizes belong to different parts of the page.
_SECTION: Final = 4.0
_CELL_GAP: Final = 0.33
_OUTSIDE: Final = 1e6

#: From where to where there is nothing.
Gap = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of running text, or (``is_row``) a row of a table.

    ``flow`` is the number of the column that it belongs to, and ``edge`` where full lines of that end. ``label`` is how
    much room there is after its first word.
    """

    text: str
    left: float
    right: float
    y: float
    size: float
    flow: int = 0
    edge: float = 0.0
    label: float = 0.0
    is_row: bool = False


def to_lines(rows: Sequence[Row]) -> list[Line]:
    """The lines of a page in the order that they are read in."""
    lines: list[Line] = []
    for flow, part in enumerate(_flows(rows, 0)):
        ends = sorted(line.right for line in part if not line.is_row)
        edge = ends[(len(ends) - 1) * 9 // 10] if len(ends) > 1 else _OUTSIDE  # no line by itself is a full one
        lines += (replace(line, flow=flow, edge=edge) for line in part)
    return lines


def _flows(rows: Sequence[Row], depth: int) -> Iterator[list[Line]]:
    """Lines that belong together: of a column, or of what stands over or under columns."""
    part: list[Line] = []
    done = start = 0
    least = GAP * median(row.size for row in rows) if rows else 0.0
    while start < len(rows):
        if not _begins_gap(rows, start):
            start += 1
            continue
        first, end, gaps = _run(rows, start, done, least)
        region = rows[first:end]
        if depth < _MAX_DEPTH and (gutter := next((gap for gap in gaps if _is_gutter(region, gap)), None)):
            part += map(_line, rows[done:first])
            if part:
                yield part
            part = []
            for side in _sides(region, gutter):
                yield from _flows(side, depth + 1)
        elif len(trimmed := _two_sided(rows, first, end, gaps)) > 1 and is_table(trimmed, gaps):
            gaps = _all_gaps(trimmed)
            first = rows.index(trimmed[0], first)
            end = first + len(trimmed)
            part += map(_line, rows[done:first])
            part += (
                Line(text, row.left, row.right, row.y, row.size, is_row=True) for text, row in table_rows(trimmed, gaps)
            )
        else:
            part += map(_line, rows[done:end])
        done = start = end
    part += map(_line, rows[done:])
    if part:
        yield part


def _line(row: Row) -> Line:
    words = row.segments[0].words
    label = words[1].left - words[0].right if len(words) > 1 else 0.0
    return Line(row.text, row.left, row.right, row.y, row.size, label=label)


def _all_gaps(rows: Sequence[Row]) -> list[Gap]:
    """All that the rows of a table leave free, narrow gaps, too, as long as they are wider than blanks."""
    gaps = _word_gaps(rows[0])
    for row in rows[1:]:
        gaps = _common(gaps, _word_gaps(row), _CELL_GAP * row.size)
    return _inner(gaps)


def _word_gaps(row: Row) -> list[Gap]:
    words = [word for segment in row.segments for word in segment.words]
    edges = [-_OUTSIDE, *(edge for word in words for edge in (word.left, word.right)), _OUTSIDE]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return [gap for gap in gaps if gap[1] - gap[0] > _CELL_GAP * row.size]


def _begins_gap(rows: Sequence[Row], number: int) -> bool:
    """Whether there is a gap in a row, or between it and the next one, which stands beside it."""
    if len(rows[number].segments) > 1:
        return True
    if number + 1 == len(rows):
        return False
    row, following = rows[number], rows[number + 1]
    beside = max(row.left, following.left) - min(row.right, following.right)
    return beside > GAP * row.size and row.y - following.y < row.size


def _run(rows: Sequence[Row], start: int, done: int, least: float) -> tuple[int, int, list[Gap]]:
    """The rows around ``start`` that leave the same gaps free, from which to which, and these gaps."""
    gaps, end = _gaps(rows[start]), start + 1
    while end < len(rows) and rows[end - 1].y - rows[end].y < _SECTION * rows[end - 1].size:
        narrowed = _common(gaps, _gaps(rows[end]), least)
        if not _inner(narrowed):
            break
        gaps, end = narrowed, end + 1
    first = start
    while first > done and rows[first - 1].y - rows[first].y < _SECTION * rows[first].size:
        narrowed = _common(gaps, _gaps(rows[first - 1]), least)
        if len(_inner(narrowed)) < len(_inner(gaps)):
            break
        gaps, first = narrowed, first - 1
    return first, end, _inner(gaps)


def _gaps(row: Row) -> list[Gap]:
    edges = [-_OUTSIDE, *(edge for segment in row.segments for edge in (segment.left, segment.right)), _OUTSIDE]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _common(first: Sequence[Gap], second: Sequence[Gap], least: float) -> list[Gap]:
    """Where both leave at least so much free."""
    found = []
    one = two = 0
    while one < len(first) and two < len(second):
        left, right = max(first[one][0], second[two][0]), min(first[one][1], second[two][1])
        if right - left >= least:
            found.append((left, right))
        if first[one][1] < second[two][1]:
            one += 1
        else:
            two += 1
    return found


def _inner(gaps: Sequence[Gap]) -> list[Gap]:
    return [gap for gap in gaps if gap[0] > -_OUTSIDE and gap[1] < _OUTSIDE]


def _sides(rows: Sequence[Row], gap: Gap) -> tuple[list[Row], list[Row]]:
    """What stands to the left of a gap, and what to the right of it."""
    sides: tuple[list[Row], list[Row]] = ([], [])
    for row in rows:
        left = tuple(segment for segment in row.segments if segment.right <= gap[0] + 0.01)
        right = row.segments[len(left) :]
        for side, segments in zip(sides, (left, right), strict=True):
            if segments:
                side.append(Row(segments, row.y, max(word.size for segment in segments for word in segment.words)))
    return sides


def _is_gutter(rows: Sequence[Row], gap: Gap) -> bool:
    """Whether the gap parts columns that are to be read one after the other, not the cells of a table.

    The order in the file tells it where it goes through one side first. Else running text does: lines that are long,
    and most of them full.
    """
    sides = _sides(rows, gap)
    if min(map(len, sides)) < _COLUMN_ROWS:
        return False
    chars = min(_median(len(row.text) for row in side) for side in sides)
    is_prose = chars >= _COLUMN_CHARS and all(map(_is_full, sides))
    order = sorted(
        (segment.position, number) for number, side in enumerate(sides) for row in side for segment in row.segments
    )
    switches = sum(before[1] != after[1] for before, after in itertools.pairwise(order))
    both = len(sides[0]) + len(sides[1]) - len(rows)
    if switches == 1:
        return is_prose or both < 0.8 * len(rows)
    if switches <= 3:
        return is_prose
    return is_prose and chars >= _WIDE_COLUMN_CHARS and switches >= 0.7 * len(rows)


def _is_full(rows: Sequence[Row]) -> bool:
    """Whether most of the rows reach as far as running text does."""
    left, right = min(row.left for row in rows), max(row.right for row in rows)
    return 2 * sum(row.right - left >= _FULL * (right - left) for row in rows) > len(rows)


def _median(values: Iterator[int]) -> int:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def _two_sided(rows: Sequence[Row], first: int, end: int, gaps: Sequence[Gap]) -> Sequence[Row]:
    """The rows from the first to the last that have more than one cell, and the rest of a last cell."""
    numbers = [number for number in range(first, end) if _cells(rows[number], gaps) > 1]
    if len(numbers) < 2:
        return ()
    last = numbers[-1] + 1
    latest = max(segment.position for row in rows[first:last] for segment in row.segments)
    while last < end and (rows[last].segments[0].position < latest or rows[last].left >= gaps[0][1] - 0.01):
        last += 1
    return rows[numbers[0] : last]


def _cells(row: Row, gaps: Sequence[Gap]) -> int:
    return len({sum(segment.left >= gap[1] - 0.01 for gap in gaps) for segment in row.segments})
