"""From files to documents: finding, reading, decoding, and what is known about an article besides its text.

A file's content is parsed in a process of its own, with limits on memory and time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from retrieval.errors import LoadingError
from retrieval.loading.files import find_files, read_file
from retrieval.loading.limits import MAX_FILE_BYTES
from retrieval.loading.process import WORKER
from retrieval.types import Document, FileReport, IndexOutcome

__all__ = ["MAX_FILE_BYTES", "find_files", "load_document", "load_documents"]


def load_documents(path: Path) -> Iterator[Document | FileReport]:
    """The articles in one file: NFC text with ``\\n`` line ends, a paragraph a line, and what is known about each.

    Text and Markdown may begin with front matter: a line ``---``, lines like ``title: ...`` (title, source, url,
    published), another ``---``. Without a title the first heading or a short first line serves, else the file's name;
    without a source a dateline such as "MOSKAU, 17. Mai (BelTA) - ".

    The path of an article in an archive or a list is that of the file, ``#``, and its name or number there. An article
    that cannot be taken up is a failed FileReport with the reason; one whose path is ``str(path)`` means that the file
    could not be read to its end.
    """
    try:
        raw = read_file(path)
    except LoadingError as error:
        yield FileReport(str(path), IndexOutcome.FAILED, str(error))
        return
    yield from WORKER.read(raw, path)


def load_document(path: Path) -> Document:
    """The article in a file that holds one, the first one otherwise. Raises LoadingError if it cannot be taken up."""
    first = next(load_documents(path))
    if isinstance(first, FileReport):
        raise LoadingError(first.reason)
    return first
