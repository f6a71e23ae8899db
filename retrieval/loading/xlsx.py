"""Excel files: an article for each sheet, figures as they are shown.

Read from the XML itself, sheet by sheet and row by row, so that the limits of archives and of XML from others hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Final

from retrieval.errors import LoadingError
from retrieval.loading.archive import Archive
from retrieval.loading.limits import MAX_CELLS, MAX_ERROR_CHARS, MAX_LARGE_FILE_BYTES
from retrieval.loading.office import (
    OfficePart,
    office_part,
    open_office_file,
    part_with_relations,
    plain_text,
    relation_id,
    skipped_parts,
)
from retrieval.loading.parsed import Article, Block, Skipped, comments
from retrieval.loading.spreadsheets import sheet_title
from retrieval.loading.tables import MAX_COLUMNS, Cell, named_columns, rows_as_lines
from retrieval.loading.xlsx_numbers import BUILT_IN, FALSE, TRUE, shown_number
from retrieval.loading.xml_files import attribute, local_name, named
from retrieval.messages import notice

if TYPE_CHECKING:
    from lxml.etree import _Element

_KIND: Final = notice("loading.kind_excel")
_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


@dataclass(slots=True)
class _Book:
    """What the cells of all sheets refer to; ``cells`` is how many there were until now."""

    strings: list[str]
    formats: list[str]
    bold: list[bool]
    from_1904: bool
    cells: int = 0


@dataclass(slots=True)
class _Sheet:
    rows: list[list[str]] = field(default_factory=list)
    spans: dict[tuple[int, int], int] = field(default_factory=dict)  # by row and column: how many columns
    first_is_bold: bool = False
    unknown: int = 0  # formulas without a result
    is_cut: bool = False


def read_excel_file(raw: bytes, name: str) -> Iterator[Article | Skipped]:
    """An article for each sheet that has text, with its comments in brackets; hidden sheets are left out."""
    archive, main, workbook = open_office_file(raw, name, _KIND, ".xls")
    book = _book(archive, main, workbook)
    articles: list[tuple[str, tuple[Block, ...]]] = []
    drawn: list[OfficePart] = []
    for entry in named(workbook, "sheet"):
        title, path = attribute(entry, "name"), main.target(relation_id(entry))
        if attribute(entry, "state") in ("hidden", "veryHidden"):
            yield Skipped(notice("parts.hidden_sheet", sheet=title), notice("parts.hidden_why"))
            continue
        if path not in archive:
            continue
        sheet = _read_sheet(archive.read(path, MAX_LARGE_FILE_BYTES), book, name)
        part = part_with_relations(archive, path)
        drawings = [part_with_relations(archive, target) for target in part.targets("drawing")]
        drawn += [part, *drawings]
        blocks = (*_table(sheet), *_comments(archive, part), *_boxes(archive, drawings))
        if blocks:
            articles.append((title, blocks))
        if sheet.unknown:
            what = notice("parts.formulas", sheet=title, count=sheet.unknown)
            yield Skipped(what, notice("parts.formulas_why"))
        if sheet.is_cut:
            what = notice("parts.rest_of_sheets", sheet=title)
            yield Skipped(what, notice("parts.rows_why", limit=MAX_CELLS))
            break
    yield from skipped_parts(archive, drawn)
    if not articles:
        raise LoadingError(notice("loading.nothing", name=name))
    for title, blocks in articles:
        alone = len(articles) == 1
        yield Article(blocks, title=sheet_title(name, "" if alone else title), member="" if alone else title)


def _book(archive: Archive, main: OfficePart, workbook: _Element) -> _Book:
    strings: list[str] = []
    for path in main.targets("sharedStrings"):
        table = office_part(archive, path)
        strings += [_string(item) for item in ([] if table is None else table) if local_name(item) == "si"]
    formats: list[str] = []
    bold: list[bool] = []
    for path in main.targets("styles"):
        styles = office_part(archive, path)
        if styles is not None:
            formats, bold = _styles(styles)
    from_1904 = any(attribute(entry, "date1904") in ("1", "true") for entry in named(workbook, "workbookPr"))
    return _Book(strings, formats, bold, from_1904)


def _styles(styles: _Element) -> tuple[list[str], list[bool]]:
    """The number format of each cell style, and whether it is bold."""
    codes: dict[str, str] = {str(number): code for number, code in BUILT_IN.items()}
    codes |= {attribute(entry, "numFmtId"): attribute(entry, "formatCode") for entry in named(styles, "numFmt")}
    fonts = [
        any(local_name(child) == "b" and attribute(child, "val") not in ("0", "false") for child in font)
        for group in named(styles, "fonts")
        for font in group
    ]
    cells = [style for group in named(styles, "cellXfs") for style in group]
    bold = [(number := _index(attribute(style, "fontId"))) < len(fonts) and fonts[number] for style in cells]
    return [codes.get(attribute(style, "numFmtId"), "") for style in cells], bold


def _index(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1 << 30


def _string(item: _Element) -> str:
    """The text of a cell with its runs put together, without phonetic guides."""
    texts = (t for t in named(item, "t") if (parent := t.getparent()) is None or local_name(parent) != "rPh")
    return "".join(text.text or "" for text in texts)


def _read_sheet(raw: bytes, book: _Book, name: str) -> _Sheet:
    """The rows of a sheet, of which empty ones are left out."""
    from lxml import etree

    sheet = _Sheet()
    numbers: dict[int, int] = {}  # the row in the file -> the row in the sheet read
    events = etree.iterparse(
        BytesIO(raw), events=("end",), resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    try:
        for _, element in events:
            kind = local_name(element)
            if kind == "row":
                row = _row(element, book, sheet)
                if any(row):
                    if not sheet.rows:
                        sheet.first_is_bold = _is_bold(element, book)
                    numbers[_index(attribute(element, "r"))] = len(sheet.rows)
                    sheet.rows.append(row)
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
                if book.cells > MAX_CELLS:
                    sheet.is_cut = True
                    break
            elif kind == "mergeCell":
                _merge(attribute(element, "ref"), numbers, sheet)
    except etree.XMLSyntaxError as error:
        raise LoadingError(notice("loading.damaged_xml", name=name, error=f"{error!s:.{MAX_ERROR_CHARS}}")) from error
    return sheet


def _row(element: _Element, book: _Book, sheet: _Sheet) -> list[str]:
    row: list[str] = []
    for cell in element:
        if local_name(cell) != "c":
            continue
        place = _REFERENCE.fullmatch(attribute(cell, "r"))
        column = min(_column(place[1]) if place else len(row), MAX_COLUMNS)
        text = _shown(cell, book, sheet)
        if text:
            before = max(0, column - len(row))
            row += [""] * before
            row.append(text)
            book.cells += 1 + before // 10
    return row


def _column(letters: str) -> int:
    """The column from 0: 26 for "AA"."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _shown(cell: _Element, book: _Book, sheet: _Sheet) -> str:
    """What a cell shows."""
    parts = {local_name(child): child for child in cell}
    kind = attribute(cell, "t")
    if kind == "inlineStr":
        return _string(parts["is"]) if "is" in parts else ""
    value = (parts["v"].text or "") if "v" in parts else ""
    if not value:
        sheet.unknown += "f" in parts and kind != "str"
        return ""
    if kind == "s":
        index = _index(value)
        return book.strings[index] if index < len(book.strings) else ""
    if kind == "b":
        return TRUE if value == "1" else FALSE
    if kind in ("str", "e", "d"):
        return value
    style = _index(attribute(cell, "s") or "0")
    number_format = book.formats[style] if style < len(book.formats) else ""
    return shown_number(value, number_format, from_1904=book.from_1904)


def _is_bold(row: _Element, book: _Book) -> bool:
    styles = [
        _index(attribute(cell, "s") or "0") for cell in row if any(local_name(part) in ("v", "is") for part in cell)
    ]
    return bool(styles) and all(style < len(book.bold) and book.bold[style] for style in styles)


def _merge(reference: str, numbers: dict[int, int], sheet: _Sheet) -> None:
    corners = [_REFERENCE.fullmatch(corner) for corner in reference.split(":")]
    if len(corners) == 2 and corners[0] and corners[1]:
        first, last = _column(corners[0][1]), _column(corners[1][1])
        row = numbers.get(int(corners[0][2]))
        if row is not None and last > first:
            sheet.spans[row, first] = min(last - first + 1, MAX_COLUMNS)


def _table(sheet: _Sheet) -> Iterator[Block]:
    header = named_columns(sheet.rows, widest=2 if sheet.first_is_bold else 3)
    if (
        header is not None
        and header < len(sheet.rows)
        and any((header - 1, c) in sheet.spans for c in range(MAX_COLUMNS))
    ):
        header += 1  # names above several columns, and below them those of each
    yield from map(
        Block, rows_as_lines([_cells(row, number, sheet) for number, row in enumerate(sheet.rows)], header=header)
    )


def _cells(row: Sequence[str], number: int, sheet: _Sheet) -> list[Cell | str]:
    cells: list[Cell | str] = []
    column = 0
    while column < len(row):
        width = sheet.spans.get((number, column), 1)
        cells.append(Cell(row[column], columns=width) if width > 1 else row[column])
        column += width
    return cells


def _comments(archive: Archive, part: OfficePart) -> Iterator[Block]:
    for path in part.targets("comments"):
        listed = office_part(archive, path)
        if listed is None:
            continue
        authors = [(author.text or "").strip() for author in named(listed, "author")]
        for comment in named(listed, "comment"):
            number = _index(attribute(comment, "authorId"))
            author = authors[number] if number < len(authors) else ""
            said = " ".join(_string(comment).removeprefix(f"{author}:").split())
            yield from comments(said, author)


def _boxes(archive: Archive, drawings: Sequence[OfficePart]) -> Iterator[Block]:
    for drawing in drawings:
        root = office_part(archive, drawing.path)
        if root is not None and (text := plain_text(root)):
            yield Block(text)
