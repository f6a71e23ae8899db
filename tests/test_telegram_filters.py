"""Which articles somebody asks on Telegram: /quelle, /seit, /bis, /artikel, /ohneocr."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from retrieval.answer import Answer
from retrieval.types import Document, Filter
from tests.botapi import BotApi
from tests.telegram_bot import RunningBot, ScriptedAnswerer, answers, texts

QUESTION, UNKNOWN = "Welches Ziel wurde genannt?", "Wie hoch ist der Mond?"
MORE = (
    Document("Die Messe in Brest begann. Es kamen viele.", "Messe in Brest", "dpa", published="2025-03-02", path="/m"),
    Document("Die Messe in Minsk endete. Alle gingen.", "Messe in Minsk", "dpa", published="2025-04-02", path="/n"),
)
LIFTS = "Der Befehl ohne etwas dahinter hebt es auf."


class Watching(ScriptedAnswerer):
    """Keeps the filter of each question."""

    def __init__(self) -> None:
        super().__init__()
        self.filters: list[Filter] = []

    def ask(
        self, question: str, *, top_k: int = 5, within: Filter | None = None, favoured: int | None = None
    ) -> Answer:
        self.filters.append(within or Filter())
        return super().ask(question, top_k=top_k, within=within, favoured=favoured)


@pytest.fixture
def watching() -> Watching:
    return Watching()


@pytest.fixture
def bot(api: BotApi, tmp_path: Path, watching: Watching) -> Iterator[RunningBot]:
    with RunningBot(tmp_path, api.url, watching) as bot:
        bot.collection.indexer.index_documents(MORE)
        yield bot


def say(api: BotApi, *lines: str, user: int = 7) -> list[str]:
    """What is said to each of these, one after the other."""
    before = len(api.sent(user))
    for line in lines:
        api.text(line, user=user)
    return texts(api, before + len(lines), user)[before:]


def test_a_source(api: BotApi, bot: RunningBot, watching: Watching) -> None:
    first, answer, unknown, second, lifted, last = say(
        api, "/quelle DPA", UNKNOWN, "/source Reuters", UNKNOWN, "/quelle", UNKNOWN
    )
    assert first == f"Gesucht wird jetzt nur hier: Quelle: DPA (2 Artikel).\n{LIFTS}"
    assert answer == "Dazu steht nichts in den Artikeln.\n\nGesucht nur hier: Quelle: DPA"
    assert unknown == "Keine Quelle heißt „Reuters“. Es gibt: dpa, BelTA"
    assert second == answer
    assert lifted == "Gesucht wird in allen Artikeln."
    assert last == "Dazu steht nichts in den Artikeln."
    assert watching.filters == [Filter("DPA"), Filter("DPA"), Filter()]
    (missed,) = bot.collection.feedback.missed_questions()
    assert missed.count == 1  # in those of dpa it was not found, which says nothing of the others


def test_days_months_and_years(api: BotApi, bot: RunningBot, watching: Watching) -> None:
    since, until, wrong, order, _, empty, _ = say(
        *(api, "/since 2025", "/bis März 2025", "/seit morgen", "/seit Mai 2026", QUESTION, "/since 2030"), "/until"
    )
    assert since.startswith("Gesucht wird jetzt nur hier: seit 1. Januar 2025 (2 Artikel).")
    assert until.startswith("Gesucht wird jetzt nur hier: seit 1. Januar 2025, bis 31. März 2025 (ein Artikel).")
    assert wrong.startswith("„morgen“ ist kein Datum.")
    assert order == "Der letzte Tag (2025-03-31) liegt vor dem ersten (2026-05-01)."
    assert empty == "Der letzte Tag (2025-03-31) liegt vor dem ersten (2030-01-01)."
    assert watching.filters == [Filter(since="2025-01-01", until="2025-03-31")]
    (none,) = say(api, "/seit Mai 2031")
    assert none.startswith("Gesucht wird jetzt nur hier: seit 1. Mai 2031. Darin ist kein Artikel.")


def test_one_article(api: BotApi, bot: RunningBot, watching: Watching) -> None:
    one, several, answer, number, none, path = say(
        api, "/artikel brest", "/article Messe", QUESTION, "/artikel 3", "/artikel Mond", "/artikel artikel handel.txt"
    )
    assert one.startswith("Gesucht wird jetzt nur hier: Artikel: Messe in Brest, dpa, 2. März 2025 (ein Artikel).")
    assert several.splitlines() == [
        "Welcher?",
        "/artikel 2 – Messe in Brest, dpa, 2. März 2025",
        "/artikel 3 – Messe in Minsk, dpa, 2. April 2025",
    ]
    assert answer.endswith("\n\nGesucht nur hier: Artikel: Messe in Brest, dpa, 2. März 2025")
    assert number.startswith("Gesucht wird jetzt nur hier: Artikel: Messe in Minsk,")
    assert none == "Kein Artikel heißt „Mond“. /sources zeigt die Artikel."
    assert path.startswith("Kein Artikel heißt")  # where its file lies is nobody's business
    assert watching.filters == [Filter(article=2)]


def test_without_ocr_and_back(api: BotApi, bot: RunningBot) -> None:
    on, off = say(api, "/ohneocr", "/noocr")
    assert on.startswith("Gesucht wird jetzt nur hier: ohne Texterkennung (3 Artikel).")
    assert off == "Gesucht wird in allen Artikeln."


def test_each_chat_has_its_own_and_a_new_beginning_says_it(api: BotApi, bot: RunningBot, watching: Watching) -> None:
    say(api, "/quelle dpa")
    assert "Gesucht" not in say(api, QUESTION, user=8)[0]
    assert say(api, "/neu") == ["Gut, wir fangen neu an.\nGesucht nur hier: Quelle: dpa"]
    say(api, "/forget")
    say(api, QUESTION)
    assert watching.filters == [Filter(), Filter()]


@pytest.fixture(params=["sqlite", "postgres"])
def kept_in(request: pytest.FixtureRequest) -> dict[str, object]:
    """The settings of a bot whose people are kept in a file, or in PostgreSQL."""
    return {} if request.param == "sqlite" else {"database_url": SecretStr(request.getfixturevalue("postgres_url"))}


def test_it_outlives_the_bot_and_not_a_forget(api: BotApi, tmp_path: Path, kept_in: dict[str, object]) -> None:
    with RunningBot(tmp_path, api.url, **kept_in):
        say(api, "/quelle BelTA", "/seit 2024", "/ohneocr", "/artikel Handel")
    again = Watching()
    with RunningBot(tmp_path, api.url, again, **kept_in):
        told, _ = say(api, QUESTION, "/quelle")
        assert told.endswith(
            "Gesucht nur hier: Quelle: BelTA, seit 1. Januar 2024, "
            "Artikel: Handel <& Wandel>, BelTA, 17. Mai 2024, ohne Texterkennung"
        )
        say(api, "/alle Frage 17", QUESTION, "/forget", QUESTION)
    assert again.filters == [
        Filter("BelTA", "2024-01-01", without_ocr=True, article=1),
        Filter(since="2024-01-01", without_ocr=True, article=1),
        Filter(),
    ]
    third = Watching()
    with RunningBot(tmp_path, api.url, third, **kept_in):
        say(api, QUESTION)
    assert third.filters == [Filter()]


def test_what_could_not_be_said_is_not_undone_when_the_command_comes_again(api: BotApi, tmp_path: Path) -> None:
    api.fail("sendMessage", code=502)
    with RunningBot(tmp_path, api.url):
        api.text("/ohneocr")
        api.wait(lambda: api.calls("sendMessage", code=502))
    again = Watching()
    with RunningBot(tmp_path, api.url, again):
        assert texts(api, 1)[0].startswith("Gesucht wird jetzt nur hier: ohne Texterkennung")
        say(api, QUESTION)
    assert again.filters == [Filter(without_ocr=True)]


def test_what_belongs_to_an_answer_keeps_the_filter(api: BotApi, bot: RunningBot, watching: Watching) -> None:
    say(api, "/quelle BelTA")
    first, second = api.text(QUESTION), api.text(UNKNOWN)
    _, answer, _ = answers(api, 3)
    api.press(answer, "more")
    answers(api, 4)
    for asked in (first, second):
        api.edit(asked, QUESTION)
    api.wait(lambda: len(watching.filters) == 5)
    assert set(watching.filters) == {Filter("BelTA")}
    api.wait(lambda: api.calls("editMessageText"))
    edited = api.calls("editMessageText")[-1].answer["text"]
    assert edited.endswith("\n\nGesucht nur hier: Quelle: BelTA\n✎ Korrigiert: Die Frage wurde geändert.")


def test_in_english(api: BotApi, bot: RunningBot) -> None:
    api.text("/source dpa", code="en")
    assert texts(api, 1)[0].startswith("From now on only these are searched: Source: dpa (2 articles).")


def test_commands_are_known_in_both_languages(api: BotApi, bot: RunningBot) -> None:
    said = say(api, "/sources", "/quellen", "/help", "/hilfe", "/new", "/ende")
    assert said[0] == said[1] and said[2] == said[3] and said[4] == said[5] == "Gut, wir fangen neu an."
    assert "/quelle Name" in said[2]
