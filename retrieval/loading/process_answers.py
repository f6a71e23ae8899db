"""What the process that reads files answers, as articles and reports; and what members of archives are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from retrieval.errors import LoadingError
from retrieval.index_report import ArticleReport, IndexOutcome, SkippedPart
from retrieval.loading.normalise import one_line
from retrieval.messages import mapped, notice, restored
from retrieval.types import Document, Landmark

_STRINGS: Final = ("text", "title", "source", "url", "published", "author", "language", "path")

#: An article, why there is none, or a part of a file that was not read.
Loaded = Document | ArticleReport | SkippedPart


def failure(path: str, reason: str) -> ArticleReport:
    """The report of an article that cannot be read."""
    return ArticleReport(path, IndexOutcome.FAILED, mapped(reason, one_line))


def to_loaded(message: dict[str, Any], whole: str, absolute: str) -> Loaded:
    """What a message is about; ``whole`` is what a report about the file itself is called."""
    inside = f"{absolute}#{message['member']}" if message["member"] else ""
    if "skipped" in message:
        skipped = message["skipped"]
        what, why = (mapped(restored(skipped[name]), one_line) for name in ("what", "why"))
        return SkippedPart(inside or whole, what, why)
    if "refused" in message:
        return failure(inside or whole, restored(message["refused"]))
    article = message["article"]
    landmarks = tuple(Landmark(**landmark) for landmark in article.pop("landmarks"))
    document = replace(Document(**article), landmarks=landmarks, path=inside or absolute)
    if not all(isinstance(getattr(document, name), str) for name in _STRINGS):
        raise TypeError("not a document")
    return document


def only(messages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The message that answers for all of a file. Raises LoadingError if the file was refused."""
    (message,) = messages
    if "refused" in message:
        raise LoadingError(restored(message["refused"]))
    return message


def member_names(members: Iterable[str]) -> dict[str, str]:
    """What the files of an archive are called in paths: one line each, and no two the same.

    Names that differ only in signs that a line does not keep (composed or not, blanks, controls) stay apart by a hash
    of the name itself, so that neither article takes the place of the other.
    """
    lines = {member: one_line(member) for member in members}
    often = Counter(lines.values())
    return {
        member: line if often[line] == 1 or line == member else f"{line} [{sha256(_encoded(member)).hexdigest()[:8]}]"
        for member, line in lines.items()
    }


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


@contextmanager
def understanding(name: str) -> Iterator[None]:
    """An answer that is none, in the block, is a LoadingError: whatever a file makes of the process, it is one file."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise LoadingError(notice("loading.odd_answer", name=name)) from error
