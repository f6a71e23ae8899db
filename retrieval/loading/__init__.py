"""From files to documents: finding, reading, decoding, and what is known about an article besides its text.

A file's content is parsed in a process of its own, with limits on memory and time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from retrieval.errors import LoadingError
from retrieval.index_report import ArticleReport, IndexOutcome, SkippedPart
from retrieval.loading.feed_parser import Entry, Feed
from retrieval.loading.files import find_files, read_file, search_files
from retrieval.loading.formats import SUFFIXES
from retrieval.loading.limits import MAX_FILE_BYTES
from retrieval.loading.process import WORKER
from retrieval.loading.process_answers import Loaded
from retrieval.types import Document

__all__ = [
    "MAX_FILE_BYTES", "SUFFIXES", "Entry", "Feed", "Loaded", "find_files", "load_document", "load_documents",
    "parse_feed", "read_document", "search_files",
]  # fmt: skip


def load_documents(path: Path) -> Iterator[Loaded]:
    """The articles in one file: NFC text with ``\\n`` line ends, a paragraph a line, and what is known about each.

    Text and Markdown may begin with front matter: a line ``---``, lines like ``title: ...`` (title, source, url,
    published, author), another ``---``. Without a title the first heading or a short first line serves, else the
    file's name; without a source a dateline such as "MOSKAU, 17. Mai (BelTA) - ".

    The path of an article in an archive or a list is that of the file, ``#``, and its name or number there. An article
    that cannot be taken up is a failed ArticleReport with the reason; one whose path is ``str(path)`` means that the
    file could not be read to its end. A SkippedPart is no article: it tells what else in the file was not read.
    """
    try:
        raw = read_file(path)
    except LoadingError as error:
        yield ArticleReport(str(path), IndexOutcome.FAILED, str(error))
        return
    yield from WORKER.read(raw, path)


def load_document(path: Path) -> Document:
    """The article in a file that holds one, the first one otherwise. Raises LoadingError if it cannot be taken up."""
    return _first(load_documents(path))


def read_document(raw: bytes, path: Path) -> Document:
    """Like ``load_document`` for a file with this content; ``path`` tells its type and need not exist."""
    return _first(WORKER.read(raw, path))


def parse_feed(raw: bytes, address: str, charset: str = "") -> Feed:
    """The feed with this content, fetched from ``address``. Raises LoadingError if it is none or cannot be read."""
    return WORKER.read_feed(raw, address, charset)


def _first(found: Iterator[Loaded]) -> Document:
    first = next(item for item in found if not isinstance(item, SkippedPart))
    if isinstance(first, ArticleReport):
        raise LoadingError(first.reason)
    return first
