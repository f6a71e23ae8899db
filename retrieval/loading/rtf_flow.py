"""Paragraphs and table rows, put together from the pieces of an RTF file."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from retrieval.loading.parsed import Block
from retrieval.loading.tables import BlockCell, table_blocks

# Edges of cells that lie nearer than this (in twips, 1/20 point) are the same one.
_SAME_EDGE: Final = 60


@dataclass(slots=True)
class _Row:
    cells: list[tuple[Block, ...]]
    edges: list[int]  # the right edge of each cell, in twips; fewer if the file does not say
    covered: list[bool]
    nested: list[bool]
    is_header: bool = False


@dataclass(slots=True)
class Flow:
    """A run of paragraphs: the body of the file, a note or a text box.

    What is set from outside: ``in_table`` and ``heading`` are of the paragraph that is being read; ``edges``,
    ``covered`` (of cells that go on from their neighbour or from above) and ``is_header`` of the table row.
    """

    kind: str = ""
    in_table: bool = False
    heading: bool = False
    edges: list[int] = field(default_factory=list)
    covered: list[bool] = field(default_factory=list)
    is_header: bool = False
    blocks: list[Block] = field(default_factory=list)
    afterwards: list[Block] = field(default_factory=list)  # notes, after the paragraph or table
    _parts: list[str] = field(default_factory=list)
    _cell: list[Block] = field(default_factory=list)
    _row: list[tuple[Block, ...]] = field(default_factory=list)
    _nested: list[bool] = field(default_factory=list)
    _is_nested: bool = False
    _rows: list[_Row] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Text of the paragraph."""
        self._parts.append(text)

    def end_paragraph(self) -> None:
        """The end of a paragraph, which is in a cell or not."""
        block = Block(_whole("".join(self._parts)), heading=self.heading)
        self._parts.clear()
        if self.in_table:
            self._cell += [block] * bool(block.text.strip())
            return
        self._end_table()
        self.blocks.append(block)
        self._add_notes()

    def end_cell(self) -> None:
        """The end of a cell."""
        self.in_table = True
        self.end_paragraph()
        self._row.append(tuple(self._cell))
        self._nested.append(self._is_nested)
        self._cell, self._is_nested = [], False

    def end_nested_row(self) -> None:
        """The end of a row of a table in a cell."""
        self.in_table = True
        self.end_paragraph()
        self._is_nested = True

    def end_row(self) -> None:
        """The end of a row."""
        self._rows.append(_Row(self._row, list(self.edges), list(self.covered), self._nested, self.is_header))
        self._row, self._nested = [], []

    def finish(self) -> list[Block]:
        """All that was read, to its end."""
        if "".join(self._parts).strip():
            self.end_paragraph()
        if self._cell or self._row:
            self.end_cell()
            self.end_row()
        self._end_table()
        self._add_notes()
        return [block for block in self.blocks if block.text.strip()]

    def _add_notes(self) -> None:
        self.blocks += self.afterwards
        self.afterwards = []

    def _end_table(self) -> None:
        if not self._rows:
            return
        edges = _columns([edge for row in self._rows for edge in row.edges])
        header = 0
        while header < len(self._rows) and self._rows[header].is_header:
            header += 1
        rows = [_cells(row, edges) for row in self._rows]
        self.blocks += table_blocks(rows, header=header if 0 < header < len(rows) else None)
        self._rows = []
        self._add_notes()


def _columns(edges: Sequence[int]) -> list[int]:
    """The right edges of a table's columns, from left to right."""
    columns: list[int] = []
    for edge in sorted(set(edges)):
        if not columns or edge - columns[-1] > _SAME_EDGE:
            columns.append(edge)
    return columns


def _cells(row: _Row, columns: Sequence[int]) -> list[BlockCell]:
    cells: list[BlockCell] = []
    before = 0
    for number, blocks in enumerate(row.cells):
        width = 1
        if number < len(row.edges):
            end = bisect_left(columns, row.edges[number] - _SAME_EDGE) + 1
            width, before = max(1, end - before), max(before, end)
        is_covered = number < len(row.covered) and row.covered[number]
        cells.append(BlockCell(() if is_covered else blocks, columns=width, is_nested=row.nested[number]))
    return cells


def _whole(text: str) -> str:
    """With the characters that a file gives in two halves."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
