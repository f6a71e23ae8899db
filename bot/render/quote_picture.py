"""A quote as a picture to share: the words in large type, and below them where they stand."""

from __future__ import annotations

import threading
from bisect import bisect
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw

from bot.errors import PictureError
from bot.messages import notice, text
from bot.render.cite import Quotation, press_parts
from bot.render.colours import GOLD, GREY, INK, PAPER
from bot.render.typesetting import OMISSION, Setting, settable

#: Width and height in pixels: of short quotes, and of those that find no room there.
WIDE, SQUARE = (1200, 675), (1200, 1200)
_MARGIN: Final = 80
# The sizes of the quote's letters that are tried, the largest first, in each of the formats.
_SIZES: Final = {WIDE: range(76, 33, -2), SQUARE: range(48, 21, -2)}
_SOURCE_SIZES: Final = range(28, 17, -2)
_SOURCE_SHARE: Final = 0.3  # of the height, at most
_GAP: Final = 60
_RULE: Final = (72, 4)
# No picture holds so many letters, and more are not worth measuring.
_MOST_LETTERS: Final = 5000
# A longer one is cut anywhere.
_LONGEST_WORD: Final = 50
# The fonts' faces may be used by one thread at a time.
_DRAWING: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class QuotePicture:
    """A PNG. ``missing`` are the letters that no font has, ``is_cut`` says that not all of the words found room.

    "[…]" stands in the place of both.
    """

    png: bytes
    missing: str = ""
    is_cut: bool = False


def quote_picture(quotation: Quotation, language: str) -> QuotePicture:
    """Draws the picture: words in quotation marks, and source, title, date, page and address as in a citation.

    Raises:
        PictureError: there are no words, or the fonts have no letter of them.
    """
    if not quotation.words:
        raise PictureError(notice("picture.no_words"))
    with _DRAWING:
        return _draw(quotation, language)


def picture_notes(picture: QuotePicture, language: str) -> list[str]:
    """What people have to know of a picture, a line each: which letters it lacks, and that it is cut."""
    notes = [text("picture.cut", language)] if picture.is_cut else []
    if picture.missing:
        notes.append(text("picture.missing", language, letters=" ".join(picture.missing[:20])))
    return notes


def _draw(quotation: Quotation, language: str) -> QuotePicture:
    words, source = press_parts(quotation, language)
    quoted, missing = settable(words)
    if not quoted.replace(OMISSION, "")[1:-1].strip():
        raise PictureError(notice("picture.no_letters"))
    below, missing_below = settable(source)
    for size in (WIDE, SQUARE):
        width, height = size[0] - 2 * _MARGIN, int(size[1] * _SOURCE_SHARE)
        source_found = _set(below, _SOURCE_SIZES, width, height)
        source_setting, source_lines = source_found or _cut(below, OMISSION, _SOURCE_SIZES[-1], width, height)
        below_height = len(source_lines) * source_setting.line_height
        room = size[1] - 2 * _MARGIN - below_height - _GAP - _RULE[1]
        if found := _set(quoted, _SIZES[size], width, room):
            break
    setting, lines = found or _cut(quoted, OMISSION + quoted[-1], _SIZES[SQUARE][-1], width, room)
    image = Image.new("RGB", size, PAPER)
    drawing = ImageDraw.Draw(image)
    _draw_lines(drawing, setting, lines, _MARGIN + (room - len(lines) * setting.line_height) / 2, INK)
    top = size[1] - _MARGIN - below_height
    drawing.rectangle((_MARGIN, top - _GAP / 2 - _RULE[1], _MARGIN + _RULE[0], top - _GAP / 2), GOLD)
    _draw_lines(drawing, source_setting, source_lines, top, GREY)
    file = BytesIO()
    image.save(file, "PNG", compress_level=3)  # quicker, and little larger
    missing += "".join(letter for letter in missing_below if letter not in missing)
    return QuotePicture(file.getvalue(), missing, not found or not source_found)


def _draw_lines(on: ImageDraw.ImageDraw, setting: Setting, lines: list[str], top: float, colour: str) -> None:
    for number, line in enumerate(lines):
        setting.draw(on, _MARGIN, top + number * setting.line_height, line, colour)


def _set(words: str, sizes: range, width: int, height: int) -> tuple[Setting, list[str]] | None:
    """The lines in the largest letters with which they find room (pixels); None if there are none."""
    for size in sizes if len(words) <= _MOST_LETTERS else ():
        setting = Setting(size)
        lines = setting.lines(words, width)
        if len(lines) * setting.line_height <= height:
            return setting, lines
    return None


def _cut(words: str, end: str, size: int, width: int, height: int) -> tuple[Setting, list[str]]:
    """As many of the first words as find room with ``end`` behind them."""
    setting = Setting(size)
    words, most = words[:_MOST_LETTERS], height // setting.line_height

    def lines(count: int) -> list[str]:
        kept = words[:count]
        blank = kept.rfind(" ", len(kept) - _LONGEST_WORD)
        return setting.lines(f"{kept[:blank] if blank > 0 else kept} {end}", width)

    fits = bisect(range(1, len(words)), most, key=lambda count: len(lines(count)))
    return setting, lines(fits)
