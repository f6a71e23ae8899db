"""The words of a PDF page and where they stand, as PDFium reads them."""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

# What PDFium puts in the place of a hyphen at the end of a line.
_HYPHENS: Final = {"\x02": "-", "\ufffe": "-"}
_LIGATURES: Final = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
#: Numbers that are set small and high, for ``str.translate``.
SUPERSCRIPTS: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
# Characters of the fonts Symbol and Wingdings; by their codes they are of nobody's.
_SYMBOLS: Final = {
    "\uf0b0": "°", "\uf0b1": "±", "\uf0b4": "×", "\uf0a3": "≤", "\uf0b3": "≥", "\uf0b9": "≠", "\uf0ae": "→",
    "\uf0de": "⇒", "\uf0e0": "→", "\uf0fc": "✓", "\uf06d": "µ", "\uf02d": "–", "\uf0be": "–",
}  # fmt: skip
_BULLET: Final = "•"
_PRIVATE: Final = re.compile("[\ue000-\uf8ff]")
# Fonts with codes of their own: U+F000 and the ASCII code.
_PRIVATE_ASCII: Final = re.compile("[\uf021-\uf07e]{2,}")
# A gap in a word, or a step up or down, of this many times the font size starts another one.
_JUMP: Final = 0.5
_SMALL: Final = 0.8
_RAISED: Final = 0.15
# Accents that some programs, as old LaTeX, draw over a letter.
_ACCENTS: Final = {
    "\u00a8": "\u0308", "\u00b4": "\u0301", "`": "\u0300", "\u02c6": "\u0302", "^": "\u0302", "\u02dc": "\u0303",
    "\u02da": "\u030a", "\u00b8": "\u0327", "\u02c7": "\u030c",
}  # fmt: skip
_TOUCHING: Final = 0.1
_LINE: Final = 8.0  # points
_MAX_NEAR: Final = 1000
#: More characters than these are on no page that people read.
MAX_PAGE_CHARS: Final = 500_000


@dataclass(frozen=True, slots=True)
class Word:
    """A word from ``left`` to ``right`` on the baseline ``y`` (points, upwards); ``size`` is its font's height.

    ``position`` is its place in the order of the file. ``turned`` tells that it does not run as most of the page does.
    """

    text: str
    left: float
    right: float
    y: float
    size: float
    position: int
    turned: bool = False


@dataclass(frozen=True, slots=True)
class PageWords:
    """The words of a page in the order of the file, and the page's lower and upper edge."""

    words: Sequence[Word]
    bottom: float
    top: float


def read_words(page: PdfPage) -> PageWords:
    """The words of a page, with the page turned so that most of them run from left to right."""
    words, angles = _words(page)
    left, bottom, right, top = page.get_bbox()
    counts = [0, 0, 0, 0]
    for word, angle in zip(words, angles, strict=True):
        counts[round(angle / (math.pi / 2)) % 4] += len(word.text)
    quarter = counts.index(max(counts))
    edges = {0: (bottom, top), 1: (-right, -left), 2: (-top, -bottom), 3: (left, right)}[quarter]
    placed = []
    for number, (word, angle) in enumerate(zip(words, angles, strict=True)):
        turned = abs((angle - quarter * math.pi / 2 + 0.1) % (2 * math.pi)) > 0.2
        if text := _text(word.text):
            placed.append(replace(word, text=text, position=number, turned=turned))
    return PageWords(placed, *edges)


def _words(page: PdfPage) -> tuple[list[Word], list[float]]:
    """The words and their angles; of turned ones, the places as if they ran from left to right."""
    import ctypes

    import pypdfium2.raw as pdfium

    text_page = page.get_textpage()
    raw = text_page.raw
    box = pdfium.FS_RECTF()
    x, y, matrix = ctypes.c_double(), ctypes.c_double(), pdfium.FS_MATRIX()
    words: list[Word] = []
    angles: list[float] = []
    letters: list[str] = []
    lefts: list[float] = []
    edges: list[Sequence[float]] = []
    accents: list[_Accent] = []
    since_space = 0  # 1 after a space that PDFium makes up, 2 if an accent followed, which it may be there for
    quarter = 0
    first = left = right = bottom = size = baseline = 0.0
    angle = 0.0

    def font_size(number: int, tall: float) -> float:
        """That of a character; its box, which some fonts make as small as the letter, is the second choice."""
        if not pdfium.FPDFText_GetMatrix(raw, number, matrix):
            return tall or 1.0
        found = pdfium.FPDFText_GetFontSize(raw, number) * math.hypot(matrix.c, matrix.d)
        return found if tall / 3 < found < 5 * tall else tall or 1.0

    def origin(number: int, quarter: int) -> float:
        pdfium.FPDFText_GetCharOrigin(raw, number, x, y)
        return float((y.value, -x.value, -y.value, x.value)[quarter])

    def end() -> None:
        if letters:
            words.append(Word("".join(letters), first, right, baseline, size, 0))
            angles.append(angle)
            edges.append((*lefts, right))
        letters.clear()
        lefts.clear()

    get_unicode, get_box = pdfium.FPDFText_GetUnicode, pdfium.FPDFText_GetLooseCharBox
    for number in range(min(text_page.count_chars(), MAX_PAGE_CHARS)):
        code = get_unicode(raw, number)
        character = chr(code) if code < 0xD800 or 0xDFFF < code < 0x110000 else ""
        if not character or character.isspace():
            if letters and pdfium.FPDFText_IsGenerated(raw, number) == 1 and character == " ":
                since_space = since_space or 1
            else:
                end()
            continue
        get_box(raw, number, box)
        if character in _ACCENTS:
            since_space = 2 if since_space else 0
            accents.append(_Accent(character, (box.left + box.right) / 2, origin(number, 0)))
            continue
        if letters:
            start, stop, low, high = _turned(box, quarter)
            jump = _JUMP * size
            if since_space and (since_space == 1 or abs(start - right) > _TOUCHING * size):
                end()
        since_space = 0
        if letters:
            if start - right > jump or start < left - jump or abs(low - bottom) > jump:
                end()
            elif character.isdigit() and font_size(number, high - low) < _SMALL * size:
                raised = origin(number, quarter) - baseline
                character = character.translate(SUPERSCRIPTS) if raised > _RAISED * size else character
            elif not character.isdigit() and "".join(letters).isdigit():
                large, base = font_size(number, high - low), origin(number, quarter)
                if size < _SMALL * large and baseline - base > _RAISED * large:  # a mark before its word
                    letters = [letter.translate(SUPERSCRIPTS) for letter in letters]
                    size, baseline = large, base
        if not letters:
            angle = -max(pdfium.FPDFText_GetCharAngle(raw, number), 0.0) % (2 * math.pi)  # counted clockwise there
            quarter = round(angle / (math.pi / 2)) % 4
            start, stop, low, high = _turned(box, quarter)
            baseline = origin(number, quarter)
            first, bottom, size = start, low, font_size(number, high - low)
        letters.append(character)
        lefts.append(start)
        left, right = start, stop
    end()
    text_page.close()
    if accents:
        words = _accented(words, edges, accents)
        angles += [0.0] * (len(words) - len(angles))
    return words, angles


@dataclass(frozen=True, slots=True)
class _Accent:
    """A mark that is drawn by itself: its middle and its baseline."""

    mark: str
    middle: float
    y: float


def _accented(words: Sequence[Word], edges: Sequence[Sequence[float]], accents: Sequence[_Accent]) -> list[Word]:
    """The words with the accents on the letters that they are drawn over; the others are words by themselves.

    ``edges`` are where the letters of the words begin, and where the last one ends.
    """
    kept = list(words)
    lines: dict[int, list[int]] = defaultdict(list)
    for number, word in enumerate(words):
        lines[round(word.y / _LINE)].append(number)
    for accent in accents:
        line = round(accent.y / _LINE)
        near = [number for place in (line - 1, line, line + 1) for number in lines.get(place, ())]
        for number in near[:_MAX_NEAR]:
            word, places = kept[number], edges[number]
            if not places[0] <= accent.middle <= places[-1] or abs(accent.y - word.y) > _JUMP * word.size:
                continue
            letter = bisect(places, accent.middle) - 1
            if letter >= len(word.text):
                continue
            together = unicodedata.normalize("NFC", word.text[letter] + _ACCENTS[accent.mark])
            if len(together) == 1:
                kept[number] = replace(word, text=word.text[:letter] + together + word.text[letter + 1 :])
                break
        else:
            size = kept[-1].size if kept else 1.0
            kept.append(Word(accent.mark, accent.middle, accent.middle, accent.y, size, 0))
    return kept


def _turned(box: object, quarter: int) -> tuple[float, float, float, float]:
    """A box (left, right, bottom, top) with the page turned by so many quarters, clockwise."""
    left, right, bottom, top = box.left, box.right, box.bottom, box.top  # type: ignore[attr-defined]
    if quarter == 0:
        return left, right, bottom, top
    if quarter == 1:
        return bottom, top, -right, -left
    if quarter == 2:
        return -right, -left, -top, -bottom
    return -top, -bottom, left, right


def _text(letters: str) -> str:
    """The word with what fonts and PDFium have codes of their own for as anybody writes it."""
    for written, meant in (_HYPHENS | _LIGATURES).items():
        if written in letters:
            letters = letters.replace(written, meant)
    if not _PRIVATE.search(letters):
        return letters
    letters = _PRIVATE_ASCII.sub(lambda found: "".join(chr(ord(letter) - 0xF000) for letter in found[0]), letters)
    alone = len(letters) == 1
    return _PRIVATE.sub(lambda found: _SYMBOLS.get(found[0], _BULLET if alone else ""), letters)
