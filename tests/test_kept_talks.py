"""Talks outlive a process of the bot, and any other one goes on with them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from telegram import Chat, Message, Update, User

from bot.standing import PEOPLE_FILE
from bot.telegram.handlers.talks import Talks
from bot.telegram.kept_talks import KeptTalk
from bot.telegram.people import People
from bot.telegram.service import Service
from retrieval.answering.conversation import TURN_SECONDS, Past
from retrieval.answering.followups import Turn
from tests.botapi import BotApi
from tests.telegram_bot import RunningBot, collection, settings, texts

QUESTION, OTHER, FOLLOW_UP = "Welches Ziel wurde genannt?", "Wie viele kamen?", "Und wann?"
WHEN, WHERE = "Wann wurde 0,5 Milliarden Dollar genannt?", "Wo wurde 0,5 Milliarden Dollar genannt?"
NOTHING = "Noch gibt es keine Antwort, die sich zitieren ließe."

#: Runs a bot on what they share; each has a data directory of its own where that is PostgreSQL.
Start = Callable[..., RunningBot]


@pytest.fixture(params=["sqlite", "postgres"])
def start(request: pytest.FixtureRequest, api: BotApi, tmp_path: Path) -> Start:
    if request.param == "sqlite":
        return lambda answerer=None: RunningBot(tmp_path, api.url, answerer)
    url = SecretStr(request.getfixturevalue("postgres_url"))
    homes = iter(tmp_path / str(number) for number in range(9))
    return lambda answerer=None: RunningBot(next(homes), api.url, answerer, database_url=url)


def say(api: BotApi, *lines: str, user: int = 7) -> list[str]:
    """What is said to each of these, one after the other."""
    before = len(api.sent(user))
    for line in lines:
        api.text(line, user=user)
    return texts(api, before + len(lines), user)[before:]


def test_another_one_goes_on_with_a_talk(api: BotApi, start: Start) -> None:
    with start():
        say(api, QUESTION)
        say(api, OTHER, user=8)
    with start() as other:
        cited, listed, understood, _ = say(api, "/zitat", "/zitat 1", FOLLOW_UP, "Und wo?")
        say(api, "/alle", user=8)
    assert cited.startswith("„Das Ziel sind 0,5 Milliarden Dollar.“")
    assert listed.startswith("„Es regnete.")
    assert understood.startswith(f"Verstanden als: {WHEN}")
    assert other.answerer.asked == [WHEN, WHERE, OTHER]
    with start() as third:
        assert say(api, "/zitat")[0] == NOTHING  # the last one had no answer
        say(api, "/merken")
        assert [kept.question for kept in third.collection.watch.questions.all()] == [WHERE]


def test_another_one_answers_a_question_that_is_edited(api: BotApi, start: Start) -> None:
    with start():
        first = api.text(QUESTION)
        texts(api, 1)
        latest = api.text("Und wo?")
        texts(api, 2)
    with start() as other:
        api.edit(latest, FOLLOW_UP)  # goes on from what it went on from
        texts(api, 3)
        api.edit(first, FOLLOW_UP)  # an earlier one: from nothing
        texts(api, 4)
        say(api, "/alle")
    assert other.answerer.asked == [WHEN, FOLLOW_UP, WHEN]


def test_a_question_that_is_asked_again_after_a_crash_means_the_same(api: BotApi, start: Start) -> None:
    with start():
        say(api, QUESTION)
    api.fail("sendMessage", code=502, times=1000)
    with start() as before:
        api.text("Und wo?")
        api.wait(lambda: api.calls("sendMessage", code=502))
    api.heal()
    with start() as after:
        api.wait(lambda: after.answerer.asked)
    assert before.answerer.asked == after.answerer.asked == [WHERE]


def test_a_new_beginning_is_one_everywhere(api: BotApi, start: Start) -> None:
    with start():
        say(api, QUESTION, "/neu")
    with start() as other:
        assert say(api, "/zitat", "/zitat 1", FOLLOW_UP)[0] == NOTHING
    assert other.answerer.asked == [FOLLOW_UP]


def test_forget_ends_all_talks_of_one_user(api: BotApi, start: Start) -> None:
    with start():
        api.text(f"/ask {QUESTION}", chat=-10)
        texts(api, 1, -10)
        say(api, QUESTION)
        say(api, QUESTION, user=8)
        say(api, "/forget")
    with start() as other:
        api.text(f"/ask {FOLLOW_UP}", chat=-10)
        texts(api, 2, -10)
        say(api, FOLLOW_UP)
        say(api, FOLLOW_UP, user=8)
    assert other.answerer.asked == [FOLLOW_UP, FOLLOW_UP, WHEN]


def test_what_is_answered_after_a_later_forget_is_not_kept(tmp_path: Path) -> None:
    def update(number: int) -> Update:
        person, chat = User(7, "Eva", is_bot=False), Chat(7, "private")
        return Update(number, Message(number, datetime.now(UTC), chat, from_user=person))

    with closing(People(tmp_path / PEOPLE_FILE)) as people:
        own = settings(tmp_path, "http://x")
        talks = Talks(Service(own, collection(tmp_path), people, None))  # type: ignore[arg-type]
        talk = talks.of(update(4))
        talk.conversation.past = Past(Turn(QUESTION), None, time.time())
        talks.forget(7, 5)
        talks.keep(update(4), talk)
        assert talks.of(update(6)).conversation.turn is None
        talks.keep(update(6), talk)
        assert talks.of(update(7)).conversation.turn == Turn(QUESTION)
        talks._service.collection.close()


def test_words_that_are_old_go_while_the_bot_runs(api: BotApi, tmp_path: Path) -> None:
    def is_on_disk() -> bool:
        return any(QUESTION.encode() in path.read_bytes() for path in tmp_path.glob(f"{PEOPLE_FILE}*"))

    with closing(People(tmp_path / PEOPLE_FILE)) as people:
        people.talks.put(7, 7, KeptTalk(Past(Turn(QUESTION), None, time.time() - TURN_SECONDS - 1), 3, "", ("a",)))
        assert is_on_disk()
        with RunningBot(tmp_path, api.url):
            api.wait(lambda: not is_on_disk())
            assert people.talks.get(7, 7).listed == ("a",)
