"""Scanned pages: drawn by PDFium, read by Tesseract, if it is installed with German.

Tesseract is called directly: pytesseract passes pictures and texts by files, which the process that reads must not
write. Here both go through pipes.
"""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from io import StringIO
from statistics import median
from typing import TYPE_CHECKING, Final

from retrieval.loading.limits import OCR_PAGE_SECONDS, OCR_PIXELS, OCR_SECONDS
from retrieval.loading.pdf_words import PageWords, Word
from retrieval.messages import notice

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

_LANGUAGE: Final = "deu"
# Tesseract is made for pictures of 300 dots an inch; a point is a 72nd of one.
_SCALE: Final = 300 / 72
# Words it is less sure of, in percent, are dirt. A page most of whose words are is none to quote from.
_LEAST_SURE: Final = 35.0
_SURE: Final = 55.0
_BASELINE: Final = 0.22  # of a line's height, the part under the baseline
_SAME_SIZE: Final = 0.4
# What it takes bullets for, and how far the text stands from one.
_BULLETS: Final = frozenset("«»e©®*°o¢¥+=")
_BULLET_GAP: Final = 0.6
_LIST_SECONDS: Final = 10.0


class Ocr:
    """Reads pages that are pictures."""

    @property
    def how(self) -> str:
        """What to do that pages are read; "" if they are."""
        if _program():
            return ""
        return notice("loading.ocr_apt" if shutil.which("apt") else "loading.ocr")

    def read(
        self, document: PdfDocument, numbers: Sequence[int], *, seconds: float = OCR_SECONDS
    ) -> tuple[dict[int, PageWords], dict[str, list[int]]]:
        """The words of these pages (from 0), and by reason the pages that could not be read."""
        if not numbers:
            return {}, {}
        program = _program()
        if not program:
            return {}, {notice("loading.page_scanned", how=self.how): list(numbers)}
        read: dict[int, PageWords] = {}
        unread: dict[str, list[int]] = {}
        _allow(seconds + OCR_PAGE_SECONDS)
        end = time.monotonic() + seconds
        for number in numbers:
            left = end - time.monotonic()
            words = _page_words(document, number, program, min(left, OCR_PAGE_SECONDS)) if left > 0 else None
            if words is None:
                unread.setdefault(notice("loading.page_late"), []).append(number)
            elif not words.words:
                unread.setdefault(notice("loading.page_silent"), []).append(number)
            else:
                read[number] = words
        return read, unread


def more_seconds(name: str) -> float:
    """How much longer than others a file of this name may take, because its pages may be read."""
    may_be_read = name.lower().endswith(".pdf") and shutil.which("tesseract") is not None
    return OCR_SECONDS + OCR_PAGE_SECONDS if may_be_read else 0.0


def _allow(seconds: float) -> None:
    """More time for this file, where the process that reads has set a limit."""
    if signal.getitimer(signal.ITIMER_REAL)[0]:
        signal.setitimer(signal.ITIMER_REAL, seconds)


@cache
def _program() -> str:
    """Where Tesseract lies, "" if it is not there or cannot read German."""
    path = shutil.which("tesseract")
    if path is None:
        return ""
    with suppress(OSError, subprocess.SubprocessError):
        listed = subprocess.run([path, "--list-langs"], capture_output=True, timeout=_LIST_SECONDS, check=True)
        if _LANGUAGE in listed.stdout.decode(errors="replace").split():
            return path
    return ""


def _page_words(document: PdfDocument, number: int, program: str, seconds: float) -> PageWords | None:
    """The words of a page, none if it has none or cannot be drawn; None if that takes too long."""
    from pypdfium2 import PdfiumError

    try:
        page = document[number]
        picture, scale, height = _drawn(page)
        page.close()
    except PdfiumError:
        return PageWords((), 0.0, 0.0)
    command = [program, "stdin", "stdout", "-l", _LANGUAGE, "--dpi", str(round(72 * scale)), "tsv"]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}  # threads make it slower, not faster
    try:
        done = subprocess.run(command, input=picture, capture_output=True, timeout=seconds, check=True, env=environment)
    except subprocess.TimeoutExpired:
        return None
    except (OSError, subprocess.SubprocessError):
        return PageWords((), 0.0, 0.0)
    return PageWords(tuple(_words(done.stdout.decode(errors="replace"), scale, height)), 0.0, height)


def _drawn(page: PdfPage) -> tuple[bytes, float, float]:
    """The page in grey as a PGM picture, how many of its dots are a point, and its height in points."""
    width, height = page.get_size()
    scale = min(_SCALE, (OCR_PIXELS / max(width * height, 1.0)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True)
    rows = memoryview(bitmap.buffer).cast("B")
    lines = (rows[row * bitmap.stride : row * bitmap.stride + bitmap.width] for row in range(bitmap.height))
    picture = b"P5 %d %d 255\n" % (bitmap.width, bitmap.height) + b"".join(lines)
    bitmap.close()
    return picture, scale, height


def _words(table: str, scale: float, height: float) -> Iterator[Word]:
    """The words in Tesseract's table, in its order, on the baselines of their lines."""
    found = [row for row in csv.reader(StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE) if len(row) == 12]
    lines: list[tuple[float, float]] = []
    words: list[tuple[int, list[str]]] = []
    try:
        for row in found:
            if row[0] == "4":
                top, tall = float(row[7]), float(row[9])
                lines.append((height - (top + tall * (1 - _BASELINE)) / scale, tall / scale))
            elif row[0] == "5" and lines and row[11].strip() and float(row[10]) >= _LEAST_SURE:
                words.append((len(lines) - 1, row))
        if not words or median(float(row[10]) for _, row in words) < _SURE:
            return
        usual = median(lines[line][1] for line, _ in words)
        for position, (line, row) in enumerate(words):
            y, size = lines[line]
            left, wide = float(row[6]) / scale, float(row[8]) / scale
            size = usual if abs(size - usual) <= _SAME_SIZE * usual else size
            is_first = position == 0 or words[position - 1][0] != line
            following = words[position + 1][1] if position + 1 < len(words) and words[position + 1][0] == line else None
            apart = following is not None and float(following[6]) / scale - left - wide > _BULLET_GAP * size
            text = "•" if is_first and apart and row[11].strip() in _BULLETS else row[11].strip()
            yield Word(text, left, left + wide, y, size, position)
    except ValueError:  # not the table that it was asked for
        return
