"""The body of a Word file: paragraphs, tables and text boxes in order, notes after their paragraph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from retrieval.loading.parsed import Block, comments
from retrieval.loading.tables import BlockCell, table_blocks
from retrieval.loading.xml_files import attribute, local_name, named

if TYPE_CHECKING:
    from lxml.etree import _Element

# Deleted and moved text, the second copy of a text box for old programs, the codes of fields, phonetic guides.
_LEFT_OUT: Final = frozenset({"del", "moveFrom", "Fallback", "instrText", "delText", "pPr", "rPr", "rt"})
_CHARACTERS: Final = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011"}
_NOTES: Final = {
    "footnoteReference": "footnotes",
    "endnoteReference": "endnotes",
    "commentReference": "comments",
}
_OFF: Final = frozenset({"0", "false", "off"})
_MAX_STYLES_UPWARDS: Final = 10


@dataclass(frozen=True, slots=True)
class Styles:
    """The ids of the styles that are headings, and of the table styles that set the first row apart."""

    headings: frozenset[str] = frozenset()
    first_row: frozenset[str] = frozenset()


def read_styles(styles: _Element | None) -> Styles:
    """A style is what the ones that it rests on are, too."""
    if styles is None:
        return Styles()
    names: dict[str, str] = {}
    bases: dict[str, str] = {}
    marked: set[str] = set()
    for style in named(styles, "style"):
        style_id = attribute(style, "styleId")
        for child in style:
            if local_name(child) == "name":
                names[style_id] = attribute(child, "val").lower()
            elif local_name(child) == "basedOn":
                bases[style_id] = attribute(child, "val")
            elif local_name(child) == "tblStylePr" and attribute(child, "type") == "firstRow":
                marked.add(style_id)
    headings = {style for style, name in names.items() if name.startswith("heading") or name == "title"}
    return Styles(_resting_on(headings, names, bases), _resting_on(marked, names, bases))


def _resting_on(wanted: set[str], names: Mapping[str, str], bases: Mapping[str, str]) -> frozenset[str]:
    found = set()
    for style_id in names:
        ancestor = style_id
        for _ in range(_MAX_STYLES_UPWARDS):
            if ancestor in wanted:
                found.add(style_id)
                break
            ancestor = bases.get(ancestor, "")
    return frozenset(found)


@dataclass(slots=True)
class Body:
    """Reads what stands in a body; ``notes`` are footnotes, endnotes and comments by kind and id, each given once."""

    styles: Styles
    notes: dict[tuple[str, str], _Element] = field(default_factory=dict)

    def blocks(self, parent: _Element) -> Iterator[Block]:
        """The paragraphs, table rows, text boxes and notes below an element."""
        for child in parent:
            name = local_name(child)
            if name == "p":
                style = next((attribute(element, "val") for element in named(child, "pStyle")), "")
                yield Block(_text(child), heading=style in self.styles.headings)
                yield from self._text_boxes(child)
                yield from self._notes_in(child)
            elif name == "tbl":
                yield from self._table(child)
            elif name not in _LEFT_OUT:
                yield from self.blocks(child)

    def notes_left(self) -> Iterator[Block]:
        """The notes that nothing refers to."""
        while self.notes:
            kind, number = next(iter(self.notes))
            yield from self._note(kind, number)

    def _note(self, kind: str, number: str) -> Iterator[Block]:
        note = self.notes.pop((kind, number), None)
        if note is None or attribute(note, "type") in ("separator", "continuationSeparator", "continuationNotice"):
            return
        blocks = [block for block in self.blocks(note) if block.text.strip()]
        if kind == "comments" and blocks:
            yield from comments(" ".join(block.text.strip() for block in blocks), attribute(note, "author").strip())
        else:
            yield from blocks

    def _notes_in(self, paragraph: _Element) -> Iterator[Block]:
        if not self.notes:
            return
        references = [element for element in paragraph.iter() if local_name(element) in _NOTES]
        for reference in references:
            yield from self._note(_NOTES[local_name(reference)], attribute(reference, "id"))

    def _text_boxes(self, element: _Element) -> Iterator[Block]:
        for child in element:
            if local_name(child) == "txbxContent":
                yield from self.blocks(child)
            elif local_name(child) not in _LEFT_OUT:
                yield from self._text_boxes(child)

    def _table(self, table: _Element) -> Iterator[Block]:
        rows = [row for row in _children(table, "tr") if not _has(row, "trPr", "del")]
        notes, self.notes = self.notes, {}  # they follow the table, rather than stand in its cells
        try:
            cells = [self._cells(row) for row in rows]
        finally:
            self.notes = notes
        yield from table_blocks(cells, header=self._header(table, rows))
        for row in rows:
            yield from self._notes_in(row)

    def _cells(self, row: _Element) -> list[BlockCell]:
        cells = [BlockCell((), columns=before)] if (before := _number(row, "trPr", "gridBefore")) else []
        for cell in _children(row, "tc"):
            columns = max(1, _number(cell, "tcPr", "gridSpan"))
            merge = _property(cell, "tcPr", "vMerge")
            goes_on = merge is not None and attribute(merge, "val") != "restart"
            blocks = () if goes_on else tuple(block for block in self.blocks(cell) if block.text.strip())
            is_nested = any(local_name(child) == "tbl" for child in cell)
            cells.append(BlockCell(blocks, columns=columns, is_nested=is_nested))
        return cells

    def _header(self, table: _Element, rows: list[_Element]) -> int | None:
        """How many rows are names of columns: those that are repeated on each page, or look unlike the others."""
        repeated = 0
        for row in rows:
            mark = _property(row, "trPr", "tblHeader")
            if mark is None or attribute(mark, "val") in _OFF:
                break
            repeated += 1
        if repeated:
            return repeated if repeated < len(rows) else 0
        if len(rows) > 1 and _is_bold(rows[0]) and not _is_bold(rows[1]):
            return 1
        style, look = _property(table, "tblPr", "tblStyle"), _property(table, "tblPr", "tblLook")
        if style is not None and attribute(style, "val") in self.styles.first_row:
            return 1 if look is None or _marks_first_row(look) else None
        return None


def _children(parent: _Element, name: str) -> Iterator[_Element]:
    """The rows of a table or the cells of a row, also those in content controls and the like."""
    for child in parent:
        if local_name(child) == name:
            yield child
        elif local_name(child) in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"):
            yield from _children(child, name)


def _property(element: _Element, group: str, name: str) -> _Element | None:
    for child in element:
        if local_name(child) == group:
            return next((found for found in child if local_name(found) == name), None)
    return None


def _has(element: _Element, group: str, name: str) -> bool:
    return _property(element, group, name) is not None


def _number(element: _Element, group: str, name: str) -> int:
    found = _property(element, group, name)
    value = "" if found is None else attribute(found, "val")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 0


def _marks_first_row(look: _Element) -> bool:
    said = attribute(look, "firstRow")
    if said:
        return said not in _OFF
    try:
        return bool(int(attribute(look, "val"), 16) & 0x20)
    except ValueError:
        return True


def _is_bold(row: _Element) -> bool:
    """Whether all of its words are."""
    runs = [run for run in named(row, "r") if any(local_name(child) == "t" and child.text for child in run)]
    return bool(runs) and all(
        (bold := _property(run, "rPr", "b")) is not None and attribute(bold, "val") not in _OFF for run in runs
    )


def _text(element: _Element) -> str:
    parts = []
    for child in element:
        name = local_name(child)
        if name == "t":
            parts.append(child.text or "")
        elif name in _CHARACTERS:
            parts.append(_CHARACTERS[name])
        elif name not in _LEFT_OUT and name != "txbxContent":
            parts.append(_text(child))
    return "".join(parts)
