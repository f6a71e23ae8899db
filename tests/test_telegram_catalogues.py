"""A file of questions on Telegram, and the table that comes back."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.telegram.handlers.catalogues import MOST_QUESTIONS
from tests.botapi import BotApi
from tests.telegram_bot import RunningBot, texts

GOAL, UNKNOWN = "Welches Ziel wurde genannt?", "Wer, und warum?"


@pytest.fixture
def bot(api: BotApi, tmp_path: Path) -> Iterator[RunningBot]:
    with RunningBot(tmp_path, api.url, telegram_owners="7") as bot:
        yield bot


def send(api: BotApi, content: str, name: str = "Woche 3.csv", caption: str = "/fragen", user: int = 7) -> None:
    api.text(None, user=user, document=api.file(content.encode(), name), caption=caption)


def table(api: BotApi) -> tuple[str, list[dict[str, str]]]:
    """The caption and the rows of the only file that was sent."""
    (call,) = api.wait(lambda: api.calls("sendDocument"))
    assert call.answer["document"]["file_name"] == "Woche 3-antworten.csv"
    assert call.answer["reply_to_message"]["document"]["file_name"] == "Woche 3.csv"
    lines = call.params["document"].decode("utf-8-sig").splitlines()
    return call.answer["caption"], list(csv.DictReader(lines))


def test_each_question_gets_a_row(api: BotApi, bot: RunningBot) -> None:
    send(api, f'Frage;Nr\n{GOAL};1\n"{UNKNOWN}";2\n{"x" * 1001};3\n')
    caption, (goal, unknown, too_long) = table(api)
    assert caption == "Fragen: 3"
    assert (goal["question"], goal["quote"], goal["title"]) == (GOAL, "0,5 Milliarden Dollar", "Handel <& Wandel>")
    assert (unknown["question"], unknown["quote"], unknown["error"]) == (UNKNOWN, "", "")
    assert too_long["error"] != ""
    assert bot.collection.article_count() == 1  # the file is no article


def test_of_too_many_the_first_are_asked(api: BotApi, bot: RunningBot) -> None:
    send(api, "\n".join(f"Frage {number}" for number in range(MOST_QUESTIONS + 5)), caption="/Questions")
    caption, rows = table(api)
    assert caption.startswith("Die ersten 100 von 105 Fragen.")
    assert [row["question"] for row in rows] == [f"Frage {number}" for number in range(MOST_QUESTIONS)]


def test_a_file_without_questions(api: BotApi, bot: RunningBot) -> None:
    send(api, " \n")
    assert texts(api, 1)[0].startswith("In der Datei steht keine Frage.")


def test_only_owners_may(api: BotApi, bot: RunningBot) -> None:
    send(api, GOAL, user=8)
    api.wait(lambda: api.sent(8))
    assert api.calls("sendDocument") == []
    assert bot.answerer.asked == []
