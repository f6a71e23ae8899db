"""The process that reads files: it has met what others have written, so it is kept small and can be lost any time.

It opens no file and knows no setting. On stdin come requests, each a line of JSON and the bytes of the file; on stdout
go messages, a line of JSON each, ``{"done": true}`` last. A file that takes too long or too much memory ends the
process, and how it ended says why.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Any, Final

from retrieval.errors import LoadingError
from retrieval.loading.archive import Archive, TrapError
from retrieval.loading.confinement import confine
from retrieval.loading.documents import read_documents
from retrieval.loading.feed_parser import parse_feed
from retrieval.loading.formats import ARCHIVE_SUFFIX, SUFFIXES, known_types, max_size
from retrieval.loading.limits import MAX_ERROR_CHARS
from retrieval.loading.parsed import Refused, Skipped
from retrieval.loading.pdf_picture import PDF_SUFFIX, Words, draw_page
from retrieval.loading.unread import count_unread, is_hidden
from retrieval.messages import notice, stored

#: The exit status after a file that needed more memory than there is.
OUT_OF_MEMORY: Final = 77

logger = logging.getLogger(__name__)


class Answering:
    """Answers requests: for a file with its content, then for the members of an archive, whose content is kept.

    A request with a ``charset`` is for a feed; its ``name`` is its address. One with a ``page`` is for a picture of a
    page of a PDF, with ``words`` marked.
    """

    def __init__(self) -> None:
        self._archive: Archive | None = None

    def messages(self, request: dict[str, Any], raw: bytes) -> Iterator[dict[str, Any]]:
        """What is in a file: its articles, or the names of the files in it; ``refused`` with a reason otherwise.

        ``skipped`` tells what else was not read.
        """
        name, member, is_feed = str(request["name"]), request.get("member"), "charset" in request
        try:
            if is_feed:
                self._archive = None
                yield {"feed": asdict(parse_feed(raw, name, request["charset"]))}
                return
            if "page" in request:
                yield self._picture(request, name, member, raw)
                return
            if PurePosixPath(name).suffix.lower() != ARCHIVE_SUFFIX:
                self._archive = None
                yield from _articles(raw, name)
                return
            if self._archive is None or raw or member is None:
                self._archive = Archive(raw, name, notice("loading.kind_archive"))
            if member is None:
                known, others = _sorted_members(self._archive)
                yield {"members": known}
                for part in count_unread(others):
                    yield _skipped(part)
            else:
                yield from _articles_of_member(self._archive, member)
        except LoadingError as error:
            yield _refused(str(error), whole=isinstance(error, TrapError))
        except MemoryError:
            raise
        except Exception as error:  # parsers of other people's files raise whatever they raise
            logger.warning("reading %s failed", name, exc_info=True)
            shown = f"{error!r:.{MAX_ERROR_CHARS}}"
            damaged = notice("web.damaged_feed", url=name, error=shown) if is_feed else None
            yield _refused(damaged or notice("loading.failed", error=shown))

    def _picture(self, request: dict[str, Any], name: str, member: str | None, raw: bytes) -> dict[str, Any]:
        if member is not None:
            if self._archive is None or raw:
                self._archive = Archive(raw, name, notice("loading.kind_archive"))
            raw, name = self._archive.read(member, max_size(PDF_SUFFIX)), PurePosixPath(member).name
        picture, is_marked = draw_page(raw, name, int(request["page"]), Words(*request["words"]))
        return {"picture": b64encode(picture).decode(), "marked": is_marked}


def _refused(reason: str, member: str = "", *, whole: bool = False) -> dict[str, Any]:
    return {"refused": stored(reason), "member": member, "whole": whole}


def _skipped(part: Skipped) -> dict[str, Any]:
    return {"skipped": {"what": stored(part.what), "why": stored(part.why)}, "member": part.member}


def _articles(raw: bytes, name: str) -> Iterator[dict[str, Any]]:
    for found in read_documents(raw, name):
        if isinstance(found, Refused):
            yield _refused(found.reason, found.member)
        elif isinstance(found, Skipped):
            yield _skipped(found)
        else:
            yield {"article": asdict(found.document), "member": found.name}


def _sorted_members(archive: Archive) -> tuple[list[str], list[str]]:
    """The files that can be read and archives, to say that they are not; and those of other types. Nothing hidden."""
    known: list[str] = []
    others: list[str] = []
    for member in archive.members:
        path = PurePosixPath(member)
        if not any(is_hidden(part) for part in path.parts if part != ".."):
            (known if path.suffix.lower() in SUFFIXES else others).append(member)
    if not known:
        raise LoadingError(notice("loading.empty_archive", name=archive.name, types=known_types()))
    return known, others


def _articles_of_member(archive: Archive, member: str) -> Iterator[dict[str, Any]]:
    path = PurePosixPath(member)
    suffix = path.suffix.lower()
    if suffix == ARCHIVE_SUFFIX:
        raise LoadingError(notice("loading.archive_in_archive", name=path.name))
    yield from _articles(archive.read(member, max_size(suffix)), path.name)


def main(memory_bytes: int, seconds: float) -> None:
    """Answers until stdin ends."""
    # Whatever a parser prints goes nowhere: stdout belongs to the messages.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit(memory_bytes)
    confine()

    def send(message: dict[str, Any]) -> None:
        output.write(json.dumps(message).encode() + b"\n")

    class Sending(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            send({"log": self.format(record)})

    logging.getLogger("retrieval").addHandler(Sending())
    logging.getLogger().addHandler(logging.NullHandler())
    answering = Answering()
    while header := sys.stdin.buffer.readline():
        request = json.loads(header)
        signal.setitimer(signal.ITIMER_REAL, seconds)  # SIGALRM ends the process, whatever it is in
        try:
            for message in answering.messages(request, sys.stdin.buffer.read(request["size"])):
                send(message)
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        signal.setitimer(signal.ITIMER_REAL, 0)
        send({"done": True})
        output.flush()


def _limit(memory_bytes: int) -> None:
    """No more memory than this, no file written, no core dumped."""
    for kind, limit in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # macOS does not limit the address space
            resource.setrlimit(kind, (limit, limit))
