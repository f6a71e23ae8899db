"""E-books: their chapters in reading order, as one article with headings."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from retrieval.errors import LoadingError
from retrieval.loading.archive import Archive
from retrieval.loading.decoding import declared_charset, decode
from retrieval.loading.html_lines import HEADINGS
from retrieval.loading.limits import MAX_FILE_BYTES
from retrieval.loading.parsed import Article, Block
from retrieval.loading.xml_files import attribute, local_name, named, parse_xml, text_of
from retrieval.messages import notice

if TYPE_CHECKING:
    from lxml.etree import _Element

# All other elements begin and end a paragraph.
_INLINE: Final = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "br", "cite", "code", "data", "del", "dfn", "em", "font", "i",
    "img", "ins", "kbd", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub",
    "sup", "time", "tt", "u", "var", "wbr",
})  # fmt: skip
_LEFT_OUT: Final = frozenset({"head", "script", "style", "svg", "math", "nav", "template"})


def read_epub_file(raw: bytes, name: str) -> Iterator[Article]:
    """The text of an .epub file, chapter after chapter; title, publisher, date and language as it states them."""
    archive = Archive(raw, name, notice("loading.kind_book"))
    container = parse_xml(archive.read("META-INF/container.xml", MAX_FILE_BYTES), name)
    package_path = next((attribute(element, "full-path") for element in named(container, "rootfile")), "")
    package = parse_xml(archive.read(package_path, MAX_FILE_BYTES), name)
    locked = _locked(archive)
    blocks: list[Block] = []
    for chapter in _chapters(package, posixpath.dirname(package_path)):
        if chapter in locked:
            raise LoadingError(notice("loading.locked", name=name))
        page = archive.read(chapter, MAX_FILE_BYTES)
        blocks += _page_blocks(decode(page, chapter, charset=declared_charset(page)))
    if not blocks:
        raise LoadingError(notice("loading.nothing", name=name))
    yield Article(
        tuple(blocks),
        title=text_of(package, "title"),
        source=text_of(package, "publisher"),
        published=text_of(package, "date"),
        author=text_of(package, "creator"),
        language=text_of(package, "language"),
    )


def _chapters(package: _Element, folder: str) -> Iterator[str]:
    """The paths of the pages in reading order, without the table of contents."""
    items = {attribute(item, "id"): item for item in named(package, "item")}
    for reference in named(package, "itemref"):
        item = items.get(attribute(reference, "idref"))
        if item is not None and "nav" not in attribute(item, "properties").split():
            yield posixpath.normpath(posixpath.join(folder, unquote(attribute(item, "href"))))


def _locked(archive: Archive) -> frozenset[str]:
    """The files that only the bookseller's program can read."""
    if "META-INF/encryption.xml" not in archive.members:
        return frozenset()
    encryption = parse_xml(archive.read("META-INF/encryption.xml", MAX_FILE_BYTES), archive.name)
    return frozenset(unquote(attribute(reference, "URI")) for reference in named(encryption, "CipherReference"))


def _page_blocks(page: str) -> Iterator[Block]:
    """A block for each paragraph, heading, list item and the like. A book's page has nothing else to be sorted out."""
    from lxml import etree

    root = etree.fromstring(page.encode(), etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True))
    if root is None:
        return
    parts: list[str] = []
    heading = False

    def flushed() -> Iterator[Block]:
        text = "\n".join(" ".join(line.split()) for line in "".join(parts).split("\0"))
        parts.clear()
        if text.strip():
            yield Block(text, heading=heading)

    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = local_name(element)
        if event == "start":
            if tag in _LEFT_OUT or not tag:
                walk.skip_subtree()
                continue
            if tag not in _INLINE:
                yield from flushed()
                heading = heading or tag in HEADINGS
            parts.append("\0" if tag == "br" else element.text or "")
        else:
            if tag not in _INLINE:
                yield from flushed()
                heading = heading and tag not in HEADINGS
            parts.append(element.tail or "")
    yield from flushed()
