"""Tables of a web page as lines, one for each row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retrieval.language.lines import CELL_SEPARATOR
from retrieval.loading.tables import Cell, rows_as_lines

if TYPE_CHECKING:
    from lxml.etree import _Element

_CELLS: Final = ("td", "th")
# What only a page's layout has in a cell.
_LAYOUT: Final = frozenset({"table", "tr", "h1", "h2", "article", "section", "form"})
# Paragraphs that are longer than this together are no cell, either.
_MAX_CELL_CHARS: Final = 600
_MAX_SPAN: Final = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table, also without the names of its columns, and how many characters of it are links."""

    text: str
    shown: str
    linked: int


def is_data(element: _Element) -> bool:
    """Whether a ``table``, or a ``tr`` of one that is none as a whole, holds data and does not lay the page out.

    It looks no further than the first table inside, so that nested ones take no longer than others.
    """
    widest = cells = paragraphs = chars = 0
    for inner in element.iterdescendants(*_CELLS, *_LAYOUT, "p", "div"):
        tag = inner.tag
        if tag == "tr" and element.tag == "table":
            cells = 0
        elif tag in _LAYOUT:
            return False
        elif tag in _CELLS:
            cells += 1
            widest = max(widest, cells)
            paragraphs = chars = 0
        else:
            paragraphs += 1
            chars += len(inner.text or "")
            if paragraphs > 1 and chars > _MAX_CELL_CHARS:
                return False
    return widest > 1


def read_table(element: _Element, *, is_left_out: Callable[[_Element], bool]) -> Iterator[Row]:
    """The rows of a table, or of a single ``tr``, that have text, after the table's caption."""
    rows: list[list[_Cell]] = []
    header = 0  # rows at the top that are names of columns
    elements = [element] if element.tag == "tr" else element.iterdescendants("tr", "caption")
    for row in elements:
        if row.tag == "caption":
            text, linked = _text(row, is_left_out)
            if text and not is_left_out(row):
                yield Row(text, text, linked)
        elif not is_left_out(row):
            found = [cell for cell in row.iterchildren(*_CELLS) if not is_left_out(cell)]
            parent = row.getparent()
            in_head = parent is not None and parent.tag == "thead"
            if found and header == len(rows) and (in_head or all(cell.tag == "th" for cell in found)):
                header += 1
            rows.append(
                [_Cell(*_text(cell, is_left_out), _span(cell, "colspan"), _span(cell, "rowspan")) for cell in found]
            )
    filled = [row for row in rows if any(cell.text for cell in row)]
    known = None if header == 0 or header >= len(rows) else header
    if element.tag == "tr":
        known = 0
    lines = rows_as_lines([[Cell(cell.text, cell.columns, cell.rows) for cell in row] for row in rows], header=known)
    for line, row in zip(lines, filled, strict=False):
        shown = CELL_SEPARATOR.join(cell.text for cell in row if cell.text)
        linked = len(line) * sum(cell.linked for cell in row) // max(1, sum(len(cell.text) for cell in row))
        yield Row(line, shown, linked)


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    linked: int
    columns: int
    rows: int


def _text(cell: _Element, is_left_out: Callable[[_Element], bool]) -> tuple[str, int]:
    """What is seen of a cell, on one line, and how many characters of it are links."""
    from lxml import etree

    parts: list[str] = []
    links = linked = 0
    inline = ("a", "b", "strong", "i", "em", "span", "sup", "sub", "small", "abbr", "u", "font", "mark", "wbr")
    walk = etree.iterwalk(cell, events=("start", "end", "comment", "pi"))
    for event, inner in walk:
        said = inner.text
        if event != "start":
            if inner is cell:
                break
            said = inner.tail
            links -= inner.tag == "a" and event == "end"
        elif inner is not cell and is_left_out(inner):
            walk.skip_subtree()
            links += inner.tag == "a"
            continue
        else:
            links += inner.tag == "a"
        if inner.tag not in inline and event in ("start", "end"):
            parts.append(" ")
        if said:
            parts.append(said)
            linked += len(said.strip()) if links else 0
    text = " ".join("".join(parts).split())
    return text, min(linked, len(text))


def _span(cell: _Element, name: str) -> int:
    stated = (cell.get(name) or "")[:6]
    return max(1, min(int(stated), _MAX_SPAN)) if stated.isascii() and stated.isdigit() else 1
