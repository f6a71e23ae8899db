"""A page of a PDF as a picture, with words of it marked. Runs in the process that reads files."""

from __future__ import annotations

import struct
import unicodedata
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retrieval.errors import LoadingError
from retrieval.loading.pdf import open_pdf
from retrieval.loading.pdf_words import MAX_PAGE_CHARS
from retrieval.messages import notice

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

PDF_SUFFIX: Final = ".pdf"

#: The longer side of a picture, and all of it, in pixels at most; and how many pixels a point of the page is at most.
_LONGEST: Final = 2400
_PIXELS: Final = 4_000_000
_SCALE: Final = 2.5
# Multiplied with the page, so that the words stay black.
_YELLOW: Final = (255, 225, 60, 255)
_MARGIN: Final = 1.0  # points around the words
# Of words that go on over the page, so many letters and digits are enough to mark what stands on it.
_LEAST: Final = 12


@dataclass(frozen=True, slots=True)
class Words:
    """Words to mark, and what stands before and after them, which tells equal ones apart."""

    before: str
    words: str
    after: str


def draw_page(raw: bytes, name: str, number: int, words: Words) -> tuple[bytes, bool]:
    """The page (from 1) of a .pdf file as PNG, and whether the words were found on it and marked.

    Raises:
        LoadingError: the file cannot be opened, or has no such page.
    """
    from pypdfium2 import PdfiumError

    document = open_pdf(raw, name)
    try:
        if not 1 <= number <= len(document):
            raise LoadingError(notice("loading.no_page", name=name, number=number, count=len(document)))
        page = document[number - 1]
        found = _mark(page, words) if words.words else False
        return _png(page), found
    except PdfiumError as error:
        raise LoadingError(notice("loading.page_damaged_in", name=name, number=number)) from error
    finally:
        document.close()


def _mark(page: PdfPage, words: Words) -> bool:
    """Lays a colour over the words; whether they are there."""
    text_page = page.get_textpage()
    place = _find(text_page, words)
    if place is None:
        return False
    first, count = place
    # The rectangles are those of the same font on one line each.
    boxes = [text_page.get_rect(index) for index in range(text_page.count_rects(first, count))]
    for left, bottom, right, top in boxes:
        _lay(page, left - _MARGIN, bottom - _MARGIN, right - left + 2 * _MARGIN, top - bottom + 2 * _MARGIN)
    return bool(boxes)


def _lay(page: PdfPage, left: float, bottom: float, width: float, height: float) -> None:
    import pypdfium2.raw as pdfium

    box = pdfium.FPDFPageObj_CreateNewRect(left, bottom, width, height)
    pdfium.FPDFPath_SetDrawMode(box, pdfium.FPDF_FILLMODE_WINDING, False)
    pdfium.FPDFPageObj_SetFillColor(box, *_YELLOW)
    pdfium.FPDFPageObj_SetBlendMode(box, b"Multiply")
    pdfium.FPDFPage_InsertObject(page.raw, box)


def _find(text_page: PdfTextPage, words: Words) -> tuple[int, int] | None:
    """Where on the page the words stand: the first character and how many; None if they do not."""
    import pypdfium2.raw as pdfium

    letters: list[str] = []
    places: list[int] = []
    for index in range(min(text_page.count_chars(), MAX_PAGE_CHARS)):
        code = pdfium.FPDFText_GetUnicode(text_page.raw, index)
        for letter in _folded(chr(code)) if code < 0x110000 else "":
            letters.append(letter)
            places.append(index)
    on_page = "".join(letters)
    before, wanted, after = _folded(words.before), _folded(words.words), _folded(words.after)
    if not wanted:
        return None
    for left, right in ((before, after), (before, ""), ("", after), ("", "")):
        position = on_page.find(left + wanted + right)
        if position >= 0:
            first = position + len(left)
            return _span(places, first, first + len(wanted))
    count = _longest_beginning(on_page, wanted)
    if count < min(_LEAST, len(wanted)):
        return None
    first = on_page.find(wanted[:count])
    return _span(places, first, first + count)


def _span(places: list[int], first: int, end: int) -> tuple[int, int]:
    return places[first], places[end - 1] - places[first] + 1


def _longest_beginning(text: str, words: str) -> int:
    """How many of the first characters of ``words`` stand in ``text`` together."""
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if words[:middle] in text:
            low = middle
        else:
            high = middle - 1
    return low


def _folded(text: str) -> str:
    """Letters and digits alone: hyphens at a line's end, blanks and ligatures are not the same on the page."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())


def _png(page: PdfPage) -> bytes:
    """The page as PNG, 8 bits a colour; without a library, which the reading process would have to load."""
    width, height = page.get_size()
    longer = max(width, height, 1.0)
    scale = min(_SCALE, _LONGEST / longer, (_PIXELS / max(width * height, 1.0)) ** 0.5)
    bitmap = page.render(scale=scale, rev_byteorder=True)
    try:
        channels = bitmap.n_channels
        rows = memoryview(bitmap.buffer).cast("B")
        line = bitmap.width * channels
        # A row begins with how it is filtered: not at all.
        pixels = b"".join(b"\0" + rows[at : at + line] for at in range(0, bitmap.stride * bitmap.height, bitmap.stride))
        kinds = {1: 0, 3: 2, 4: 6}
        header = struct.pack(">IIBBBBB", bitmap.width, bitmap.height, 8, kinds[channels], 0, 0, 0)
    finally:
        bitmap.close()
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(pixels, 6)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
