"""Whatever comes in from outside: questions, updates, presses of buttons, files. Some examples here, minutes in soak.

Feeds are in test_web_feeds, servers and robots.txt in test_web_hostile, what strangers send in test_telegram_access.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Update
from telegram.ext import Application, ExtBot

from bot.messages import text
from bot.telegram.handlers.excerpts import Place
from bot.telegram.handlers.register import Handlers
from bot.telegram.monitoring.health import Health
from bot.telegram.monitoring.metrics import Metrics
from bot.telegram.people import People
from bot.telegram.reader_queue import ReaderQueue, Workers
from bot.telegram.seals import Seals
from bot.telegram.service import Service
from bot.telegram.transport.inbox import Inbox
from bot.telegram.transport.updates import SKIP, accept, parse, salvage
from retrieval.answer import Answer
from retrieval.answering.answerer import Answerer
from retrieval.answering.conversation import Conversation
from retrieval.errors import QuestionError
from retrieval.loading.process import Worker
from retrieval.search.keyword_index import KeywordIndex
from retrieval.search.search import Search
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.store.store import Store
from tests import telegram_bot
from tests.botapi import TOKEN
from tests.collection import BREST, PERM, put
from tests.doubles import HashEmbedder, ScriptedReader
from tests.fuzzing import FOR_A_WHILE, SECONDS, few_examples, keep_trying
from tests.test_hostile_files import WHOLE, outcome
from tests.test_question_limits import MADE_OF, SEEN_BY
from tests.test_telegram_access import NAME, OWNER, Telegram

# Questions

_WORDS = st.one_of(
    st.sampled_from(sorted({word for words in MADE_OF.values() for word in words if len(word) < 100})),
    st.text(max_size=12),
    st.from_regex(r"[A-ZÄÖÜ]?[a-zäöüß]{1,15}[.,;:?!]?", fullmatch=True),
    st.from_regex(r"[0-9]{1,6}([.,/:-][0-9]{1,4}){0,3}( ?[%€$°]| km| Mio\.)?", fullmatch=True),
)
_QUESTIONS = st.lists(_WORDS, max_size=30).map(" ".join)


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    with Store(tmp_path_factory.mktemp("home")) as store:
        put(store, PERM, "/perm.txt")
        put(store, BREST, "/brest.txt")
        yield Search(store, HashEmbedder(), FaissVectorIndex(store), KeywordIndex(store))


@pytest.mark.parametrize("seconds", FOR_A_WHILE)
def test_whatever_somebody_asks(search: Search, seconds: float) -> None:
    @few_examples
    @given(st.lists(_QUESTIONS, min_size=1, max_size=3))
    def check(questions: list[str]) -> None:
        conversation = Conversation(Answerer(search, ScriptedReader({})))
        for question in questions:
            for function in SEEN_BY.values():
                function(question)
            try:
                answer = conversation.ask(question)
            except QuestionError:
                continue
            assert isinstance(answer, Answer) and answer.complete_question.encode("utf-8", "surrogatepass")
            assert answer.document is None or answer.document.text[answer.start : answer.end] == answer.text

    keep_trying(check, seconds)


# Updates

_NUMBERS = st.sampled_from([0, 1, 7, 8, -100, 2**31 - 1, 2**31, 2**52, 2**63, -(2**63), 10**30])
_SCALARS = st.one_of(
    st.none(), st.booleans(), _NUMBERS, st.integers(), st.floats(), st.text(max_size=20),
    st.sampled_from(["private", "group", "supergroup", "channel", "bot_command", "mention", "de", "/start"]),
)  # fmt: skip
_NAMES = st.sampled_from([
    "update_id", "message", "edited_message", "callback_query", "inline_query", "from", "chat", "id", "type", "text",
    "entities", "offset", "length", "data", "reply_to_message", "document", "file_id", "file_name", "file_size", "date",
    "message_id", "is_bot", "first_name", "language_code", "username", "query", "caption", "forward_origin", "photo",
    "sender_chat", "message_thread_id", "is_topic_message", "chat_instance", "inline_message_id", "reply_markup",
])  # fmt: skip
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=6), max_leaves=25
)


def _spoilt(whole: Any, data: st.DataObject) -> Any:
    """A well-formed update with one part of it replaced, taken out or doubled, at any depth."""
    if isinstance(whole, dict) and whole and data.draw(st.integers(0, 3)):
        name = data.draw(st.sampled_from(sorted(whole)))
        rest = {key: value for key, value in whole.items() if key != name}
        return rest if data.draw(st.integers(0, 5)) == 0 else {**whole, name: _spoilt(whole[name], data)}
    if isinstance(whole, list) and whole and data.draw(st.booleans()):
        return [_spoilt(whole[0], data), *whole]
    return data.draw(_JSON)


_PERSON = {"id": 7, "is_bot": False, "first_name": "P", "language_code": "de"}
_BODY = {
    "message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}, "from": _PERSON, "text": "/forget Wer?",
    "entities": [{"type": "bot_command", "offset": 0, "length": 7}],
    "reply_to_message": {"message_id": 2, "date": 1, "chat": {"id": 7, "type": "private"}, "text": "Wer?"},
}  # fmt: skip
_WELL = [
    {"update_id": 1, "message": _BODY},
    {"update_id": 1, "edited_message": {**_BODY, "edit_date": 2, "text": "Wer?", "entities": []}},
    {"update_id": 1, "message": {**_BODY, "document": {"file_id": "f", "file_unique_id": "u", "file_name": "a.txt"}}},
    {
        "update_id": 1,
        "callback_query": {"id": "q", "from": _PERSON, "message": _BODY, "data": "more", "chat_instance": "1"},
    },
    {"update_id": 1, "inline_query": {"id": "q", "from": _PERSON, "query": "Wer?", "offset": ""}},
]


class OpenBot:
    """The handlers of a bot for everyone, over a real collection and without a network."""

    def __init__(self, home: Path, runner: asyncio.Runner) -> None:
        self.api, self._runner, self.home = Telegram(), runner, home
        bot = ExtBot(TOKEN, request=self.api, get_updates_request=self.api)
        self.application = Application.builder().bot(bot).updater(None).build()
        self.api.fails = {"getFile": 400}  # no file can be downloaded
        self.inbox, self.workers = Inbox(home / "telegram.db", bot=1), Workers()
        self.people, self.collection = People(home / "telegram.db"), telegram_bot.collection(home)
        chosen = telegram_bot.settings(
            home, "https://telegram.invalid", telegram_owners=str(OWNER), telegram_open=True, telegram_history=True
        )
        queue = ReaderQueue(self.workers, Metrics(), Health())
        service = Service(chosen, self.collection, self.people, queue, 60.0, self.inbox.forget)
        Handlers(service, lambda update: None).register(self.application)
        runner.run(self.application.initialize())

    def close(self) -> None:
        self._runner.run(self.application.shutdown())
        self.workers.stop()
        self.people.close()
        self.inbox.close()
        self.collection.close()

    def send(self, entry: Any) -> list[tuple[str, Any]]:
        """What the bot does on an update, as it calls Telegram."""
        self.api.calls.clear()
        self._runner.run(self.application.process_update(Update.de_json(entry, self.application.bot)))
        return list(self.api.calls)


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBot]:
    with asyncio.Runner() as runner:
        bot = OpenBot(tmp_path_factory.mktemp("home"), runner)
        try:
            yield bot
        finally:
            bot.close()


def unexpected(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What has gone wrong in a handler that nobody had thought of."""
    return [record.exc_text or str(record.exc_info) for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("seconds", FOR_A_WHILE)
def test_whatever_telegram_sends(bot: OpenBot, seconds: float, caplog: pytest.LogCaptureFixture) -> None:
    numbers = iter(range(1, 2**31 - 1))

    @few_examples
    @given(st.data())
    def check(data: st.DataObject) -> None:
        caplog.clear()
        entry = _spoilt(data.draw(st.sampled_from(_WELL)), data)
        if isinstance(entry, dict) and entry.get("update_id") == 1:
            entry = {**entry, "update_id": next(numbers)}
        payload = json.dumps(entry).encode()
        cut = int(data.draw(st.floats(0, 1)) * len(payload))
        for part in (payload, payload[:cut]):
            salvage(part)
            try:
                parsed = parse(part)
            except ValueError:
                continue
            for accepted in accept(bot.inbox, [parsed]):
                if SKIP not in accepted:
                    bot.send(accepted)
                    bot.inbox.mark_done(accepted["update_id"])
        assert not unexpected(caplog), (entry, unexpected(caplog))

    keep_trying(check, seconds)


# Buttons

_IDS = st.integers(0, 10**20).map(str) | st.sampled_from(
    ["1", "2", "0", "-1", str(2**63), str(2**64), "９", "1e3", "²", ""]
)
_MARKS = st.sampled_from(["00000000", "e3b0c442", "A" * 14, "", "é" * 14]) | st.from_regex(
    "[A-Za-z0-9_-]{14}", fullmatch=True
)
_NAMED = st.sampled_from(["more", "context", "source", "good", "bad", "remove", "exclude", "keep", "leave", "", "MORE"])
_DATA = st.one_of(
    st.builds(lambda name, parts, mark: ":".join([name, *parts, mark]), _NAMED, st.lists(_IDS, max_size=4), _MARKS),
    st.text(max_size=64),
    _NAMED,
)


def pressed(data: str, user: int, chat: int) -> dict[str, Any]:
    """A press under an answer of the bot, by whom and where; the client says what stands in the button."""
    place = {"id": chat, "type": "private" if chat > 0 else "supergroup", "title": "Gruppe"}
    asked = {
        "message_id": 1,
        "date": 1,
        "chat": place,
        "from": {**_PERSON, "id": user},
        "text": "Welches Ziel wurde genannt?",
    }
    own = {"id": 1, "is_bot": True, "first_name": "F", "username": NAME}
    message = {"message_id": 2, "date": 1, "chat": place, "from": own, "text": "Antwort", "reply_to_message": asked}
    query = {"id": "q", "from": {**_PERSON, "id": user}, "message": message, "data": data, "chat_instance": "1"}
    return {"update_id": 1, "callback_query": query}


KINDLY = {text(f"telegram.{key}", "de").strip() for key in ("expired", "not_yours")}


@pytest.mark.parametrize("seconds", FOR_A_WHILE)
def test_whatever_a_button_says(bot: OpenBot, seconds: float, caplog: pytest.LogCaptureFixture) -> None:
    bot.people.admit(8, bot.people.invite())
    articles = bot.collection.article_count()

    @few_examples
    @given(_DATA, st.sampled_from([OWNER, 8, 9]), st.sampled_from([OWNER, 8, -100]))
    def check(data: str, user: int, chat: int) -> None:
        caplog.clear()
        place = Place.read(data)
        assert place is None or 0 <= place.document_id < 2**63
        calls = bot.send(pressed(data, user, chat))
        assert not unexpected(caplog), (data, unexpected(caplog))
        assert bot.collection.article_count() == articles and bot.people.is_member(8)
        if data not in ("more", "keep"):
            # No article is shown: what the bot has not put into a button is refused kindly.
            assert [name for name, _ in calls] == ["answerCallbackQuery"], (data, calls)
            assert calls[0][1]["text"] in KINDLY

    keep_trying(check, seconds)


def test_a_button_holds_in_its_own_chat_and_for_its_own_article(bot: OpenBot) -> None:
    seals = Seals(bot.home)
    (article,) = bot.collection.documents()
    start, end = 0, 12
    seal = seals.of(OWNER, article.id, start, end, article.text[start:end])
    good = f"context:{article.id}:{start}:{end}:{seal}"
    assert [name for name, _ in bot.send(pressed(good, OWNER, OWNER))] == ["answerCallbackQuery", "sendMessage"]
    other = [
        pressed(good, OWNER, -100),
        pressed(good.replace(f":{end}:", ":13:"), OWNER, OWNER),
        pressed(f"context:{article.id}:0:0:{seal}", OWNER, OWNER),
        pressed(f"context:{article.id}:0:0:e3b0c442", OWNER, OWNER),
        pressed(f"remove:{article.id}", OWNER, OWNER),
        pressed(f"remove:{article.id}:{seal}", 9, 9),
    ]
    for press in other:
        assert [name for name, _ in bot.send(press)] == ["answerCallbackQuery"]
    bot.send(pressed(f"remove:{article.id}:{seal}", OWNER, OWNER))  # sealed for another button
    assert bot.collection.article_count() == 1


def test_leaving_is_for_the_one_who_is_shown_the_button_and_in_groups_for_admins(
    bot: OpenBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    admins: set[int] = set()
    request = Telegram.do_request

    async def with_members(self: Telegram, url: str, method: str, request_data: Any = None, **more: Any) -> Any:
        if url.endswith("/getChatMember"):
            user = request_data.parameters["user_id"]
            member = {"user": {"id": user, "is_bot": False, "first_name": "P"}, "status": "member"}
            found = {**member, "status": "creator", "is_anonymous": False} if user in admins else member
            return 200, json.dumps({"ok": True, "result": found}).encode()
        return await request(self, url, method, request_data, **more)

    monkeypatch.setattr(Telegram, "do_request", with_members)
    bot.people.admit(8, bot.people.invite())
    seals = Seals(bot.home)

    def forget(chat: int) -> str:
        sent = {**_BODY, "from": {**_PERSON, "id": 8}, "text": "/forget"}
        place = {"id": chat, "type": "private" if chat > 0 else "supergroup", "title": "G"}
        return json.dumps(bot.send({"update_id": 2**30, "message": {**sent, "chat": place}}))

    assert "leave:" in forget(8)
    assert "leave:" not in forget(-100)
    in_private, in_group = (f"leave:{seals.of(chat, 'leave', 8)}" for chat in (8, -100))
    for data, user, chat in ((in_private, 9, 8), (in_group, 8, -100), (in_private, 8, -100), ("leave", 8, 8)):
        bot.send(pressed(data, user, chat))
        assert bot.people.is_member(8), (data, user, chat)
    admins.update({8, 9})
    bot.send(pressed(in_group, 9, -100))  # an admin, but it was shown to somebody else
    assert bot.people.is_member(8)
    assert "leave:" in forget(-100)
    bot.send(pressed(in_group, 8, -100))
    assert not bot.people.is_member(8)
    bot.people.admit(8, bot.people.invite())
    bot.send(pressed(in_private, 8, 8))
    assert not bot.people.is_member(8)
    bot.people.admit(8, bot.people.invite())


# Files

_SNIPPETS = [
    b"\0" * 20, b"\xff\xfe", b"\xef\xbb\xbf", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>&b;",
    b"<![CDATA[", b"</article>", b"<table><tr><td colspan=999999999>", b"<p>" * 500, b"=?utf-8?q?=FF?=", b"[" * 500,
    b'{"text":',
    b"\nContent-Type: multipart/mixed\n", b"endobj", b"/Length 99999999", b"<<" * 200, b"stream\n", b"1e999999",
    b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"a\xcc\x81" * 50, b"9" * 5000, "\u202e".encode(), b"&#xD800;",
    b"%%EOF", b"\\ud800", b"---\n",
]  # fmt: skip
_CUTS = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.floats(0, 0.2),
        st.sampled_from(_SNIPPETS) | st.binary(max_size=30),
        st.sampled_from(range(4)),
    ),
    max_size=6,
)


def spliced(raw: bytes, cuts: list[tuple[float, float, bytes, int]], other: bytes) -> bytes:
    """The content with pieces taken out, put in, doubled, or taken from another file."""
    for where, length, snippet, kind in cuts:
        start = int(where * len(raw))
        end = min(len(raw), start + int(length * len(raw)))
        piece = [snippet, b"", raw[start:end] * 2, other[start:end]][kind]
        raw = raw[:start] + piece + raw[start if kind == 0 else end :]
    return raw


@pytest.mark.parametrize("seconds", FOR_A_WHILE)
def test_whatever_is_in_a_file(seconds: float) -> None:
    worker = Worker(seconds=30)

    @few_examples
    @given(st.sampled_from(sorted(WHOLE)), st.sampled_from(sorted(WHOLE)), _CUTS, st.booleans())
    def check(name: str, other: str, cuts: list[tuple[float, float, bytes, int]], mistaken: bool) -> None:
        raw = spliced(WHOLE[name], cuts, WHOLE[other])
        reasons = outcome(worker, other if mistaken else name, raw)
        # A file is read or refused for a reason; that one ends the process, or a reader fails, is something to mend.
        assert not any(
            re.search("abbrechen|fehlschlagen|zu viel Speicher|dauerte länger", reason) for reason in reasons
        )

    try:
        keep_trying(check, seconds)
    finally:
        worker.close()


# Led by what examples reach


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 600)
@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed")
@pytest.mark.parametrize("target", ["questions", "updates"])
def test_examples_that_reach_further(target: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.coverage_guided", target, f"-max_total_time={SECONDS:.0f}"]
    result = subprocess.run([*command, f"-artifact_prefix={tmp_path}/"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-5000:]
