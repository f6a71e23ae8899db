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
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from retrieval.errors import LoadingError
from retrieval.loading import ocr
from retrieval.loading.feed_parser import Entry, Feed
from retrieval.loading.limits import MAX_BROKEN_MEMBERS, WORKER_MEMORY_BYTES, WORKER_SECONDS
from retrieval.loading.pdf_picture import Words
from retrieval.loading.process_answers import Loaded, failure, member_names, only, to_loaded, understanding
from retrieval.loading.process_watch import Watch
from retrieval.loading.worker import OUT_OF_MEMORY
from retrieval.messages import notice, restored

logger = logging.getLogger(__name__)

# Isolated (-I): neither the current folder nor PYTHON… variables decide what it imports, only this process does.
_PROGRAM: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from retrieval.loading.worker import main; main(int(sys.argv[2]), float(sys.argv[3]))"
)

#: What the process is told of the environment: where programs and libraries are, language and time zone, and what the
#: reading of scanned pages asks for. The token and other secrets are not among it.
ENVIRONMENT: Final = frozenset({
    "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ",
    "TESSDATA_PREFIX", "OMP_NUM_THREADS", "OMP_THREAD_LIMIT",
})  # fmt: skip

#: A file may take so many seconds in all its members. What is read from it comes as JSON, of so many bytes at once (a
#: character takes up to twelve) and in all.
FILE_SECONDS: Final = 3600.0
ANSWER_BYTES: Final = 1_000_000_000
FILE_ANSWER_BYTES: Final = 4_000_000_000
#: The process ends itself after its seconds; so many later it is ended.
_GRACE_SECONDS: Final = 10.0


@dataclass(slots=True)
class _Budget:
    """What is left to one file."""

    seconds: float
    bytes: int = FILE_ANSWER_BYTES


class Worker:
    """Reads files in one process, which starts with the first file and again after one that has ended it.

    Safe to use from several threads; one file at a time is read.
    """

    def __init__(
        self,
        *,
        memory_bytes: int = WORKER_MEMORY_BYTES,
        seconds: float = WORKER_SECONDS,
        file_seconds: float = FILE_SECONDS,
        program: str = _PROGRAM,
    ) -> None:
        self._memory_bytes = memory_bytes
        self._seconds = seconds
        self._file_seconds = file_seconds
        self._program = program
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: Watch | None = None
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
        number, budget = next(self._numbers), _Budget(self._file_seconds)
        try:
            messages = self._ask(number, raw, path.name, budget)
            yield from self._read(number, raw, path, messages, budget)
        except LoadingError as error:
            yield failure(str(path), str(error))

    def read_feed(self, raw: bytes, address: str, charset: str) -> Feed:
        """The feed with this content, see ``feed_parser.parse_feed``. Raises LoadingError if it cannot be read."""
        messages = self._ask(next(self._numbers), raw, address, _Budget(self._file_seconds), charset=charset)
        with understanding(address):
            feed = only(messages)["feed"]
            return Feed(feed["title"], tuple(Entry(**entry) for entry in feed["entries"]))

    def draw_page(self, raw: bytes, path: Path, member: str, page: int, words: Words) -> tuple[bytes, bool]:
        """A page of a .pdf file as PNG, and whether the words are marked on it; see ``pdf_picture.draw_page``.

        ``member`` is what the file is called in paths if ``raw`` is an archive with it, else "". Raises LoadingError.
        """
        number, budget = next(self._numbers), _Budget(self._file_seconds)
        inside = None
        if member:
            listed = self._ask(number, raw, path.name, budget)
            with understanding(path.name):
                members: list[str] = next((message["members"] for message in listed if "members" in message), [])
                inside = next((name for name, shown in member_names(members).items() if shown == member), None)
            if inside is None:
                raise LoadingError(notice("loading.gone", path=f"{path}#{member}"))
        more: dict[str, Any] = {"page": page, "words": [words.before, words.words, words.after]}
        messages = self._ask(number, raw, path.name, budget, inside, **more)
        with understanding(path.name):
            message = only(messages)
            return b64decode(message["picture"]), bool(message["marked"])

    def _read(
        self, number: int, raw: bytes, path: Path, messages: Sequence[dict[str, Any]], budget: _Budget
    ) -> Iterator[Loaded]:
        for message in messages:
            if "members" in message:
                with understanding(path.name):
                    members = member_names(message["members"])
                yield from self._read_members(number, raw, path, members, budget)
            else:
                with understanding(path.name):
                    result = to_loaded(message, str(path), os.path.abspath(path))
                yield result

    def _read_members(
        self, number: int, raw: bytes, path: Path, members: Mapping[str, str], budget: _Budget
    ) -> Iterator[Loaded]:
        broken = 0
        for member, shown in members.items():
            inside = f"{os.path.abspath(path)}#{shown}"
            if broken == MAX_BROKEN_MEMBERS:
                yield failure(str(path), notice("loading.broken_archive", count=broken))
                return
            if budget.seconds <= 0:
                yield failure(str(path), notice("loading.slow_archive", seconds=self._file_seconds))
                return
            try:
                messages = self._ask(number, raw, path.name, budget, member)
                with understanding(shown):
                    if any(message.get("whole") for message in messages):
                        refused = next(message for message in messages if message.get("whole"))
                        yield failure(str(path), restored(refused["refused"]))
                        return
                    results = [to_loaded(message, inside, inside) for message in messages]
            except LoadingError as error:
                broken += 1
                yield failure(inside, str(error))
                continue
            yield from results

    def _ask(
        self, number: int, raw: bytes, name: str, budget: _Budget, member: str | None = None, **more: Any
    ) -> list[dict[str, Any]]:
        """The messages about a file or a member of it; the content is sent if the process does not hold it yet."""
        with self._lock:
            started = time.monotonic()
            try:
                process = self._running()
                content = b"" if self._held == number else raw
                self._held = number
                request = {"name": name, "member": member, "size": len(content), **more}
                longest = self._seconds + ocr.more_seconds(member or name) + _GRACE_SECONDS
                watch = self._watch
                assert watch is not None
                with watch.ending_after(longest):
                    messages = self._exchange(process, json.dumps(request).encode() + b"\n", content, name, budget)
                    if messages is not None:
                        return messages
                    status = process.wait()
                raise LoadingError(self._why(-signal.SIGALRM if watch.has_ended else status, member or name))
            except OSError as error:
                raise LoadingError(notice("loading.no_process", error=error.strerror)) from error
            except BaseException:
                self._end()  # half an answer must not be taken for the next one
                raise
            finally:
                budget.seconds -= time.monotonic() - started

    def _exchange(
        self, process: subprocess.Popen[bytes], header: bytes, content: bytes, name: str, budget: _Budget
    ) -> list[dict[str, Any]] | None:
        """The messages that answer a request; None if the process ends over it, perhaps within a line.

        Raises LoadingError for an answer that is none, or longer than the budget.
        """
        assert process.stdin is not None and process.stdout is not None
        messages: list[dict[str, Any]] = []
        try:
            process.stdin.write(header)
            process.stdin.write(content)
            process.stdin.flush()
        except BrokenPipeError:
            return None
        left = min(ANSWER_BYTES, budget.bytes)
        while left > 0 and (line := process.stdout.readline(left)).endswith(b"\n"):
            left -= len(line)
            budget.bytes -= len(line)
            with understanding(name):
                message = json.loads(line)
                if not isinstance(message, dict):
                    raise TypeError("not a message")
                if "done" in message:
                    return messages
                if "log" in message:
                    logger.warning("%s", message["log"])
                else:
                    messages.append(message)
        if left <= 0 or len(line) >= left:
            raise LoadingError(notice("loading.long_answer", name=name, limit=ANSWER_BYTES // 1_000_000))
        return None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            arguments = [json.dumps(sys.path), str(self._memory_bytes), str(self._seconds)]
            environment = {name: value for name, value in os.environ.items() if name in ENVIRONMENT}
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", self._program, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
            self._watch = Watch(self._process)
        return self._process

    def _end(self) -> None:
        process, self._process, self._held = self._process, None, 0
        if self._watch is not None:
            self._watch.close()
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


#: The one that all files are read with.
WORKER: Final = Worker()
atexit.register(WORKER.close)
