"""The files of ``ask --questions``: the questions that come in, and the table that grows."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TextIO

from bot.cli.console import open_output, whole_path
from bot.errors import CatalogueError
from bot.messages import text
from bot.render.csv import COLUMNS, cell
from retrieval.errors import LoadingError, StoreError

#: The cells "question" and "article"; the latter is "" for a question that is asked of all articles.
Key = tuple[str, str]


def key(question: str, article: int | None) -> Key:
    """What tells a row from others; None: it is asked of all articles."""
    return cell(question), "" if article is None else str(article)


def read_questions(path: Path, language: str) -> list[str]:
    """The questions of a file, each once; see ``read_question_list``.

    Raises:
        LoadingError: the file cannot be read.
        CatalogueError: there is none in it, or it is too large.
    """
    from retrieval.loading.question_list import MAX_BYTES, read_question_list

    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        message = text("cli.catalogue_unreadable", language, path=path, error=error.strerror)
        raise LoadingError(message) from error
    if len(raw) > MAX_BYTES:
        raise CatalogueError(text("cli.catalogue_large", language, path=path, limit=MAX_BYTES // 1_000_000))
    if not (questions := read_question_list(raw, path.name)):
        raise CatalogueError(text("cli.catalogue_empty", language, path=path))
    return questions


@contextmanager
def continued(output: str, *, each_article: bool, language: str) -> Iterator[tuple[TextIO, set[Key]]]:
    """The file to add rows to, and the keys of those that are in it; its header is missing if there are none.

    A row that a stopped process has left half-written is taken out. Standard output ("-") and pipes hold nothing.

    Raises:
        CatalogueError: the file is no such table, or one that was asked in the other way.
        StoreError: it cannot be read or written.
    """
    path = whole_path(output)
    if output == "-" or (path.exists() and not path.is_file()):
        with open_output(output) as file:
            yield file, set()
        return
    try:
        held = path.read_bytes() if path.exists() else b""
        length = _whole(held)
        done = _done(held[:length], each_article=each_article)
        header = ",".join(COLUMNS).encode() + b"\n"
        if done is None or not (held.startswith(header) or header.startswith(held)):
            raise CatalogueError(text("cli.catalogue_other", language, path=path))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", newline="") as file:
            # A header alone is written once more.
            os.truncate(path, length if done else 0)
            yield file, done
    except OSError as error:
        message = text("cli.catalogue_unwritable", language, path=path, error=error.strerror)
        raise StoreError(message) from error


def _whole(raw: bytes) -> int:
    """How many bytes of a CSV file are whole rows."""
    position = end = 0
    is_quoted = False
    for line in raw.split(b"\n")[:-1]:
        position += len(line) + 1
        is_quoted ^= line.count(b'"') % 2 == 1
        end = end if is_quoted else position
    return end


def _done(raw: bytes, *, each_article: bool) -> set[Key] | None:
    """The keys of a table's rows; None if it is another table, or was asked in the other way."""
    from retrieval.loading.question_list import MAX_BYTES

    csv.field_size_limit(MAX_BYTES)
    done: set[Key] = set()
    try:
        for row in list(csv.reader(StringIO(raw.decode("utf-8"), newline="")))[1:]:
            question, article = row[:2] if len(row) == len(COLUMNS) else ("", "")
            found = (question, article if each_article else "")
            if not question or found in done or (each_article and not article):
                return None
            done.add(found)
    except (UnicodeDecodeError, csv.Error):
        return None
    return done
