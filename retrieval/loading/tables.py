"""Tables as text: a row is a line, and each cell says what its column is about.

"Tageskarte | 8 Euro | 4 Euro" does not say whose price is which, and the row with the names of the columns may be far
above. Where that row is certain, its words stand before each cell: "Tageskarte | Erwachsene: 8 Euro | Kinder: 4 Euro".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from retrieval.language.lines import CELL_SEPARATOR, LABEL_END
from retrieval.loading.limits import MAX_TEXT_CHARS
from retrieval.loading.parsed import Block

#: What a table may have at most; further columns are put into the last one, spans end there.
MAX_COLUMNS: Final = 200
_MAX_SPAN_ROWS: Final = 10_000
#: A longer cell is no name of a column.
_MAX_LABEL_CHARS: Final = 80
_YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b")
_DIGIT: Final = re.compile(r"\d")
_MARKS: Final = frozenset({"-", "–", "—", "x", "✓", "✔", "●", "ja", "nein", "frei", "kostenlos", "k. A."})
# How much of a column's cells has to be values before its first cell counts as its name.
_VALUES: Final = 0.8
# A table with a cell of several paragraphs that are longer than this together only arranges text on the page.
_MAX_CELL_CHARS: Final = 600


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell, and how many columns and rows it takes (each at least 1)."""

    text: str
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True)
class BlockCell:
    """A cell as paragraphs and headings; ``columns`` and ``rows`` as in Cell."""

    blocks: tuple[Block, ...]
    columns: int = 1
    rows: int = 1
    is_nested: bool = False  # whether there is a table in it

    @property
    def text(self) -> str:
        """Its paragraphs put together."""
        return " ".join(block.text for block in self.blocks)


#: The cells of a row by column; what spans leave empty is "".
_Line = dict[int, str]


def rows_as_lines(rows: Iterable[Sequence[Cell | str]], *, header: int | None = None) -> list[str]:
    """A line for each row with text, its cells apart by " | ", empty ones left out, merged ones once.

    Args:
        rows: the cells of each row from left to right, of which merged ones are given once, where they begin.
        header: how many rows at the top are names of columns; None if the table does not say, then they are looked
            for and used only where they are certain.

    Returns:
        Lines without line ends. The names of the columns are a line of their own, and stand before the cells below
        them, but for the first column, which is what a row is about.
    """
    grid, spans = _grid(rows)
    top = next((number for number, line in enumerate(grid) if len(line) > 1), len(grid))  # below the table's title
    if header is None:
        header = top + _has_header(grid[top:])
    labels = _labels(grid[:header], spans[:header], columns=max(map(max, filter(None, grid)), default=0) + 1)
    if sum(map(len, labels.values())) * len(grid) > MAX_TEXT_CHARS:
        labels = {}  # they would make a large table many times as large
    lines = []
    for number, line in enumerate(grid):
        named = labels if number >= header and len(line) > 1 else {}
        cells = (_labelled(text, column, spans[number][column], named) for column, text in line.items())
        if line:
            lines.append(CELL_SEPARATOR.join(cells))
    return lines


def table_blocks(rows: Sequence[Sequence[BlockCell]], *, header: int | None = None) -> list[Block]:
    """A table as blocks: a line for each row as in ``rows_as_lines``, or what is in its cells if it is only a frame.

    A frame has one column, or holds other tables, or cells as long as an article.
    """
    if max(map(len, rows), default=0) > 1 and not any(_is_framed(cell) for row in rows for cell in row):
        page = next((cell.blocks[0].page for row in rows for cell in row if cell.blocks), 0)
        lines = rows_as_lines(
            [[Cell(cell.text, cell.columns, cell.rows) for cell in row] for row in rows], header=header
        )
        return [Block(line, page=page) for line in lines]
    blocks: list[Block] = []
    for row in rows:
        if any(_is_framed(cell) for cell in row) or len(row) == 1:
            blocks += (block for cell in row for block in cell.blocks)
        else:
            page = next((cell.blocks[0].page for cell in row if cell.blocks), 0)
            blocks += (Block(line, page=page) for line in rows_as_lines([[cell.text for cell in row]], header=0))
    return blocks


def _is_framed(cell: BlockCell) -> bool:
    long = len(cell.blocks) > 1 and sum(len(block.text) for block in cell.blocks) > _MAX_CELL_CHARS
    return cell.is_nested or long


def named_columns(rows: Sequence[Sequence[str]], *, widest: int = 2) -> int | None:
    """How many rows of a spreadsheet or of a list of records are the title and the names of the columns.

    None where the first row with several cells may be as the others, or has fewer cells than ``widest``.
    """
    filled = [[text for text in row if text.strip()] for row in rows]
    top = next((number for number, row in enumerate(filled) if len(row) > 1), None)
    if top is None or top + 1 >= len(filled):
        return None
    names = filled[top]
    usual = max(map(len, filled[top + 1 :]))
    is_header = len(names) == len(set(names)) and not any(is_value(n) or len(n) > _MAX_LABEL_CHARS for n in names)
    return top + 1 if is_header and len(names) >= max(widest, min(usual, 3) - 1, usual // 2) else None


def is_value(text: str) -> bool:
    """Whether this is a figure, a date, a yes or the like; a year alone may be the name of a column, too."""
    return bool(_DIGIT.search(_YEAR.sub("", text))) or text.lower() in _MARKS


def _grid(rows: Iterable[Sequence[Cell | str]]) -> tuple[list[_Line], list[dict[int, int]]]:
    """The text of each row by column, and how many columns each cell takes."""
    grid: list[_Line] = []
    spans: list[dict[int, int]] = []
    taken: dict[int, int] = {}  # by column: for how many rows more a cell from above takes it
    for row in rows:
        line: _Line = {}
        widths: dict[int, int] = {}
        column = 0
        beyond: list[str] = []
        below: dict[int, int] = {}
        for given in row:
            cell = Cell(given) if isinstance(given, str) else given
            while column in taken:
                column += 1
            text = " ".join(cell.text.split())
            if column >= MAX_COLUMNS - 1:
                beyond += [text] * bool(text)
                continue
            width = max(1, min(cell.columns, MAX_COLUMNS - column))
            if text:
                line[column], widths[column] = text, width
            if cell.rows > 1:
                below |= dict.fromkeys(range(column, column + width), min(cell.rows, _MAX_SPAN_ROWS) - 1)
            column += width
        if beyond:
            line[MAX_COLUMNS - 1], widths[MAX_COLUMNS - 1] = CELL_SEPARATOR.join(beyond), 1
        taken = {place: left - 1 for place, left in taken.items() if left > 1} | below
        grid.append(line)
        spans.append(widths)
    return grid, spans


def _labels(header: Sequence[_Line], spans: Sequence[dict[int, int]], *, columns: int) -> dict[int, str]:
    """The name of each column that has one: "Eintritt Kinder" where "Eintritt" stands above several columns."""
    parts: dict[int, list[str]] = {}
    for line, widths in zip(header, spans, strict=True):
        for start, text in line.items():
            if len(line) == 1 and (widths[start] > 1 or start == 0):
                continue  # the title of the table
            for column in range(start, min(start + widths[start], columns)):
                if text not in parts.setdefault(column, []):
                    parts[column].append(text)
    labels = {column: " ".join(text.rstrip(" :") for text in texts).strip() for column, texts in parts.items()}
    return {column: label for column, label in labels.items() if 0 < len(label) <= _MAX_LABEL_CHARS}


def _labelled(text: str, column: int, width: int, labels: Mapping[int, str]) -> str:
    """A cell with the names of its columns, but for the first one."""
    names = list(dict.fromkeys(labels[place] for place in range(column, column + width) if place in labels))
    label = ", ".join(names)
    says_more = column > 0 and names and text not in names and len(label) <= _MAX_LABEL_CHARS
    return label + LABEL_END + text if says_more else text


def _has_header(grid: Sequence[_Line]) -> bool:
    """Whether the first row surely names the columns: words above figures, or nothing above the names of the rows.

    A table of two columns without a corner ("Telefon | 0123") says nothing of the kind: its first row may be as the
    others.
    """
    if len(grid) < 2:
        return False
    head, body = grid[0], [line for line in grid[1:] if line]
    names = [text for column, text in head.items() if column > 0]
    if not body or len(set(names)) < len(names) or any(is_value(text) for text in names):
        return False
    width = max(max(line) for line in (head, *body)) + 1
    if any(len(text) > _MAX_LABEL_CHARS for text in names) or len(names) < width - 1:
        return False
    if 0 not in head:
        return sum(0 in line for line in body) > len(body) / 2
    if width < 3:
        return False
    for column in range(1, width):
        cells = [line[column] for line in body if column in line]
        values = sum(map(is_value, cells))
        if len(cells) > 1 and values >= _VALUES * len(cells):
            return True
        if len(cells) == 1 and values and width - 1 <= 2 * sum(is_value(body[0].get(c, "")) for c in range(1, width)):
            return True
    return False
