"""Tables in files of their own: comma-separated values, and what all spreadsheets have in common."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import islice
from pathlib import PurePosixPath
from typing import Final

from retrieval.errors import LoadingError
from retrieval.loading.limits import MAX_CELLS, MAX_TEXT_CHARS
from retrieval.loading.parsed import Article, Block, Skipped
from retrieval.loading.tables import named_columns, rows_as_lines
from retrieval.loading.text_files import decoded
from retrieval.messages import notice

# The semicolon before the comma, which is the decimal point of German figures.
_DELIMITERS: Final = "\t;|,"
_LOOKED_AT: Final = 100
# How many of the rows have to have the same number of cells.
_ALIKE: Final = 0.9
# Excel's own first line, which names the delimiter.
_STATED: Final = "sep="


def read_csv_file(raw: bytes, name: str) -> Iterator[Article | Skipped]:
    """A .csv or .tsv file, a line for each row; its delimiter is a tab, a semicolon, a comma or "|"."""
    text = decoded(raw, name)
    first, _, rest = text.partition("\n")
    stated = first.strip().lower().removeprefix(_STATED) if first.lower().startswith(_STATED) else ""
    delimiter = stated if len(stated) == 1 else ""
    text = rest if delimiter else text
    try:
        rows = _rows(text, delimiter or _delimiter(text))
    except csv.Error as error:
        raise LoadingError(notice("loading.unreadable", name=name, kind=notice("loading.kind_table"))) from error
    kept = _within_limit(rows)
    lines = rows_as_lines(rows[:kept], header=named_columns(rows[:kept]))
    if kept < len(rows):
        yield Skipped(notice("parts.rest_of_file", row=kept + 1), notice("parts.rows_why", limit=MAX_CELLS))
    if not lines:
        raise LoadingError(notice("loading.nothing", name=name))
    yield Article(tuple(map(Block, lines)), title=sheet_title(name))


def sheet_title(name: str, sheet: str = "") -> str:
    """The title of a file's only sheet, or of one among others."""
    stem = PurePosixPath(name).stem.replace("_", " ")
    return f"{stem} – {sheet}" if sheet else stem


def _within_limit(rows: Sequence[Sequence[str]]) -> int:
    """How many rows have no more than MAX_CELLS cells together."""
    cells = 0
    for number, row in enumerate(rows):
        cells += len(row)
        if cells > MAX_CELLS:
            return number
    return len(rows)


def _delimiter(text: str) -> str:
    """The first that gives nearly all rows the same number of cells, else the one that most rows have alike."""
    best, share = ",", 0.0
    for delimiter in _DELIMITERS:
        reader = csv.reader(StringIO(text[: _LOOKED_AT * 1000], newline=""), delimiter=delimiter)
        try:
            widths = [len(row) for row in islice(reader, _LOOKED_AT) if row]
        except csv.Error:
            continue
        (width, count), *_ = Counter(widths).most_common(1) or [(0, 0)]
        if width > 1 and count >= _ALIKE * len(widths):
            return delimiter
        if width > 1 and count / len(widths) > share:
            best, share = delimiter, count / len(widths)
    return best


def _rows(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(MAX_TEXT_CHARS)
    try:
        return list(csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        # A quotation mark that nothing closes would make one cell of all that follows.
        if "end of data" in str(error):
            return list(csv.reader(StringIO(text, newline=""), delimiter=delimiter, quoting=csv.QUOTE_NONE))
    return list(csv.reader(StringIO(text, newline=""), delimiter=delimiter))
