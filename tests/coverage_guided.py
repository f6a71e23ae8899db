"""The fuzzers of test_fuzzing that run in one process, led by what their examples reach (atheris, where it installs).

    pip install atheris
    python -m tests.coverage_guided questions|updates [-max_total_time=60 …]

The options are libFuzzer's. What it finds it prints, and ends with another status than 0.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["bot.telegram.transport.updates", "retrieval.language", "retrieval.answering"]
):
    from bot.telegram.transport.inbox import Inbox
    from bot.telegram.transport.updates import accept, parse, salvage
    from retrieval.answering.questions import checked_question
    from retrieval.errors import QuestionError
    from tests.test_question_limits import SEEN_BY


def questions(raw: bytes) -> None:
    """Every function that sees a question."""
    question = raw[:400].decode("utf-8", "replace")
    try:
        question = checked_question(question)
    except QuestionError:
        return
    for function in SEEN_BY.values():
        function(question)


def updates(raw: bytes) -> None:
    """What comes from Telegram, up to the inbox."""
    entries = salvage(raw)
    with suppress(ValueError):
        entries.append(parse(raw))
    accept(INBOX, entries)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        INBOX = Inbox(Path(folder) / "telegram.db", bot=1)
        target = {"questions": questions, "updates": updates}[sys.argv.pop(1)]
        atheris.Setup(sys.argv, target)
        atheris.Fuzz()
