"""A closed bot: whatever somebody sends whom nobody has let in, no article is searched and no code lets a bot in."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from telegram import Update
from telegram.ext import Application, ExtBot
from telegram.request import BaseRequest, RequestData

from bot.messages import text
from bot.telegram.handlers import access
from bot.telegram.handlers.register import Handlers
from bot.telegram.monitoring.health import Health
from bot.telegram.monitoring.metrics import Metrics
from bot.telegram.people import People
from bot.telegram.reader_queue import ReaderQueue, Workers
from bot.telegram.service import Service
from bot.telegram.transport.updates import find_problem
from tests import telegram_bot
from tests.botapi import TOKEN

OWNER, STRANGER, GROUP, CHANNEL = 7, 9, -100, -1005
ANONYMOUS_ADMIN, CHANNEL_BOT, SERVICE = 1087968824, 136817688, 777000
NAME = "FundstelleTestBot"
CLOSED, FAILED = (text(f"telegram.{key}", "de").strip() for key in ("closed", "failed"))
Json = dict[str, Any]


class Telegram(BaseRequest):
    """Takes all calls, keeps them, and answers as the Bot API does; ``fails`` are the methods that are refused."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Json]] = []
        self.fails: Mapping[str, int] = {}

    @property
    def read_timeout(self) -> float | None:
        return None

    async def initialize(self) -> None:
        pass

    async def shutdown(self) -> None:
        pass

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *args: Any, **more: Any
    ) -> tuple[int, bytes]:
        name, said = url.rpartition("/")[2], request_data.parameters if request_data else {}
        answer: object = True
        if name == "getMe":
            answer = {"id": 1, "is_bot": True, "first_name": "F", "username": NAME}
        else:
            self.calls.append((name, said))
        if code := self.fails.get(name):
            return code, json.dumps({"ok": False, "error_code": code, "description": "Refused"}).encode()
        if name.startswith("send"):
            answer = {"message_id": 1, "date": 1, "chat": {"id": said["chat_id"], "type": "private"}}
        return 200, json.dumps({"ok": True, "result": answer}).encode()


@dataclass
class Untouched:
    """A collection of which nothing is to be used but what forgets: ``touched`` says what was."""

    touched: list[str] = field(default_factory=list)
    forgot: int = 0

    @property
    def feedback(self) -> Untouched:
        return self

    @property
    def watch(self) -> SimpleNamespace:
        return SimpleNamespace(questions=SimpleNamespace(forget=lambda pseudonym: 0))

    def forget(self, pseudonym: str) -> int:
        self.forgot += 1
        return 0

    def __getattr__(self, name: str) -> Any:
        self.touched.append(name)
        raise AssertionError(name)


class ClosedBot:
    """The handlers of a bot for its owner alone, without a network; updates are handed over by hand."""

    def __init__(self, home: Path, runner: asyncio.Runner) -> None:
        self.api, self.collection, self._runner = Telegram(), Untouched(), runner
        bot = ExtBot(TOKEN, request=self.api, get_updates_request=self.api)
        self.application = Application.builder().bot(bot).updater(None).build()
        self.people, self.workers = People(Path(":memory:")), Workers()
        queue = ReaderQueue(self.workers, Metrics(), Health())
        chosen = telegram_bot.settings(home, "https://telegram.invalid", telegram_owners=str(OWNER))
        service = Service(chosen, self.collection, self.people, queue)  # type: ignore[arg-type]
        Handlers(service, lambda update: None).register(self.application)
        runner.run(self.application.initialize())

    def close(self) -> None:
        self._runner.run(self.application.shutdown())
        self.people.close()
        self.workers.stop()

    def send(self, entry: Json, **fails: int) -> list[tuple[str, Json]]:
        """What the bot does on an update, as it calls Telegram; ``fails`` are methods and how Telegram refuses them."""
        self.api.calls.clear()
        self.api.fails = fails
        self._runner.run(self.application.process_update(Update.de_json(entry, self.application.bot)))
        return list(self.api.calls)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClosedBot]:
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner() as runner:
        patch.setattr(access, "TOLD_EVERY_SECONDS", 0.0)
        bot = ClosedBot(tmp_path_factory.mktemp("home"), runner)
        try:
            yield bot
        finally:
            bot.close()


@pytest.fixture
def bot(shared: ClosedBot) -> ClosedBot:
    """A bot that knows nobody."""
    for member in shared.people.members():
        shared.people.remove_member(member.user)
    shared.collection.touched.clear()
    shared.collection.forgot = 0
    return shared


# Updates of all kinds, as Telegram sends them and as it does not

_NUMBERS = st.integers(-(2**53), 2**53)
_WORDS = st.sampled_from([
    "/forget", "/FORGET", "/start", "/ask", "/neu", "/history", "/list", "/skip", "forget", "/", "@", f"@{NAME}",
    f"@{NAME.lower()}", "@OtherBot", " ", "\n", "\u00a0", "\u200b", "Wer ist Gouverneur der Region Perm?", "?", "abc",
    "https://example.org/artikel", "\ud83d", "🙂",
])  # fmt: skip
_TEXTS = st.lists(_WORDS, min_size=1, max_size=5).map("".join) | st.text(max_size=30)
_ENTITIES = st.lists(
    st.fixed_dictionaries({
        "type": st.sampled_from(["bot_command", "bot_command", "mention", "italic", "bold", "url", "blockquote"]),
        "offset": st.integers(-1, 12),
        "length": st.integers(-1, 40),
    }),
    max_size=3,
)  # fmt: skip
_LANGUAGES = st.sampled_from(["de", "de-AT"])
_STRANGERS = st.fixed_dictionaries(
    {
        "id": st.sampled_from([STRANGER, ANONYMOUS_ADMIN, CHANNEL_BOT, SERVICE]) | st.integers(10, 2**53),
        "is_bot": st.booleans(),
        "first_name": st.text(max_size=5),
        "language_code": _LANGUAGES,
    },
    optional={"username": st.sampled_from([NAME, "OtherBot"])},
)
_CHATS = st.builds(
    lambda kind, number: {"id": number if kind == "private" else -number, "type": kind, "title": "X"},
    st.sampled_from(["private", "private", "group", "supergroup", "channel"]),
    st.integers(10, 2**53),
)
_BOT = {"id": 1, "is_bot": True, "first_name": "F", "username": NAME}
_ORIGINS = st.sampled_from([
    {"type": "channel", "date": 1, "chat": {"id": CHANNEL, "type": "channel", "title": "X"}, "message_id": 2},
    {"type": "user", "date": 1, "sender_user": {"id": OWNER, "is_bot": False, "first_name": "O"}},
])  # fmt: skip
_BODIES: dict[str, st.SearchStrategy[Any]] = {
    "text": _TEXTS,
    "entities": _ENTITIES,
    "caption": _TEXTS,
    "caption_entities": _ENTITIES,
    "reply_to_message": st.builds(
        lambda chat, words: {"message_id": 3, "date": 1, "chat": chat, "from": _BOT, "text": words}, _CHATS, _TEXTS
    ),
    "forward_origin": _ORIGINS,
    "via_bot": st.just(_BOT),
    "sender_chat": _CHATS,
    "document": st.just({"file_id": "f", "file_unique_id": "u", "file_name": "a.txt", "file_size": 3}),
    "photo": st.just([{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]),
    "new_chat_members": st.just([_BOT]),
    "edit_date": st.just(5),
    "is_automatic_forward": st.booleans(),
    "business_connection_id": st.just("b"),
}
_MESSAGES = st.fixed_dictionaries(
    {"message_id": st.integers(1, 99), "date": st.just(1), "chat": _CHATS},
    optional={"from": _STRANGERS, **_BODIES},
)
# What people send: a text, in most cases with the command as Telegram marks it.
_TYPED = st.builds(
    lambda message, words, length, sender: {
        **message,
        "from": sender,
        "text": words,
        "entities": [{"type": "bot_command", "offset": 0, "length": length or len(words.split(" ")[0])}],
    },
    _MESSAGES,
    _TEXTS,
    st.sampled_from([0, 0, 6, 7, 7 + len(NAME) + 1]),
    _STRANGERS,
)
_DATA = st.sampled_from(["more", "leave", "keep", "remove:1", "exclude:8", "context:1:0:3:00000000", "good:1:0:3:x"])
_QUERIES = {"id": st.just("q"), "from": _STRANGERS}
_UPDATES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(
        [
            "message", "edited_message", "channel_post", "edited_channel_post", "business_message",
            "edited_business_message", "guest_message",
        ],
        _MESSAGES | _TYPED,
    ),
    "callback_query": st.fixed_dictionaries(
        {**_QUERIES, "chat_instance": st.just("1")},
        optional={"message": _MESSAGES, "data": _DATA | _TEXTS, "inline_message_id": st.just("i")},
    ),
    "inline_query": st.fixed_dictionaries({**_QUERIES, "query": _TEXTS, "offset": st.just("")}),
    "chosen_inline_result": st.fixed_dictionaries({"result_id": st.just("1"), "from": _STRANGERS, "query": _TEXTS}),
    "poll_answer": st.fixed_dictionaries(
        {"poll_id": st.just("1"), "option_ids": st.just([0])}, optional={"user": _STRANGERS, "voter_chat": _CHATS}
    ),
    "message_reaction": st.fixed_dictionaries(
        {
            "chat": _CHATS,
            "message_id": st.just(1),
            "date": st.just(1),
            "old_reaction": st.just([]),
            "new_reaction": st.just([{"type": "emoji", "emoji": "👍"}]),
        },
        optional={"user": _STRANGERS, "actor_chat": _CHATS},
    ),
    "chat_join_request": st.fixed_dictionaries(
        {"chat": _CHATS, "from": _STRANGERS, "user_chat_id": _NUMBERS, "date": st.just(1)}
    ),
    "my_chat_member": st.fixed_dictionaries({
        "chat": _CHATS,
        "from": _STRANGERS,
        "date": st.just(1),
        "old_chat_member": st.just({"status": "member", "user": _BOT}),
        "new_chat_member": st.just({"status": "left", "user": _BOT}),
    }),
}  # fmt: skip
_KINDS = st.sampled_from(["message", "message", "edited_message", "callback_query", *_UPDATES])
_ANY = _KINDS.flatmap(lambda kind: _UPDATES[kind].map(lambda body: {"update_id": 5, kind: body}))
_FAILURES = st.dictionaries(
    st.sampled_from(["sendMessage", "answerCallbackQuery", "answerInlineQuery"]), st.sampled_from([400, 403, 500])
)


def message(words: str, length: int | None = None, **more: Any) -> Json:
    """A private message of a stranger that begins with a command of that length."""
    sent: Json = {
        "message_id": 1,
        "date": 1,
        "chat": {"id": STRANGER, "type": "private"},
        "from": {"id": STRANGER, "is_bot": False, "first_name": "S", "language_code": "de"},
        "text": words,
    }
    if length is not None:
        sent["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
    return {"update_id": 5, "message": sent | more}


def is_forget(entry: Json) -> bool:
    """Whether an update is /forget, as Telegram marks it, in a private chat."""
    sent = entry.get("message") or {}
    entity = (sent.get("entities") or [{}])[0]
    command = str(sent.get("text", ""))[: entity.get("length", 0)].lower()
    return (
        (entity.get("type"), entity.get("offset")) == ("bot_command", 0)
        and command in {"/forget", f"/forget@{NAME}".lower()}
        and sent["chat"]["type"] == "private"
    )


QUESTION = "Wer ist Gouverneur der Region Perm?"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entry=_ANY, fails=_FAILURES)
@example(entry=message(f"/forget@ {QUESTION}"), fails={})
@example(entry=message(f"/forget {QUESTION}"), fails={})
@example(entry=message(f"/forget@OtherBot {QUESTION}", len("/forget@OtherBot")), fails={})
@example(entry=message("/forget", 7), fails={})
@example(entry=message(QUESTION), fails={"sendMessage": 403})
@example(entry=message(QUESTION), fails={"sendMessage": 500})
def test_a_stranger_reaches_nothing(bot: ClosedBot, entry: Json, fails: dict[str, int]) -> None:
    if find_problem(entry):
        return  # is put aside before any handler sees it
    bot.collection.forgot = 0
    calls = bot.send(entry, **fails)
    assert bot.collection.touched == []
    assert bot.collection.forgot == is_forget(entry)
    assert bot.people.members() == []
    for method, said in calls:
        if method == "answerInlineQuery":
            assert said["results"] == []
        elif method == "answerCallbackQuery":
            assert said["text"] == CLOSED
        else:
            meant = said["text"] in (CLOSED, FAILED) or (bot.collection.forgot and "Gelöscht" in said["text"])
            assert method == "sendMessage" and meant
    if "message" in entry:
        is_private = entry["message"]["chat"]["type"] == "private"
        assert is_private <= len(calls) <= 2 * is_private


@pytest.mark.parametrize(
    "words", ["/forget", f"/forget@{NAME}", "/forget bitte", "/FORGET", f"/forget@{NAME.lower()} jetzt"]
)
def test_a_stranger_can_have_everything_deleted(bot: ClosedBot, words: str) -> None:
    (method, said), *more = bot.send(message(words, len(words.split()[0])))
    assert (method, more, bot.collection.forgot) == ("sendMessage", [], 1)
    assert said["text"].startswith("Gelöscht: 0 Bewertungen, 0 Fragen")


# Invitations

PERSON = {"id": STRANGER, "is_bot": False, "first_name": "S", "language_code": "de"}
CHANNEL_CHAT = {"id": CHANNEL, "type": "channel", "title": "X"}
GROUP_CHAT = {"id": GROUP, "type": "supergroup", "title": "X"}
SENDERS: dict[str, Json] = {
    "person": {"from": PERSON},
    "bot": {"from": {**PERSON, "is_bot": True}},
    "anonymous admin": {
        "from": {"id": ANONYMOUS_ADMIN, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"},
        "sender_chat": GROUP_CHAT,
    },
    "anonymous admin without its chat": {"from": {"id": ANONYMOUS_ADMIN, "is_bot": False, "first_name": "Group"}},
    "channel": {
        "from": {"id": CHANNEL_BOT, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"},
        "sender_chat": CHANNEL_CHAT,
    },
    "person as channel": {"from": PERSON, "sender_chat": CHANNEL_CHAT},
    "Telegram": {"from": {"id": SERVICE, "is_bot": False, "first_name": "Telegram"}},
    "nobody": {},
}
PLACES: dict[str, Json] = {
    "private": {"id": STRANGER, "type": "private"},
    "group": {"id": -5, "type": "group", "title": "X"},
    "supergroup": GROUP_CHAT,
    "channel": CHANNEL_CHAT,
}
KINDS = ["message", "edited_message", "channel_post", "edited_channel_post", "business_message", "guest_message"]


@pytest.mark.parametrize(("sender", "place", "kind"), list(itertools.product(SENDERS, PLACES, KINDS)))
def test_an_invitation_admits_people_in_private_chats(bot: ClosedBot, sender: str, place: str, kind: str) -> None:
    code = bot.people.invite()
    words = f"/start {code}"
    sent = message(words, 6)["message"]
    del sent["from"]
    bot.send({"update_id": 5, kind: sent | {"chat": PLACES[place]} | SENDERS[sender]})
    invited = (sender, place, kind) == ("person", "private", "message")
    assert [member.user for member in bot.people.members()] == [STRANGER] * invited
    # A code that let nobody in is not used up.
    assert bot.people.admit(STRANGER + 1, code) != invited


@pytest.mark.parametrize(
    "words", ["/start", "/start CODE x", "/start@OtherBot CODE", "/start CODEx", "/ask CODE", "CODE"]
)
def test_only_a_whole_invitation_counts(bot: ClosedBot, words: str) -> None:
    code = bot.people.invite()
    words = words.replace("CODE", code)
    bot.send(message(words, len(words.split()[0])))
    bot.send(message(words))
    assert bot.people.members() == []
    assert bot.people.admit(STRANGER, code)


def test_a_fake_account_that_was_let_in_is_no_member(bot: ClosedBot) -> None:
    """As earlier versions did, after /start of an anonymous admin in any group."""
    bot.people.admit(ANONYMOUS_ADMIN, bot.people.invite())
    sent = message(f"/ask {QUESTION}", 4)["message"] | {"chat": GROUP_CHAT} | SENDERS["anonymous admin"]
    assert bot.send({"update_id": 5, "message": sent}) == []
    assert bot.collection.touched == []
