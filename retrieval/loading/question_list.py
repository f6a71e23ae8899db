"""Questions in a file: one a line, or a column of a table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Final

from retrieval.loading.decoding import decode

#: What is read of a file at most.
MAX_BYTES: Final = 20_000_000
_NAMES: Final = ("question", "questions", "frage", "fragen")
_DELIMITERS: Final = "\t;,|"


def read_question_list(raw: bytes, name: str) -> list[str]:
    """The questions, each once: of the column "question" or "frage" if the first line names one, else one a line.

    Raises:
        LoadingError: the encoding of the file ``name`` is not known.
    """
    content = decode(raw, name).replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    found = dict.fromkeys(" ".join(question.split()) for question in _questions(content))
    return [question for question in found if question]


def _questions(content: str) -> Iterator[str]:
    first = content.partition("\n")[0]
    for delimiter in _DELIMITERS:
        names = [name.strip().strip('"').lower() for name in first.split(delimiter)]
        column = next((position for position, name in enumerate(names) if name in _NAMES), None)
        if column is not None:
            csv.field_size_limit(MAX_BYTES)
            rows = csv.reader(StringIO(content), delimiter=delimiter)
            next(rows)
            yield from (row[column] for row in rows if len(row) > column)
            return
    for line in content.split("\n"):
        words = line.strip()
        # A line that is a cell of a table may be put in quotation marks.
        is_cell = len(words) > 1 and words[0] == words[-1] == '"' and '"' not in words[1:-1].replace('""', "")
        yield words[1:-1].replace('""', '"') if is_cell else words
