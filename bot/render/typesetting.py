"""Text on pictures: which font has which letter, how wide words are, and where lines break.

The fonts are Noto's: one for Latin, Greek and Cyrillic letters, others for what it lacks. Letters that none of them
has, or that need more than being set side by side, are not drawn but named: no picture shows boxes in their place.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from PIL import ImageDraw, ImageFont, features

from retrieval.characters import without_controls

#: What stands where letters are left out, as in any quotation.
OMISSION: Final = "[…]"
_PACKAGE: Final = "manimgx_fonts"
_EMOJI: Final = "NotoEmoji[wght].ttf"
# Tried in this order.
_FONTS: Final = (
    "NotoSans[wght].ttf", "NotoSansSymbols[wght].ttf", _EMOJI,
    "NotoSansGeorgian[wght].ttf", "NotoSansArmenian[wght].ttf",
)  # fmt: skip
# Mathematical and other signs, where the library for charts is installed that brings this font.
_CHARTS, _CHART_FONT = "matplotlib", "mpl-data/fonts/ttf/DejaVuSans.ttf"
_PROBE_SIZE: Final = 40
#: Widths are measured at this size and are in proportion at all others, but for what hinting adds.
_MEASURED: Final = 64
_HINTING: Final = 1.015
_LINE_HEIGHT, _ASCENT = 1.4, 1.07
# More marks on one letter stand over the lines above it.
_MOST_MARKS: Final = 2
# So many joiners hold the largest families together.
_MOST_JOINERS: Final = 4
_JOINER, _SELECTORS, _SKINS = "\u200d", range(0xFE00, 0xFE10), range(0x1F3FB, 0x1F400)
# Letters of a text that is set from right to left.
_RIGHT_TO_LEFT: Final = ("R", "AL")


def settable(words: str) -> tuple[str, str]:
    """``words`` as they can be drawn, and the letters left out, each once, for which OMISSION stands.

    Invisible characters are gone; those that join emoji stay where the text library joins them.
    """
    kept: list[str] = []
    missing: dict[str, None] = {}
    font, marks, joiners = "", 0, 0
    for letter in without_controls(words):
        if _is_mark(letter):
            marks += 1
            joiners += letter == _JOINER
            if _joins(letter, font) and marks <= _MOST_MARKS and joiners <= _MOST_JOINERS:
                kept.append(letter)
            elif unicodedata.category(letter) != "Cf" and ord(letter) not in _SELECTORS:
                missing[letter] = None
            continue
        if unicodedata.category(letter) == "Cf":
            continue
        found = _font_of(letter)
        if found is None:
            missing[letter] = None
            if not kept or kept[-1] != OMISSION:
                kept.append(OMISSION)
            font, marks = "", _MOST_MARKS
            continue
        joiners = joiners if kept and kept[-1] == _JOINER else 0
        kept.append(letter)
        font, marks = found, 0
    return "".join(kept), "".join(missing)


class Setting:
    """Words in one size (pixels)."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.line_height = round(size * _LINE_HEIGHT)

    def lines(self, words: str, width: float) -> list[str]:
        """``words`` in lines of at most ``width`` pixels, broken at blanks; a longer word is broken anywhere."""
        lines: list[str] = []
        line, taken = "", 0.0
        blank = self._width(" ")
        for word in words.split():
            needed = self._width(word)
            if line and taken + blank + needed <= width:
                line, taken = f"{line} {word}", taken + blank + needed
                continue
            if line:
                lines.append(line)
            *whole, line = self._parts(word, width) if needed > width else (word,)
            lines += whole
            taken = self._width(line)
        return [*lines, line] if line else lines

    def draw(self, on: ImageDraw.ImageDraw, left: float, top: float, line: str, colour: str) -> None:
        """Draws a line from its upper left corner on."""
        baseline = top + _ASCENT * self._size + (_LINE_HEIGHT - 1.36) * self._size / 2
        for run, name in _runs(line):
            font = _font(name, self._size)
            on.text((left, baseline), run, colour, font, anchor="ls")
            left += font.getlength(run)

    def _parts(self, word: str, width: float) -> Iterator[str]:
        part, taken = "", 0.0
        for cluster in _clusters(word):
            needed = self._width(cluster)
            if part and taken + needed > width:
                yield part
                part, taken = "", 0.0
            part, taken = part + cluster, taken + needed
        yield part

    def _width(self, words: str) -> float:
        return _measured(words) * self._size / _MEASURED * _HINTING


@lru_cache(maxsize=4096)
def _measured(words: str) -> float:
    return sum(_font(name, _MEASURED).getlength(run) for run, name in _runs(words))


def _runs(words: str) -> Iterator[tuple[str, str]]:
    """Parts of ``words``, each with its font; marks stay with what they follow."""
    run, font = "", _FONTS[0]
    for letter in words:
        found = font if _is_mark(letter) else _font_of(letter) or _FONTS[0]
        if found != font and run:
            yield run, font
            run = ""
        run, font = run + letter, found
    if run:
        yield run, font


def _clusters(word: str) -> Iterator[str]:
    """Letters with the marks on them; what is joined to an emoji belongs to it."""
    cluster = ""
    for letter in word:
        if cluster and not _is_mark(letter) and not cluster.endswith(_JOINER):
            yield cluster
            cluster = ""
        cluster += letter
    if cluster:
        yield cluster


def _is_mark(letter: str) -> bool:
    """Whether it is put on or joined to the letter before it."""
    if letter.isascii():
        return False
    number = ord(letter)
    joined = letter == _JOINER or number in _SELECTORS or number in _SKINS
    return joined or unicodedata.category(letter) in ("Mn", "Me", "Mc")


def _joins(mark: str, font: str) -> bool:
    """Whether a mark is drawn with a letter of this font."""
    if mark == _JOINER or ord(mark) in _SELECTORS:
        return font == _EMOJI and _shapes()
    return bool(font) and _has(font, mark)


@lru_cache(maxsize=1)
def _shapes() -> bool:
    """Whether the text library joins letters."""
    return bool(features.check("raqm"))


@lru_cache(maxsize=8192)
def _font_of(letter: str) -> str | None:
    """The first font that has a letter; None if there is none, or the letter is set from right to left."""
    if letter.isascii() and letter.isprintable():
        return _FONTS[0]
    if unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT:
        return None
    return next((name for name in (*_FONTS, *_chart_font()) if _has(name, letter)), None)


@lru_cache(maxsize=16384)
def _has(name: str, letter: str) -> bool:
    """Whether a font has a letter: what it draws is not what it draws for a number that is no character."""
    font = _font(name, _PROBE_SIZE)
    drawn, nothing = font.getmask(letter), font.getmask("\uffff")
    return drawn.size != nothing.size or bytes(drawn) != bytes(nothing)


@lru_cache(maxsize=1)
def _chart_font() -> tuple[str, ...]:
    found = find_spec(_CHARTS)  # does not import it
    folders = (found.submodule_search_locations if found else None) or ()
    return tuple(str(path) for folder in folders if (path := Path(folder, _CHART_FONT)).is_file())


@lru_cache(maxsize=64)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    path = Path(name) if Path(name).is_absolute() else files(_PACKAGE) / name
    return ImageFont.truetype(str(path), size)
