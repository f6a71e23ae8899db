"""Questions a second by 1, 2 and 3 workers on one PostgreSQL: whether more processes answer more.

The workers are processes of the bot, as ``fundstelle worker`` starts them, with the tests' answerer in the place of the
models: it takes its time by waiting, so that cores do not run out before workers do.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks import markdown
from benchmarks.articles import SEEDS
from bot.telegram.postgres.inbox import PostgresInbox
from bot.telegram.postgres.tables import BotDatabase
from bot.telegram.transport.inbox import Received
from tests.botapi import TOKEN, BotApi
from tests.postgres_server import running_server

READING_SECONDS = 0.1  # that a question takes
PATIENCE_SECONDS = 600.0


class Throughput(NamedTuple):
    """What so many workers answer, all questions lying there from the beginning."""

    workers: int
    questions: int
    seconds: float  # from when they were there to the last answer

    @property
    def rate(self) -> float:
        """Questions a second."""
        return self.questions / self.seconds


def measure(counts: Sequence[int], questions: int) -> list[Throughput]:
    """One row for each number of workers, which answer ``questions`` questions, each of another chat.

    Raises SystemExit if no server or no worker starts.
    """
    try:
        with running_server(durable=True) as server:
            return [_measure(server.new_database(), count, questions) for count in counts]
    except pytest.skip.Exception as reason:
        raise SystemExit(str(reason)) from None


def _measure(url: str, count: int, questions: int) -> Throughput:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fundstelle-bench-")))
        api = stack.enter_context(BotApi())
        inbox = PostgresInbox(stack.enter_context(closing(BotDatabase(url))), int(TOKEN.split(":")[0]))
        received = _received(api, range(1, questions + 1))
        workers = []
        for number in range(count):
            workers.append(_worker(folder / str(number), api.url, url))
            stack.callback(_end, workers[-1])
        _wait(api, workers, lambda: len(api.calls("getMe")) >= count)  # each has loaded what it needs and logged in
        inbox.take(received)
        began = time.monotonic()
        _wait(api, workers, lambda: len(api.sent()) >= questions)
        seconds = max(call.at for call in api.calls("sendMessage")) - began
    print(f"{count} workers: {seconds:.1f} s", file=sys.stderr, flush=True)
    return Throughput(count, questions, seconds)


def _received(api: BotApi, users: Sequence[int]) -> list[Received]:
    """A question from each of ``users``, as a bot that polls gets them."""
    for user in users:
        api.text("Wie viele kamen?", user=user)
    received: list[Received] = []
    while len(received) < len(users):
        offset = received[-1].update_id + 1 if received else 0
        with urllib.request.urlopen(f"{api.url}/bot{TOKEN}/getUpdates?offset={offset}") as response:
            updates = json.load(response)["result"]
        received += [Received(update["update_id"], json.dumps(update)) for update in updates]
    return received


def _worker(home: Path, api: str, url: str) -> subprocess.Popen[bytes]:
    settings = (f"database_url={url}", "receives=no", "telegram_open=true", "log_level=WARNING")
    command = [sys.executable, "-m", "tests.telegram_bot", str(home), api, TOKEN, str(READING_SECONDS), *settings]
    return subprocess.Popen(command, cwd=SEEDS.parent, stdout=subprocess.DEVNULL)


def _end(worker: subprocess.Popen[bytes]) -> None:
    worker.terminate()
    worker.wait()


def _wait(api: BotApi, workers: Sequence[subprocess.Popen[bytes]], condition: Callable[[], bool]) -> None:
    def ended() -> bool:
        return any(worker.poll() is not None for worker in workers)

    api.wait(lambda: condition() or ended(), PATIENCE_SECONDS)
    if ended():
        raise SystemExit("A worker has ended.")  # it has said why


def report(rows: Sequence[Throughput]) -> str:
    """A Markdown table; growth is against the first row."""
    header = ("workers", "questions", "all answered after", "questions/s", "growth")
    cells = [
        (r.workers, r.questions, f"{r.seconds:.1f} s", f"{r.rate:.1f}", f"{r.rate / rows[0].rate:.2f}") for r in rows
    ]
    return markdown(header, cells)
