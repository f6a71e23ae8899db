"""Tables as CSV (RFC 4180, UTF-8) that a spreadsheet can open without running anything in them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from decimal import Decimal
from typing import TextIO

from retrieval.answer import Answer, Certainty
from retrieval.characters import without_controls
from retrieval.types import Document

#: What says where a quote stands.
PLACE = ("source", "date", "title", "path", "page", "start", "end")
#: Of a table of questions: without an answer ``quote`` is empty; where one could not be asked, ``error`` says why.
COLUMNS = ("question", "article", "quote", "confidence", "certainty", *PLACE, "error")
# A cell that begins with one of these is a formula to spreadsheets; the full-width ones to some in East Asia.
_FORMULA = tuple("=+-@\t\r＝＋－＠")


class TableWriter:
    """Writes rows to ``file``, each at once, with "\\n" at the end of a line."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._writer = csv.writer(file, lineterminator="\n")

    def write(self, cells: Iterable[object]) -> None:
        """Writes one row; None is an empty cell."""
        self._writer.writerow([cell(value) for value in cells])
        self._file.flush()


def cell(value: object) -> str:
    """What is written for a value: with an apostrophe before it if a spreadsheet would take it for a formula."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    words = "" if value is None else without_controls(str(value))
    return f"'{words}" if words.lstrip().startswith(_FORMULA) else words


def sureness(confidence: float) -> tuple[str, str]:
    """The cells "confidence" (0..1) and "certainty", as ``ask --json`` names it."""
    return f"{confidence:.4f}", Certainty.of(confidence).value


def place(document: Document, start: int | None, end: int | None) -> tuple[object, ...]:
    """The cells of PLACE; without ``start`` the article itself."""
    page = document.landmark_at(start).page if start is not None else 0
    return document.source, document.published, document.title, document.path, page or None, start, end


def answer_row(question: str, asked_of: Document | None, answer: Answer | None, error: str = "") -> tuple[object, ...]:
    """The row of COLUMNS for a question; ``asked_of`` is the only article that was asked, None for all."""
    if answer is not None and answer.text is not None and answer.document is not None:
        found = (question, answer.document.id, answer.text, *sureness(answer.confidence))
        return (*found, *place(answer.document, answer.start, answer.end), error)
    confidence = None if answer is None else sureness(answer.confidence)[0]
    article, where = (None, (None,) * len(PLACE)) if asked_of is None else (asked_of.id, place(asked_of, None, None))
    return (question, article, None, confidence, None, *where, error)
