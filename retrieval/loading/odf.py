"""OpenDocument files, as LibreOffice writes them: text (.odt), spreadsheets (.ods) and slides (.odp)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from retrieval.errors import LoadingError
from retrieval.loading.archive import Archive
from retrieval.loading.limits import MAX_CELLS, MAX_LARGE_FILE_BYTES
from retrieval.loading.odf_body import OdfBody
from retrieval.loading.office import counted, office_part, skipped_objects
from retrieval.loading.parsed import Article, Block, Skipped
from retrieval.loading.spreadsheets import sheet_title
from retrieval.loading.xml_files import attribute, local_name, named, parse_xml, text_of
from retrieval.messages import notice

if TYPE_CHECKING:
    from lxml.etree import _Element

_KIND: Final = notice("loading.kind_odf")
_TITLE_STYLES: Final = frozenset({"Title", "Subtitle"})


def read_odt_file(raw: bytes, name: str) -> Iterator[Article | Skipped]:
    """The text of an .odt file; the title is its first paragraph if that is a heading, else what its properties say.

    Notes follow their paragraph, and so do comments, in brackets and with their author.
    """
    archive, root = _open(raw, name)
    styles = {attribute(s, "name"): attribute(s, "parent-style-name") for s in named(root, "style")}
    titles = _TITLE_STYLES | {style for style, parent in styles.items() if parent in _TITLE_STYLES}
    body = OdfBody(titles)
    yield from _article(archive, root, body.blocks(_body(root)), name)


def read_odp_file(raw: bytes, name: str) -> Iterator[Article | Skipped]:
    """The text of an .odp file with a page for each slide, its notes at its end."""
    archive, root = _open(raw, name)
    body = OdfBody()

    def blocks() -> Iterator[Block]:
        for body.page, slide in enumerate((page for page in _body(root) if local_name(page) == "page"), 1):
            yield from body.blocks(slide)

    yield from _article(archive, root, blocks(), name)


def read_ods_file(raw: bytes, name: str) -> Iterator[Article | Skipped]:
    """An article for each sheet of an .ods file that has text."""
    _, root = _open(raw, name)
    body = OdfBody()
    sheets: list[tuple[str, tuple[Block, ...]]] = []
    hidden = {
        attribute(style, "name")
        for style in named(root, "style")
        if any(attribute(properties, "display") == "false" for properties in style)
    }
    for table in _body(root):
        if local_name(table) == "table":
            if attribute(table, "style-name") in hidden:
                what = notice("parts.hidden_sheet", sheet=attribute(table, "name"))
                yield Skipped(what, notice("parts.hidden_why"))
                continue
            blocks = tuple(body.table(table, is_sheet=True))
            if blocks:
                sheets.append((attribute(table, "name"), blocks))
            if body.cells > MAX_CELLS:
                what = notice("parts.rest_of_sheets", sheet=attribute(table, "name"))
                yield Skipped(what, notice("parts.rows_why", limit=MAX_CELLS))
                break
    yield from _skipped(root)
    if not sheets:
        raise LoadingError(notice("loading.nothing", name=name))
    for sheet, blocks in sheets:
        alone = len(sheets) == 1
        yield Article(blocks, title=sheet_title(name, "" if alone else sheet), member="" if alone else sheet)


def _open(raw: bytes, name: str) -> tuple[Archive, _Element]:
    archive = Archive(raw, name, _KIND)
    if "META-INF/manifest.xml" in archive:
        manifest = parse_xml(archive.read("META-INF/manifest.xml", MAX_LARGE_FILE_BYTES), name)
        if any(named(manifest, "encryption-data")):
            raise LoadingError(notice("loading.password", name=name))
    return archive, parse_xml(archive.read("content.xml", MAX_LARGE_FILE_BYTES), name)


def _body(root: _Element) -> _Element:
    """The element with the paragraphs, sheets or slides."""
    body = next(named(root, "body"), root)
    return next((child for child in body if local_name(child)), body)


def _article(archive: Archive, root: _Element, found: Iterator[Block], name: str) -> Iterator[Article | Skipped]:
    blocks = tuple(block for block in found if block.text.strip())
    yield from _skipped(root)
    if not blocks:
        raise LoadingError(notice("loading.nothing", name=name))
    meta = office_part(archive, "meta.xml")
    stated = "" if meta is None else text_of(meta, "title")
    title = blocks[0].text if blocks[0].heading else stated
    yield Article(blocks, title=title or PurePosixPath(name).stem if blocks[0].page else title)


def _skipped(root: _Element) -> Iterator[Skipped]:
    """The pictures and objects, which are not read. Of a frame that has both, the picture shows the object."""
    pictures: set[str] = set()
    objects: list[str] = []
    for frame in named(root, "frame"):
        links = {local_name(child): attribute(child, "href") for child in frame if attribute(child, "href")}
        kept = [posixpath.normpath(links[kind]) for kind in ("object", "object-ole", "plugin") if kind in links]
        objects += kept[:1]
        if not kept and "image" in links:
            pictures.add(links["image"])
    yield from counted("parts.picture", "parts.pictures", "parts.pictures_why", len(pictures))
    yield from skipped_objects(objects)
