"""The body of an OpenDocument file: paragraphs, lists, tables and text boxes in order, notes after their paragraph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retrieval.loading.limits import MAX_CELLS
from retrieval.loading.parsed import Block, comments
from retrieval.loading.tables import MAX_COLUMNS, BlockCell, named_columns, table_blocks
from retrieval.loading.xml_files import attribute, local_name, named

if TYPE_CHECKING:
    from lxml.etree import _Element

# Deleted text, what describes pictures, and what is no text; notes and boxes follow their paragraph.
_LEFT_OUT: Final = frozenset({
    "tracked-changes", "sequence-decls", "variable-decls", "user-field-decls", "forms", "ruby-text", "bookmark",
    "title", "desc", "shapes", "event-listeners", "note-citation",
})  # fmt: skip
_AFTERWARDS: Final = frozenset({"note", "annotation", "frame", "text-box", "custom-shape", "rect", "ellipse"})
_SHAPES: Final = frozenset({"custom-shape", "rect", "ellipse", "line", "connector", "polygon", "path", "caption"})
_MAX_BLANKS: Final = 100
_MAX_REPEATED_ROWS: Final = 100


@dataclass(slots=True)
class OdfBody:
    """Reads the elements of a body; ``titles`` are the names of the styles that a document's title has."""

    titles: frozenset[str] = frozenset()
    page: int = 0
    cells: int = 0  # in all tables until now
    comments: list[Block] | None = None  # in the table that is being read, after which they come

    def blocks(self, parent: _Element, *, heading: bool = False) -> Iterator[Block]:
        """The paragraphs and table rows below an element."""
        for child in parent:
            name = local_name(child)
            if name in ("p", "h"):
                is_heading = heading or name == "h" or attribute(child, "style-name") in self.titles
                yield Block("".join(_text(child)), page=self.page, heading=is_heading)
                yield from self._afterwards(child)
            elif name == "table":
                yield from self.table(child)
            elif name == "annotation":
                yield from self._comment(child)
            elif name and name not in _LEFT_OUT:
                is_title = attribute(child, "class") == "title" and name == "frame"
                yield from self.blocks(child, heading=heading or is_title)

    def _afterwards(self, paragraph: _Element) -> Iterator[Block]:
        """The notes, comments and boxes that hang on a paragraph."""
        for child in paragraph:
            name = local_name(child)
            if name == "annotation":
                yield from self._comment(child)
            elif name == "note":
                yield from (block for body in named(child, "note-body") for block in self.blocks(body))
            elif name in _AFTERWARDS:
                yield from self.blocks(child)
            elif name and name not in _LEFT_OUT:
                yield from self._afterwards(child)

    def _comment(self, annotation: _Element) -> Iterator[Block]:
        author = next(("".join(child.itertext()) for child in annotation if local_name(child) == "creator"), "").strip()
        said = " ".join(block.text.strip() for block in self.blocks(annotation) if block.text.strip())
        found = comments(said, author, page=self.page)
        if self.comments is None:
            yield from found
        else:
            self.comments += found

    def table(self, table: _Element, *, is_sheet: bool = False) -> list[Block]:
        """The rows of a table, then its comments; it ends where all tables have had MAX_CELLS cells.

        Tables that are sheets have the names of their columns more often than those in a text.
        """
        rows: list[list[BlockCell]] = []
        header = 0
        outer, self.comments = self.comments, []
        for row, is_header in _rows(table):
            if self.cells > MAX_CELLS:
                break
            cells = self._row(row)
            repeated = _number(row, "number-rows-repeated") if cells else 1
            repeated = min(repeated, _MAX_REPEATED_ROWS)
            rows += [cells] * repeated
            self.cells += len(cells) * repeated
            header += is_header
        if not header and _has_heading_style(table):
            header = 1
        if not header and is_sheet:
            header = named_columns([[cell.text for cell in row] for row in rows], widest=3) or 0
        blocks = table_blocks(rows, header=header if 0 < header < len(rows) else None)
        comments, self.comments = self.comments, outer
        if outer is not None:
            outer += comments or []
            return blocks
        return [*blocks, *(comments or [])]

    def _row(self, row: _Element) -> list[BlockCell]:
        cells: list[BlockCell] = []
        for cell in row:
            name = local_name(cell)
            if name not in ("table-cell", "covered-table-cell"):
                continue
            blocks = () if name != "table-cell" else tuple(b for b in self.blocks(cell) if b.text.strip())
            repeated = _number(cell, "number-columns-repeated")
            if blocks:
                spans = _number(cell, "number-columns-spanned")
                is_nested = any(local_name(child) == "table" for child in cell)
                # The cells that it covers are given, too.
                cells += [BlockCell(blocks, 1, is_nested=is_nested)] * min(repeated, MAX_COLUMNS)
                if spans > 1:
                    cells[-1] = BlockCell(blocks, spans, is_nested=is_nested)
            else:
                covered = name == "covered-table-cell" and cells and cells[-1].columns > 1
                cells += [] if covered else [BlockCell(())] * min(repeated, MAX_COLUMNS)
        while cells and not cells[-1].blocks:
            cells.pop()
        return cells


def _rows(parent: _Element, *, is_header: bool = False) -> Iterator[tuple[_Element, bool]]:
    for child in parent:
        name = local_name(child)
        if name == "table-row":
            yield child, is_header
        elif name in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _rows(child, is_header=is_header or name == "table-header-rows")


def _has_heading_style(table: _Element) -> bool:
    """Whether all paragraphs of the first row, and not those of the second, have the style of table headings."""
    marks = []
    for row, _ in _rows(table):
        styles = [attribute(paragraph, "style-name") for paragraph in named(row, "p")]
        marks.append(bool(styles) and all("Heading" in style for style in styles))
        if len(marks) == 2:
            return marks == [True, False]
    return False


def _number(element: _Element, name: str) -> int:
    value = attribute(element, name)
    return int(value) if value.isascii() and value.isdigit() and 0 < len(value) < 8 else 1


def _text(element: _Element) -> Iterator[str]:
    """The text of a paragraph without what hangs on it."""
    yield element.text or ""
    for child in element:
        name = local_name(child)
        if name == "s":
            yield " " * min(_number(child, "c"), _MAX_BLANKS)
        elif name == "tab":
            yield "\t"
        elif name == "line-break":
            yield "\n"
        elif name and name not in _LEFT_OUT and name not in _AFTERWARDS and name not in _SHAPES:
            yield from _text(child)
        yield child.tail or ""
