"""/merken and /gemerkt on Telegram, and the answers that come when articles do."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from bot.pseudonyms import Pseudonyms
from bot.telegram.people import People
from bot.telegram.watch_delivery import MAX_ATTEMPTS
from bot.telegram.watchers import Watcher, is_about_times
from retrieval.store.standing_questions import StandingQuestions
from retrieval.store.store import Store
from tests.botapi import BotApi, Json
from tests.telegram_bot import RunningBot, answers, texts
from tests.test_telegram_process import Start
from tests.test_telegram_process import start as start

OWNER, MEMBER = 7, 8
QUESTION = "Wann öffnet das Bad?"
PATIENCE = 60.0  # seconds, on a machine that is busy with other things


@pytest.fixture
def bot(api: BotApi, tmp_path: Path) -> RunningBot:
    return RunningBot(tmp_path / "home", api.url, telegram_owners=str(OWNER), telegram_allowed=str(MEMBER))


def article(question: str, answer: str, more: str = "") -> bytes:
    return f"Aus der Stadt wird gemeldet. {question} {answer}. {more or 'So viel für heute.'}".encode()


def cards(api: BotApi, chat: int = OWNER) -> list[Json]:
    return [message for message in api.sent(chat) if message["text"].startswith("Zu Ihrer Frage: ")]


def buttons(message: Json) -> list[str]:
    return [button["text"] for row in message["reply_markup"]["inline_keyboard"] for button in row]


def test_a_new_article_that_answers_is_sent_once(api: BotApi, bot: RunningBot) -> None:
    with bot:
        api.text(f"/merken {QUESTION}", user=MEMBER)
        assert texts(api, 1, MEMBER)[0].startswith(f"Gemerkt: {QUESTION} Sobald ein neuer Artikel das beantwortet")
        api.document("bad.txt", article(QUESTION, "Im Mai"), user=OWNER)
        api.wait(lambda: cards(api, MEMBER), PATIENCE)
        api.document("bad2.txt", article(QUESTION, "Erst im Juni", "Das sagte die Bademeisterin am Abend."), user=OWNER)
        api.wait(lambda: len(cards(api, MEMBER)) == 2, PATIENCE)
        api.document("nichts.txt", b"Im Zoo kam ein Elefant zur Welt.", user=OWNER)
        api.wait(lambda: len(api.sent(OWNER)) == 3, PATIENCE)
    first, second = cards(api, MEMBER)
    assert first["text"].startswith(f"Zu Ihrer Frage: {QUESTION}\n\nIm Mai\n🟢 sicher\n\n")
    assert second["text"].startswith(f"Zu Ihrer Frage: {QUESTION}\nbisher: Im Mai\n\nErst im Juni\n")
    assert buttons(first)[-1] == "Nicht mehr merken"
    assert "👍" not in buttons(first)
    assert cards(api, OWNER) == []


def test_without_a_question_it_is_the_last_one(api: BotApi, bot: RunningBot) -> None:
    with bot:
        api.text("/merken")
        assert texts(api, 1)[0].startswith("Bitte schreiben Sie die Frage dahinter, zum Beispiel: /merken ")
        api.text("Frage 17")
        silent = answers(api, 2)[-1]
        assert "🔔 Merken" in buttons(silent)
        api.text("/watch")
        assert texts(api, 3)[-1].startswith("Gemerkt: Frage 17 ")


def test_the_button_below_no_answer_keeps_the_question(api: BotApi, bot: RunningBot) -> None:
    with bot:
        api.text("Frage 17")
        (silent,) = answers(api, 1)
        api.press(silent, "🔔 Merken")
        api.wait(lambda: api.calls("editMessageReplyMarkup"), PATIENCE)
        api.press(silent, data="watch:AAAAAAAAAAAAAA")
        api.wait(lambda: len(api.calls("answerCallbackQuery")) == 2, PATIENCE)
        kept, forged = (call.params["text"] for call in api.calls("answerCallbackQuery"))
        assert kept.startswith("Gemerkt: Frage 17")
        assert not forged.startswith("Gemerkt")
        assert [kept.question for kept in bot.collection.watch.questions.all()] == ["Frage 17"]


def test_the_list_shows_and_removes(api: BotApi, bot: RunningBot) -> None:
    with bot:
        for question in (QUESTION, "Wer kommt?"):
            api.text(f"/merken {question}")
        api.text("/gemerkt")
        listed = answers(api, 3)[-1]
        assert listed["text"].startswith(f"Gemerkte Fragen:\n1  {QUESTION}\n2  Wer kommt?")
        assert listed["text"].endswith("Antworten kommen sofort.")
        stolen = listed["reply_markup"]["inline_keyboard"][1][0]["callback_data"]
        api.press(listed, f"✕ {QUESTION}")
        edited = api.wait(lambda: api.calls("editMessageText"))[-1].answer
        assert edited["text"].startswith("Gemerkte Fragen:\n2  Wer kommt?\n")
        api.text("/gemerkt", user=MEMBER)
        assert texts(api, 1, MEMBER)[0].startswith("Noch ist keine Frage gemerkt.")
        api.press(api.sent(MEMBER)[0], data=stolen, user=MEMBER)
        api.wait(lambda: len(api.calls("answerCallbackQuery")) == 2, PATIENCE)
        assert [kept.question for kept in bot.collection.watch.questions.all()] == ["Wer kommt?"]


def test_so_many_and_only_in_private(api: BotApi, tmp_path: Path) -> None:
    with RunningBot(tmp_path, api.url, watch_limit=2, telegram_open=True):
        for number in range(3):
            api.text(f"/merken Frage {number}?")
        assert texts(api, 3)[-1].startswith("Mehr als 2 Fragen kann ich mir für Sie nicht merken.")
        api.text("/merken Frage 1?")  # is kept already
        assert texts(api, 4)[-1].startswith("Gemerkt: Frage 1?")
        api.text("/merken@FundstelleTestBot Wer?", chat=-5)
        assert "privaten Chat" in texts(api, 1, -5)[0]
        api.text("/merken Hallo!", user=9)
        assert texts(api, 1, 9)[0].startswith("Das fragt nichts")


def test_forget_deletes_them(api: BotApi, bot: RunningBot) -> None:
    with bot:
        api.text(f"/merken {QUESTION}", user=MEMBER)
        api.text("/merken täglich 8:00", user=MEMBER)
        texts(api, 2, MEMBER)
        api.text("/forget", user=MEMBER)
        assert "und 1 gemerkte Fragen." in texts(api, 3, MEMBER)[-1]
        assert bot.collection.watch.questions.all() == []
    people = People(bot.settings.home / "telegram.db")
    assert people.watchers.all() == []
    people.close()


def test_who_lost_access_gets_nothing(api: BotApi, bot: RunningBot, tmp_path: Path) -> None:
    with bot:
        api.text(f"/merken {QUESTION}", user=MEMBER)
        texts(api, 1, MEMBER)
    with RunningBot(tmp_path / "home", api.url, telegram_owners=str(OWNER)) as closed:
        api.document("bad.txt", article(QUESTION, "Im Mai"), user=OWNER)
        api.wait(lambda: api.sent(OWNER), PATIENCE)
        owner = Pseudonyms(closed.settings.home).of(MEMBER)
        api.wait(lambda: not closed.collection.watch.questions.undelivered(owner) and not unasked(closed), PATIENCE)
        assert len(api.sent(MEMBER)) == 1


def unasked(bot: RunningBot) -> bool:
    return bot.collection.watch.questions.next_article() is not None


def test_what_another_process_indexes_is_sent_at_the_next_start(api: BotApi, bot: RunningBot, tmp_path: Path) -> None:
    with bot:
        api.text(f"/merken {QUESTION}", user=MEMBER)
        texts(api, 1, MEMBER)
    with RunningBot(tmp_path / "home", api.url) as other:
        other.collection.indexer.index_documents([])
    later = RunningBot(tmp_path / "home", api.url, telegram_allowed=str(MEMBER))
    file = tmp_path / "bad.txt"
    file.write_bytes(article(QUESTION, "Im Mai"))
    later.collection.index([file])
    api.fail("sendMessage", code=400, times=0)
    with later:
        api.wait(lambda: cards(api, MEMBER), PATIENCE)
    with RunningBot(tmp_path / "home", api.url, telegram_allowed=str(MEMBER)):
        time.sleep(0.3)
    assert len(cards(api, MEMBER)) == 1


@pytest.mark.parametrize("code", [400, 403])
def test_what_cannot_be_sent_does_not_stop_the_rest(api: BotApi, bot: RunningBot, code: int) -> None:
    with bot:
        for question in (QUESTION, "Wer kommt?"):
            api.text(f"/merken {question}", user=MEMBER)
        texts(api, 2, MEMBER)
        questions = bot.collection.watch.questions
        bot.collection.indexer.index_documents([])
        api.fail("sendMessage", code=code)
        file = bot.settings.home / "beide.txt"
        file.write_bytes(article(QUESTION, "Im Mai", "Wer kommt? Alle."))
        bot.collection.index([file])
        bot.collection.watch.run()
        api.wait(lambda: not questions.undelivered(), PATIENCE)
        # Blocked by somebody, all of theirs goes; refused, that message alone.
        assert len(cards(api, MEMBER)) == (1 if code == 400 else 0)


def test_a_digest_is_one_message(api: BotApi, bot: RunningBot) -> None:
    with bot:
        questions = [f"Was kam {number}?" for number in range(5)]
        for question in questions:
            api.text(f"/merken {question}")
        api.text("/merken täglich 0:00")  # today's time is over
        said = answers(api, 6, timeout=PATIENCE)[-1]["text"]
        assert said.startswith("Gut, Antworten auf gemerkte Fragen kommen täglich um 0:00 Uhr, alle zusammen.")
        for number, question in enumerate(questions):
            (bot.settings.home / f"{number}.txt").write_bytes(
                article(question, f"Zug {number}", f"Es war {number} Uhr.")
            )
        bot.collection.index([bot.settings.home / f"{number}.txt" for number in range(5)])
        api.text("/gemerkt")
        api.wait(lambda: len(bot.collection.watch.questions.undelivered()) == 5, PATIENCE)
        assert cards(api) == []
    people = People(bot.settings.home / "telegram.db")
    people.watchers.put(Watcher(OWNER, "de", daily=0, digest_on="2024-01-01"))
    people.close()
    with RunningBot(bot.settings.home, api.url, telegram_owners=str(OWNER)) as again:
        api.wait(lambda: not again.collection.watch.questions.undelivered(), PATIENCE)
    digests = [message for message in api.sent(OWNER) if "Zug 4" in message["text"]]
    assert len(digests) == 1
    assert digests[0]["text"].startswith(
        "5 neue Antworten auf Ihre gemerkten Fragen\n\nZu Ihrer Frage: Was kam 0?\nZug 0 🟢"
    )


NOON = datetime(2024, 5, 17, 12, 30)


@pytest.mark.parametrize(
    ("words", "daily", "quiet"),
    [
        ("täglich 8:00", 480, None),
        ("Täglich um 18 Uhr", 1080, None),
        ("daily at 7.15", 435, None),
        ("still 22-7", None, (22, 7)),
        ("quiet from 22 to 7", None, (22, 7)),
        ("still 20-24", None, (20, 0)),
        ("sofort", None, None),
        ("still aus", None, None),
    ],
)
def test_times(words: str, daily: int | None, quiet: tuple[int, int] | None) -> None:
    assert is_about_times(words)
    wanted = Watcher(1, "de").wanting(words, NOON)
    assert wanted is not None
    assert (wanted.daily, wanted.quiet) == (daily, quiet)


@pytest.mark.parametrize("words", ["täglich 25:00", "still 5", "still 7-7", "täglich 8:99"])
def test_no_times(words: str) -> None:
    assert is_about_times(words)
    assert Watcher(1, "de").wanting(words, NOON) is None


@pytest.mark.parametrize(
    "words", ["Wer kommt täglich 8:00?", "Still ruht der See, warum?", "Wann ist es sofort so weit?"]
)
def test_questions_are_no_times(words: str) -> None:
    assert not is_about_times(words)


def test_when_something_is_due() -> None:
    at_night = NOON.replace(hour=23)
    quiet = Watcher(1, "de", quiet=(22, 7))
    assert quiet.is_due(NOON) and not quiet.is_due(at_night) and not quiet.is_due(NOON.replace(hour=6))
    assert not Watcher(1, "de", quiet=(9, 13)).is_due(NOON)
    daily = Watcher(1, "de").wanting("täglich 8:00", NOON)
    assert daily is not None
    assert not daily.is_due(NOON)  # today's was at eight
    assert daily.is_due(NOON.replace(day=18)) and not daily.is_due(NOON.replace(day=18, hour=7))
    later = Watcher(1, "de").wanting("täglich 13:00", NOON)
    assert later is not None and not later.is_due(NOON) and later.is_due(NOON.replace(hour=13))


# kill -9: kills, articles, those that answer

KILLS = [
    pytest.param((2, 16, 8), marks=pytest.mark.timeout(400)),
    pytest.param((20, 200, 40), marks=[pytest.mark.soak, pytest.mark.timeout(1800)]),
]


@pytest.mark.parametrize("kills", KILLS)
def test_no_answer_is_lost_or_doubled_by_kills(
    api: BotApi, start: Start, tmp_path: Path, kills: tuple[int, int, int]
) -> None:
    times, articles, hits = kills
    asked = [f"Wie viel kam in Ort {number} an?" for number in range(min(8, hits))]
    options = ("log_level=WARNING", f"telegram_owners={OWNER}")
    for question in asked:
        api.text(f"/merken {question}", user=OWNER)
    bot = start(0.0, *options)
    api.wait(lambda: len(api.sent(OWNER)) == len(asked), 100)
    wanted = set()
    for number in range(articles):
        every = articles // hits
        words = (
            f"Meldung {number}: Im Werk {number * 7919} wurden {number * 104729} Teile gezählt, sagte Frau A{number}."
        )
        if number % every == 0:
            wanted.add(f"{number} Tonnen")
            words = f"{words} {asked[number // every % len(asked)]} {number} Tonnen. Danach war Ruhe."
        api.document(f"meldung{number}.txt", words.encode(), user=OWNER)
    on_their_way: set[str] = set()
    for kill in range(1, times + 1):
        api.wait(lambda enough=hits * kill // (times + 1): len(cards(api)) >= enough, 120)
        bot.kill()
        bot.wait(10)
        with Store(tmp_path / "home") as store:
            on_their_way |= {kept.answer for kept in StandingQuestions(store).undelivered() if kept.attempts}
        bot = start(0.0, *options)
    got: Callable[[], Counter[str]] = lambda: Counter(said_in(card) for card in cards(api))  # noqa: E731
    api.wait(lambda: set(got()) == wanted, 240)
    time.sleep(1.0)
    with Store(tmp_path / "home") as store:
        assert StandingQuestions(store).undelivered() == []
        assert StandingQuestions(store).next_article() is None
    # Twice at most what was on its way at a kill: whether Telegram has taken it, nobody knows.
    assert {answer for answer, count in got().items() if count > 1} <= on_their_way
    assert len(on_their_way) <= times < MAX_ATTEMPTS + 1


def said_in(card: Json) -> str:
    found = re.search(r"^\d+ Tonnen$", card["text"], re.M)
    assert found
    return found[0]
