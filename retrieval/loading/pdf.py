"""PDF: the text of its pages in the order that people read it, without what stands on every page.

PDFium reads it: it knows where each character stands (columns, tables and running heads show in nothing else) and
draws the pages that are pictures for OCR. With all that, it takes no longer than pypdf takes for plain text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import merge
from typing import TYPE_CHECKING, Final

from retrieval.errors import LoadingError
from retrieval.loading.limits import MAX_PAGES
from retrieval.loading.ocr import Ocr
from retrieval.loading.parsed import Article, Skipped
from retrieval.loading.pdf_layout import to_lines
from retrieval.loading.pdf_paragraphs import PageLines, to_blocks
from retrieval.loading.pdf_rows import to_rows
from retrieval.loading.pdf_titles import best_title
from retrieval.loading.pdf_words import PageWords, read_words
from retrieval.loading.running_heads import PageRows, without_running_heads
from retrieval.messages import notice

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

# A page with a picture on most of it and hardly more text than a stamp has may be scanned.
_PICTURE_SHARE: Final = 0.5
_STAMP_CHARS: Final = 150
_MAX_OBJECTS: Final = 100
_MAX_NAMED: Final = 20


@dataclass
class _Pages:
    """Pages by their numbers (from 0): those with text, and the others."""

    words: dict[int, PageWords] = field(default_factory=dict)
    pictured: set[int] = field(default_factory=set)  # have text, and a picture
    without_text: list[int] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)


def read_pdf_file(raw: bytes, name: str) -> Iterator[Article | Skipped]:
    """The text of a .pdf file; scanned pages are pictures, and read if there is a program for it, see ``Ocr``."""
    document = open_pdf(raw, name)
    try:
        stated = str(document.get_metadata_value("Title"))
        pages = _read(document, name)
        lines = _lines(pages.words)
        # A picture with nothing but heads and feet over and under it.
        silent = [page.number - 1 for page in lines if not page.lines and page.number - 1 in pages.pictured]
        ocr = Ocr()
        scanned, unread = ocr.read(document, sorted([*pages.without_text, *silent]))
    finally:
        document.close()
    read = merge(lines, _lines(scanned), key=lambda page: page.number)
    blocks = [replace(block, ocr=block.page - 1 in scanned) for block in to_blocks(list(read))]
    if pages.damaged:
        unread[notice("loading.page_damaged")] = pages.damaged
    if not blocks:
        if pages.damaged and not unread.keys() - {notice("loading.page_damaged")}:
            raise _unreadable(name)
        if unread and ocr.how:
            raise LoadingError(notice("loading.scanned_how", name=name, how=ocr.how))
        raise LoadingError(notice("loading.scanned", name=name))
    yield Article(tuple(blocks), title=best_title(stated, blocks))
    for why, numbers in unread.items():
        yield Skipped(page_numbers(numbers), why)


def page_numbers(numbers: Sequence[int]) -> str:
    """„Seite 1 bis 4“ for pages from 0, in ascending order."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][-1] == number - 1:
            ranges[-1] = [ranges[-1][0], number]
        else:
            ranges.append([number])
    if len(ranges) == 1 and len(ranges[0]) > 1:
        first, last = ranges[0][0] + 1, ranges[0][1] + 1
        return notice("loading.pages_and" if last == first + 1 else "loading.pages_to", first=first, last=last)
    named = ["–".join(str(number + 1) for number in several) for several in ranges[:_MAX_NAMED]]
    if len(named) == 1:
        return notice("loading.page", number=named[0])
    if len(ranges) > _MAX_NAMED:
        return notice("loading.pages_and_more", numbers=", ".join(named), count=len(numbers))
    return notice("loading.pages_and", first=", ".join(named[:-1]), last=named[-1])


def _unreadable(name: str) -> LoadingError:
    return LoadingError(notice("loading.unreadable", name=name, kind=notice("loading.kind_pdf")))


def open_pdf(raw: bytes, name: str) -> PdfDocument:
    """The file, to be closed. Raises LoadingError if it cannot be opened."""
    from pypdfium2 import PdfDocument, PdfiumError
    from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY

    try:
        return PdfDocument(raw)
    except PdfiumError as error:
        if error.err_code == FPDF_ERR_PASSWORD:
            raise LoadingError(notice("loading.password", name=name)) from error
        if error.err_code == FPDF_ERR_SECURITY:
            raise LoadingError(notice("loading.encryption", name=name)) from error
        raise _unreadable(name) from error


def _read(document: PdfDocument, name: str) -> _Pages:
    from pypdfium2 import PdfiumError

    if len(document) > MAX_PAGES:
        raise LoadingError(notice("loading.many_pages", name=name, count=len(document), limit=MAX_PAGES))
    pages = _Pages()
    for number in range(len(document)):
        try:
            page = document[number]
            words = read_words(page)
            pictured = _is_pictured(page) if sum(len(word.text) for word in words.words) < _STAMP_CHARS else False
            is_blank = not words.words and not _count_objects(page)
            page.close()
        except PdfiumError:
            pages.damaged.append(number)
            continue
        if words.words:
            pages.words[number] = words
            if pictured:
                pages.pictured.add(number)
        elif not is_blank:
            pages.without_text.append(number)
    return pages


def _count_objects(page: PdfPage) -> int:
    from pypdfium2.raw import FPDFPage_CountObjects

    return int(FPDFPage_CountObjects(page.raw))


def _is_pictured(page: PdfPage) -> bool:
    """Whether a picture covers most of the page; only the first objects are looked at."""
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

    width, height = page.get_size()
    if _count_objects(page) > _MAX_OBJECTS:
        return False
    for item in page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = item.get_bounds()
        if (right - left) * (top - bottom) > _PICTURE_SHARE * width * height:
            return True
    return False


def _lines(pages: Mapping[int, PageWords]) -> list[PageLines]:
    """The lines of the pages, in their order, without heads and feet."""
    numbers = sorted(pages)
    rows = without_running_heads(
        [PageRows(to_rows(pages[number].words), pages[number].bottom, pages[number].top) for number in numbers]
    )
    return [PageLines(number + 1, to_lines(found)) for number, found in zip(numbers, rows, strict=True)]
