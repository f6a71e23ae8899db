"""Reading in a process of its own, so that no file can harm the one that holds the collection."""

from __future__ import annotations

import atexit
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Final

from retrieval.errors import LoadingError
from retrieval.loading.feed_parser import Entry, Feed
from retrieval.loading.limits import MAX_BROKEN_MEMBERS, WORKER_MEMORY_BYTES, WORKER_SECONDS
from retrieval.loading.normalise import one_line
from retrieval.loading.worker import OUT_OF_MEMORY
from retrieval.messages import mapped, notice, restored
from retrieval.types import ArticleReport, Document, IndexOutcome, Landmark, SkippedPart

logger = logging.getLogger(__name__)

# Isolated (-I): neither the current folder nor PYTHON… variables decide what it imports, only this process does.
_PROGRAM: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from retrieval.loading.worker import main; main(int(sys.argv[2]), float(sys.argv[3]))"
)


#: An article, why there is none, or a part of a file that was not read.
Loaded = Document | ArticleReport | SkippedPart


class Worker:
    """Reads files in one process, which starts with the first file and again after one that has ended it.

    Safe to use from several threads; one file at a time is read.
    """

    def __init__(self, *, memory_bytes: int = WORKER_MEMORY_BYTES, seconds: float = WORKER_SECONDS) -> None:
        self._memory_bytes = memory_bytes
        self._seconds = seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._held = 0  # the number of the file that the process has got last

    @property
    def pid(self) -> int | None:
        """The process, None as long as there is none."""
        return None if self._process is None else self._process.pid

    def close(self) -> None:
        """Ends the process."""
        with self._lock:
            self._end()

    def read(self, raw: bytes, path: Path) -> Iterator[Loaded]:
        """The articles in a file with this content, one after the other; an ArticleReport for each that cannot be read.

        A SkippedPart tells what else was not read. ``path`` tells the type, and where the articles' own paths begin. A
        report with ``str(path)`` itself means that the file was not read to its end.
        """
        number = next(self._numbers)
        try:
            messages = self._ask(number, raw, path.name)
        except LoadingError as error:
            yield _failed(str(path), str(error))
            return
        for message in messages:
            if "members" in message:
                yield from self._read_members(number, raw, path, message["members"])
            else:
                yield _result(message, str(path), os.path.abspath(path))

    def read_feed(self, raw: bytes, address: str, charset: str) -> Feed:
        """The feed with this content, see ``feed_parser.parse_feed``. Raises LoadingError if it cannot be read."""
        (message,) = self._ask(next(self._numbers), raw, address, charset=charset)
        if "refused" in message:
            raise LoadingError(restored(message["refused"]))
        feed = message["feed"]
        return Feed(feed["title"], tuple(Entry(**entry) for entry in feed["entries"]))

    def _read_members(self, number: int, raw: bytes, path: Path, members: Sequence[str]) -> Iterator[Loaded]:
        broken = 0
        for member in members:
            inside = f"{os.path.abspath(path)}#{one_line(member)}"
            if broken == MAX_BROKEN_MEMBERS:
                yield _failed(str(path), notice("loading.broken_archive", count=broken))
                return
            try:
                messages = self._ask(number, raw, path.name, member)
            except LoadingError as error:
                broken += 1
                yield _failed(inside, str(error))
                continue
            for message in messages:
                if message.get("whole"):
                    yield _failed(str(path), restored(message["refused"]))
                    return
                yield _result(message, inside, inside)

    def _ask(self, number: int, raw: bytes, name: str, member: str | None = None, **more: str) -> list[dict[str, Any]]:
        """The messages about a file or a member of it; the content is sent if the process does not hold it yet."""
        with self._lock:
            try:
                process = self._running()
                content = b"" if self._held == number else raw
                self._held = number
                request = {"name": name, "member": member, "size": len(content), **more}
                assert process.stdin is not None and process.stdout is not None
                messages: list[dict[str, Any]] = []
                try:
                    process.stdin.write(json.dumps(request).encode() + b"\n")
                    process.stdin.write(content)
                    process.stdin.flush()
                    for line in process.stdout:
                        message = json.loads(line)
                        if "done" in message:
                            return messages
                        if "log" in message:
                            logger.warning("%s", message["log"])
                        else:
                            messages.append(message)
                except BrokenPipeError:
                    pass
                raise LoadingError(self._why(process.wait(), member or name))
            except OSError as error:
                raise LoadingError(notice("loading.no_process", error=error.strerror)) from error
            except BaseException:
                self._end()  # half an answer must not be taken for the next one
                raise

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            arguments = [json.dumps(sys.path), str(self._memory_bytes), str(self._seconds)]
            # It has no use for the settings, and the token is one of them.
            environment = {name: value for name, value in os.environ.items() if not name.startswith("FUNDSTELLE_")}
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _PROGRAM, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
        return self._process

    def _end(self) -> None:
        process, self._process, self._held = self._process, None, 0
        if process is not None:
            process.kill()
            process.communicate()

    def _why(self, status: int, name: str) -> str:
        if status == -signal.SIGALRM:
            return notice("loading.slow", name=name, seconds=self._seconds)
        if status in (OUT_OF_MEMORY, -signal.SIGKILL):
            return notice("loading.memory", name=name, limit=self._memory_bytes // 1_000_000)
        if status > 0:  # no file does that
            return notice("loading.process_ended", name=name, status=status)
        return notice("loading.broken", name=name, signal=-status)


def _failed(path: str, reason: str) -> ArticleReport:
    return ArticleReport(path, IndexOutcome.FAILED, mapped(reason, one_line))


def _result(message: dict[str, Any], whole: str, absolute: str) -> Loaded:
    """What a message is about; ``whole`` is what a report about the file itself is called."""
    inside = f"{absolute}#{message['member']}" if message["member"] else ""
    if "skipped" in message:
        skipped = message["skipped"]
        what, why = (mapped(restored(skipped[name]), one_line) for name in ("what", "why"))
        return SkippedPart(inside or whole, what, why)
    if "refused" in message:
        return _failed(inside or whole, restored(message["refused"]))
    article = message["article"]
    landmarks = tuple(Landmark(**landmark) for landmark in article.pop("landmarks"))
    return replace(Document(**article), landmarks=landmarks, path=inside or absolute)


#: The one that all files are read with.
WORKER: Final = Worker()
atexit.register(WORKER.close)
