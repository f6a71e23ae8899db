"""Word files: paragraphs and tables in order, with headings, notes and comments, tracked changes as if accepted.

Read from the XML itself: python-docx leaves out inserted text, text boxes, notes and content controls, and unpacks
every picture.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from retrieval.errors import LoadingError
from retrieval.loading.archive import Archive
from retrieval.loading.docx_body import Body, read_styles
from retrieval.loading.office import (
    OfficePart,
    diagram_blocks,
    office_part,
    open_office_file,
    skipped_parts,
    stated_title,
)
from retrieval.loading.parsed import Article, Skipped
from retrieval.loading.xml_files import attribute, local_name, named
from retrieval.messages import notice

if TYPE_CHECKING:
    from lxml.etree import _Element

_KIND: Final = notice("loading.kind_word")
_NOTE_ELEMENTS: Final = {"footnotes": "footnote", "endnotes": "endnote", "comments": "comment"}
# What Word writes into the heads and feet of pages besides words: the number of the page.
_PAGE_WORDS: Final = frozenset({"seite", "page", "von", "of"})


def read_word_file(raw: bytes, name: str) -> Iterator[Article | Skipped]:
    """The text of a .docx file; the title is its first paragraph if that is a heading, else what its properties say.

    Footnotes and endnotes follow their paragraph or table, and so do comments, in brackets and with their author.
    """
    archive, main, root = open_office_file(raw, name, _KIND, ".doc")
    body = Body(read_styles(_related(archive, main, "styles")), _notes(archive, main))
    blocks = [*body.blocks(root), *body.notes_left(), *diagram_blocks(archive, main)]
    blocks = [block for block in blocks if block.text.strip()]
    skipped = list(skipped_parts(archive, [main]))
    if _has_heads(archive, main):
        skipped.append(Skipped(notice("parts.heads"), notice("parts.on_each_page")))
    yield from skipped
    if not blocks:
        raise LoadingError(notice("loading.nothing", name=name))
    yield Article(tuple(blocks), title=blocks[0].text if blocks[0].heading else stated_title(archive))


def _related(archive: Archive, main: OfficePart, kind: str) -> _Element | None:
    """The part of this kind; where no relation names it, the one with its usual name."""
    folder = main.path.rpartition("/")[0]
    return office_part(archive, next(iter(main.targets(kind)), f"{folder}/{kind}.xml"))


def _notes(archive: Archive, main: OfficePart) -> dict[tuple[str, str], _Element]:
    notes: dict[tuple[str, str], _Element] = {}
    for kind, element in _NOTE_ELEMENTS.items():
        part = _related(archive, main, kind)
        if part is not None:
            notes |= {(kind, attribute(note, "id")): note for note in part if local_name(note) == element}
    return notes


def _has_heads(archive: Archive, main: OfficePart) -> bool:
    """Whether there are words in the heads and feet of the pages."""
    words: Counter[str] = Counter()
    for path in (*main.targets("header"), *main.targets("footer")):
        part = office_part(archive, path)
        if part is not None:
            for text in named(part, "t"):
                words.update(word for word in (text.text or "").lower().split() if word.isalpha())
    return bool(words.keys() - _PAGE_WORDS)
