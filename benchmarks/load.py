"""Questions a second: the Telegram bot with its models, over the tests' Bot API server on this machine.

At each rate the questions come evenly, each from another chat, until the time is over; then all are answered before the
next rate begins. A rate is held if the slowest of 20 answers comes soon. Beyond it the bot is to say so and not to fall
behind without end: "asked to wait" and "refused" count those lines. The event loop's lag is what ``/healthz`` takes to
answer while the models read.

With ``--workers`` it is asked instead how many questions a second so many workers on one PostgreSQL answer, see
``benchmarks.load_workers``.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from itertools import cycle
from statistics import median, quantiles
from typing import NamedTuple

from benchmarks import markdown
from benchmarks.articles import SEEDS
from benchmarks.speed import FUNDSTELLE, machine, seed_questions
from bot.messages import text
from tests.botapi import TOKEN, BotApi, Call, free_port

RATES = (2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 24.0)  # questions a second
SECONDS = 30.0
HELD_WITHIN = 2.0  # seconds that the slowest of 20 answers takes at a rate that is held
#: What the bot says of itself is in the language of the user, and those of the benchmark have German.
WAIT, REFUSED = text("telegram.please_wait", "de"), text("telegram.too_many", "de")


class Lag(threading.Thread):
    """Asks ``/healthz`` of the bot at ``port`` again and again, and notes how long it takes, in ms."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._url = f"http://127.0.0.1:{port}/healthz"
        self.seen: list[float] = []

    def run(self) -> None:
        while True:
            time.sleep(0.02)
            began = time.perf_counter()
            with suppress(OSError), urllib.request.urlopen(self._url) as response:
                response.read()
                self.seen.append(1000 * (time.perf_counter() - began))


class Load(NamedTuple):
    """What a rate, in questions a second, does; times in seconds."""

    rate: float
    answer_median_s: float
    answer_p95_s: float
    asked_to_wait: int
    refused: int
    all_answered_after_s: float
    lag_p99_ms: float

    @property
    def held(self) -> bool:
        """Whether the bot keeps up with it."""
        return not self.refused and self.answer_p95_s <= HELD_WITHIN


def measure(rates: Sequence[float], seconds: float) -> list[Load]:
    """One row a rate, rising; the bot is one process all the time. Raises SystemExit if it does not start."""
    with tempfile.TemporaryDirectory(prefix="fundstelle-bench-") as home, BotApi() as api:
        port = free_port()
        settings = {
            "HOME": home,
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_BASE_URL": api.url,
            "TELEGRAM_OPEN": "true",
            "METRICS_LISTEN": f"127.0.0.1:{port}",
        }
        environment = {**os.environ, **{f"FUNDSTELLE_{name}": value for name, value in settings.items()}}
        command = [FUNDSTELLE, "telegram", "--index", str(SEEDS)]
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as bot:
            try:
                return _measure(api, bot, Lag(port), rates, seconds)
            finally:
                bot.send_signal(signal.SIGTERM)


def _measure(api: BotApi, bot: subprocess.Popen[bytes], lag: Lag, rates: Sequence[float], seconds: float) -> list[Load]:
    german, english = seed_questions()
    questions = cycle(german + english)
    user = 1
    api.text(next(questions), user=user)
    while not api.sent(user):
        if bot.poll() is not None:
            raise SystemExit(f"The bot has ended ({bot.returncode}).")  # it has said why
        time.sleep(0.1)
    rows = []
    lag.start()
    for rate in rates:
        lag.seen.clear()
        count = round(rate * seconds)
        asked: dict[int, float] = {}
        began = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            user += 1
            asked[user] = time.monotonic()
            api.text(next(questions), user=user)
        ended = time.monotonic()
        api.wait(lambda asked=asked: asked.keys() <= _answers(api).keys(), 600)
        answers = _answers(api)
        times = [answers[chat].at - at for chat, at in asked.items() if answers[chat].answer["text"] != REFUSED]
        said = [call.answer["text"] for call in api.calls("sendMessage") if call.answer["chat"]["id"] in asked]
        after = max(0.0, max(answers[chat].at for chat in asked) - ended)
        rows.append(
            Load(
                rate,
                median(times),
                quantiles(times, n=20)[-1],
                said.count(WAIT),
                said.count(REFUSED),
                after,
                quantiles(lag.seen, n=100)[-1],
            )
        )
        print(f"{rate:g} questions a second: {rows[-1].answer_median_s:.2f} s", file=sys.stderr, flush=True)
    return rows


def _answers(api: BotApi) -> dict[int, Call]:
    """The last message to each chat, but for the one that asks to wait."""
    return {call.answer["chat"]["id"]: call for call in api.calls("sendMessage") if call.answer["text"] != WAIT}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__.splitlines()[0])
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, metavar="N", help="questions a second")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long each rate lasts")
    parser.add_argument("--workers", type=int, nargs="+", metavar="N", help="workers on PostgreSQL, without models")
    parser.add_argument("--questions", type=int, default=600, help="how many the workers answer")
    options = parser.parse_args(arguments)
    if options.workers:
        from benchmarks import load_workers

        print(f"{machine()}\n\n{load_workers.report(load_workers.measure(options.workers, options.questions))}")
        return
    rows = measure(options.rates, options.seconds)
    header = [
        "questions/s",
        "median",
        "95th percentile",
        "asked to wait",
        "refused",
        "all answered after",
        "lag, 99 of 100",
    ]
    cells = [
        (
            f"{r.rate:g}",
            f"{r.answer_median_s:.2f} s",
            f"{r.answer_p95_s:.2f} s",
            r.asked_to_wait,
            r.refused,
            f"{r.all_answered_after_s:.1f} s",
            f"{r.lag_p99_ms:.0f} ms",
        )
        for r in rows
    ]
    held = max((row.rate for row in rows if row.held), default=0.0)
    print(f"{machine()}\n\n{markdown(header, cells)}\n\nHeld: {held:g} questions a second.")


if __name__ == "__main__":
    main()
