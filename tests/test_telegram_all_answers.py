"""/alle and /verlauf on Telegram, and what does not fit a message."""

from __future__ import annotations

from bot.render.all_answers import to_html
from bot.render.telegram import TELEGRAM_LIMIT
from bot.render.text import width
from retrieval.answering.all_answers import AllAnswers, Finding, Mention
from retrieval.types import Document, Passage
from tests.botapi import BotApi
from tests.telegram_bot import RunningBot, texts

FOUND = """2 verschiedene Antworten, die {first} zuerst:

1. 0,5 Milliarden Dollar 🟢 sicher
Handel <& Wandel>, BelTA, 17. Mai 2024

2. <300> Menschen & Tiere 🟢 sicher
Handel <& Wandel>, BelTA, 17. Mai 2024"""


def test_all_answers_are_a_numbered_list(api: BotApi, bot: RunningBot) -> None:
    api.text("/alle Was wurde gesagt?")
    api.text("/verlauf Was wurde gesagt?")
    assert texts(api, 2) == [FOUND.format(first="sicherste"), FOUND.format(first="älteste")]
    assert bot.answerer.asked == ["Was wurde gesagt?"] * 2


def test_without_a_question_it_is_the_last_one(api: BotApi, bot: RunningBot) -> None:
    api.text("/alle")
    (usage,) = texts(api, 1)
    assert usage.startswith("Bitte schreiben Sie die Frage dahinter: /alle ")
    api.text("Welches Ziel wurde genannt?")
    texts(api, 2)
    api.text("/all")
    shown = texts(api, 3)[-1]
    assert shown == "Verstanden als: Welches Ziel wurde genannt?\n" + FOUND.format(first="sicherste")


def test_what_the_articles_do_not_say_and_what_cannot_be_asked(api: BotApi, bot: RunningBot) -> None:
    api.text("/alle Frage 17")
    api.text("/alle " + "x" * 1001)
    nothing, too_long = texts(api, 2)
    assert nothing == "Dazu steht nichts in den Artikeln."
    assert too_long.startswith("Diese Frage kann ich nicht lesen.")


def finding(number: int) -> Finding:
    quote = f"{number} <b> & {'Ü' * 100}"
    document = Document(quote, "T" * 300, "S" * 300, published="2024-05-17", id=number)
    return Finding((Mention(quote, 0, len(quote), document, Passage(quote, 0, len(quote), 0, 0), 0.9),))


def test_what_does_not_fit_is_counted() -> None:
    answers = AllAnswers("Wie viele?", tuple(finding(number) for number in range(40)))
    html = to_html(answers, "de", by_date=False)
    shown = html.replace("<b>", "").replace("</b>", "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert width(shown) <= TELEGRAM_LIMIT
    listed = html.count("🟢")
    assert 1 < listed < 40
    assert f"und {40 - listed} weitere" in html
