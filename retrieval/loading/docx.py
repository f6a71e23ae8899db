"""Word files: paragraphs and tables in order, with headings, tracked changes as if they were accepted.

Read from the XML itself: python-docx leaves out inserted text, text boxes and content controls, and unpacks every
picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from retrieval.errors import LoadingError
from retrieval.loading.archive import Archive
from retrieval.loading.limits import MAX_LARGE_FILE_BYTES
from retrieval.loading.parsed import Article, Block
from retrieval.loading.xml_files import attribute, local_name, named, parse_xml, text_of
from retrieval.messages import notice

if TYPE_CHECKING:
    from lxml.etree import _Element

# Deleted and moved text, the second copy of a text box for old programs, and the codes of fields.
_LEFT_OUT: Final = frozenset({"del", "moveFrom", "Fallback", "instrText", "delText", "pPr", "rPr"})
_CHARACTERS: Final = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011"}
_MAX_STYLES_UPWARDS: Final = 10
_KIND: Final = notice("loading.kind_word")


def read_word_file(raw: bytes, name: str) -> Iterator[Article]:
    """The text of a .docx file; the title is its first paragraph if that is a heading, else what its properties say."""
    archive = Archive(raw, name, _KIND)
    main = _main_part(archive)
    body = parse_xml(archive.read(main, MAX_LARGE_FILE_BYTES), name)
    folder = main.rpartition("/")[0]
    headings = _heading_styles(_part(archive, f"{folder}/styles.xml"))
    blocks = tuple(block for block in _blocks(body, headings) if block.text.strip())
    if not blocks:
        raise LoadingError(notice("loading.nothing", name=name))
    properties = _part(archive, "docProps/core.xml")
    stated = "" if properties is None else text_of(properties, "title")
    yield Article(blocks, title=blocks[0].text if blocks[0].heading else stated)


def _main_part(archive: Archive) -> str:
    relations = parse_xml(archive.read("_rels/.rels", MAX_LARGE_FILE_BYTES), archive.name)
    for relation in named(relations, "Relationship"):
        if attribute(relation, "Type").endswith("/officeDocument"):
            return attribute(relation, "Target").lstrip("/")
    raise LoadingError(notice("loading.unreadable", name=archive.name, kind=_KIND))


def _part(archive: Archive, member: str) -> _Element | None:
    """A part that a document may do without."""
    if member not in archive.members:
        return None
    return parse_xml(archive.read(member, MAX_LARGE_FILE_BYTES), archive.name)


def _heading_styles(styles: _Element | None) -> frozenset[str]:
    """The ids of the styles that are headings or rest on one."""
    if styles is None:
        return frozenset()
    names: dict[str, str] = {}
    bases: dict[str, str] = {}
    for style in named(styles, "style"):
        style_id = attribute(style, "styleId")
        for child in style:
            if local_name(child) == "name":
                names[style_id] = attribute(child, "val").lower()
            elif local_name(child) == "basedOn":
                bases[style_id] = attribute(child, "val")
    found = set()
    for style_id in names:
        ancestor = style_id
        for _ in range(_MAX_STYLES_UPWARDS):
            if names.get(ancestor, "").startswith("heading") or names.get(ancestor) == "title":
                found.add(style_id)
                break
            ancestor = bases.get(ancestor, "")
    return frozenset(found)


def _blocks(parent: _Element, headings: frozenset[str]) -> Iterator[Block]:
    for child in parent:
        name = local_name(child)
        if name == "p":
            style = next((attribute(element, "val") for element in named(child, "pStyle")), "")
            yield Block(_text(child), heading=style in headings)
            yield from _text_boxes(child, headings)
        elif name == "tr":
            cells = [" ".join(block.text for block in _blocks(cell, headings) if block.text) for cell in child]
            yield Block(" | ".join(cell for cell in cells if cell))
        elif name not in _LEFT_OUT:
            yield from _blocks(child, headings)


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


def _text_boxes(element: _Element, headings: frozenset[str]) -> Iterator[Block]:
    for child in element:
        if local_name(child) == "txbxContent":
            yield from _blocks(child, headings)
        elif local_name(child) not in _LEFT_OUT:
            yield from _text_boxes(child, headings)
