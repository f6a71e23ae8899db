"""PowerPoint files: a page for each slide, with its title as heading, its tables, its notes and comments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from retrieval.errors import LoadingError
from retrieval.loading.archive import Archive
from retrieval.loading.office import (
    OfficePart,
    diagram_blocks,
    office_part,
    open_office_file,
    part_with_relations,
    plain_text,
    relation_id,
    skipped_parts,
    stated_title,
)
from retrieval.loading.parsed import Article, Block, Skipped, comments
from retrieval.loading.tables import BlockCell, table_blocks
from retrieval.loading.xml_files import attribute, local_name, named, text_of
from retrieval.messages import notice

if TYPE_CHECKING:
    from lxml.etree import _Element

_KIND: Final = notice("loading.kind_powerpoint")
_TITLES: Final = frozenset({"title", "ctrTitle"})
# The number of the slide, the date and what else stands on each of them.
_FURNITURE: Final = frozenset({"sldNum", "dt", "ftr", "hdr", "sldImg"})
_GROUPS: Final = frozenset({"grpSp", "AlternateContent", "Choice", "spTree"})


def read_powerpoint_file(raw: bytes, name: str) -> Iterator[Article | Skipped]:
    """The text of a .pptx file; the title is that of its first slide, else what its properties say."""
    archive, main, presentation = open_office_file(raw, name, _KIND, ".ppt")
    authors = _authors(archive, main)
    blocks: list[Block] = []
    parts: list[OfficePart] = []
    for page, entry in enumerate(named(presentation, "sldId"), 1):
        path = main.target(relation_id(entry))
        slide = office_part(archive, path)
        if slide is None:
            continue
        if attribute(slide, "show") in ("0", "false"):
            yield Skipped(notice("parts.hidden_slide", page=page), notice("parts.hidden_why"))
            continue
        part = part_with_relations(archive, path)
        parts.append(part)
        shown = list(_shapes(slide, page))
        blocks += sorted(shown, key=lambda block: not block.heading)
        blocks += diagram_blocks(archive, part, page=page)
        blocks += _notes(archive, part, page)
        blocks += _comments(archive, part, authors, page)
    yield from skipped_parts(archive, parts)
    blocks = [block for block in blocks if block.text.strip()]
    if not blocks:
        raise LoadingError(notice("loading.nothing", name=name))
    first = blocks[0].text if blocks[0].heading else ""
    yield Article(tuple(blocks), title=first or stated_title(archive) or PurePosixPath(name).stem.replace("_", " "))


def _shapes(parent: _Element, page: int) -> Iterator[Block]:
    """The text of the shapes and tables of a slide, shape by shape."""
    for child in parent:
        name = local_name(child)
        if name in ("sp", "cxnSp"):
            kind = next((attribute(place, "type") for place in named(child, "ph")), "")
            if kind not in _FURNITURE:
                for body in child:
                    if local_name(body) == "txBody":
                        yield from _paragraphs(body, page, heading=kind in _TITLES)
        elif name == "graphicFrame":
            for table in named(child, "tbl"):
                yield from _table(table, page)
        elif name in _GROUPS or name == "cSld":
            yield from _shapes(child, page)


def _paragraphs(body: _Element, page: int, *, heading: bool = False) -> Iterator[Block]:
    text = plain_text(body)
    if heading and text:
        yield Block(" ".join(text.split()), page, heading=True)
    elif text:
        yield from (Block(line, page) for line in text.split("\n"))


def _table(table: _Element, page: int) -> list[Block]:
    rows: list[list[BlockCell]] = []
    has_header = False
    for child in table:
        if local_name(child) == "tblPr":
            has_header = attribute(child, "firstRow") in ("1", "true")
        elif local_name(child) == "tr":
            cells = (cell for cell in child if local_name(cell) == "tc" and attribute(cell, "hMerge") != "1")
            rows.append([_cell(cell, page) for cell in cells])
    return table_blocks(rows, header=1 if has_header and len(rows) > 1 else None)


def _cell(cell: _Element, page: int) -> BlockCell:
    covered = attribute(cell, "vMerge") in ("1", "true")
    span = attribute(cell, "gridSpan")
    columns = int(span) if span.isascii() and span.isdigit() and 0 < len(span) < 4 else 1
    return BlockCell(() if covered else tuple(_paragraphs(cell, page)), columns=columns)


def _notes(archive: Archive, part: OfficePart, page: int) -> Iterator[Block]:
    for path in part.targets("notesSlide"):
        notes = office_part(archive, path)
        if notes is not None:
            yield from _shapes(notes, page)


def _authors(archive: Archive, main: OfficePart) -> dict[str, str]:
    authors: dict[str, str] = {}
    for path in main.targets("commentAuthors", "authors"):
        part = office_part(archive, path)
        if part is not None:
            authors |= {attribute(entry, "id"): attribute(entry, "name") for entry in part}
    return authors


def _comments(archive: Archive, part: OfficePart, authors: dict[str, str], page: int) -> Iterator[Block]:
    for path in part.targets("comments"):
        listed = office_part(archive, path)
        for comment in () if listed is None else named(listed, "cm"):
            said = " ".join((text_of(comment, "text") or plain_text(comment)).split())
            yield from comments(said, authors.get(attribute(comment, "authorId"), ""), page=page)
