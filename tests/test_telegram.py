"""The bot against a Bot API server: real HTTP, long polling, real updates."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from telegram import Message, Update

from bot.errors import TelegramError
from bot.render.wording import sources_text
from bot.standing import PEOPLE_FILE
from bot.telegram.application import run
from bot.telegram.handlers.register import Handlers
from bot.telegram.monitoring.health import Health
from bot.telegram.monitoring.metrics import Metrics
from bot.telegram.people import People
from bot.telegram.reader_queue import ReaderQueue, Workers
from bot.telegram.service import Service, question_of
from bot.telegram.transport.inbox import Inbox, Received
from retrieval.answer import Answer
from retrieval.errors import ModelError, StoreError
from retrieval.types import Document, Filter, Landmark, Passage
from tests.botapi import BOT, TOKEN, BotApi, Json
from tests.pdf_pages import column, placed
from tests.telegram_bot import RunningBot, ScriptedAnswerer, answers, collection, settings, texts, waiting

QUESTION = "Welches Ziel wurde genannt?"
ANSWER_HTML = (
    "<b>0,5 Milliarden Dollar</b>\n🟢 sicher\n\n<blockquote expandable>"
    "Rund &lt;300&gt; Menschen &amp; Tiere kamen. Das Ziel sind <b>0,5 Milliarden Dollar</b>.</blockquote>\n"
    "<i>Handel &lt;&amp; Wandel&gt;</i>, BelTA, 17. Mai 2024"
)
NO_ANSWER = "Dazu steht nichts in den Artikeln."
FAILED = "Da ist leider etwas schiefgegangen. Bitte versuchen Sie es später noch einmal."
EXPIRED = "Diese Frage ist nicht mehr da. Bitte stellen Sie sie noch einmal."
MORE = "Weitere Stellen:\n\n1. Es regnete. Der Zug kam.\nHandel <& Wandel>, BelTA, 17. Mai 2024"
GROUP = -100


# Questions


def test_a_question_is_answered_with_the_quote_in_bold(api: BotApi, bot: RunningBot) -> None:
    asked = api.text(QUESTION)
    (answer,) = answers(api, 1)
    (call,) = api.calls("sendMessage")
    assert call.params["text"] == ANSWER_HTML
    assert answer["reply_to_message"]["message_id"] == asked
    rows = [[button["text"] for button in row] for row in answer["reply_markup"]["inline_keyboard"]]
    assert rows == [["👍", "👎"], ["Weitere Stellen", "Zusammenhang", "Quelle"], ["Zitieren"]]
    assert bot.answerer.asked == [QUESTION]


def test_what_the_articles_do_not_say(api: BotApi, bot: RunningBot) -> None:
    api.text("Wie hoch ist der Mond?")
    api.text("Allein")
    with_passages, without = answers(api, 2)
    assert (with_passages["text"], without["text"]) == (NO_ANSWER, NO_ANSWER)
    assert [len(message["reply_markup"]["inline_keyboard"]) for message in (with_passages, without)] == [3, 2]


@pytest.mark.parametrize(
    ("code", "setting", "english"),
    [
        *(("de", "de", False), ("de-AT", "de", False), (None, "de", False), ("", "de", False)),
        *(("en", "de", True), ("en-GB", "de", True), ("fr", "de", True), (None, "en", True)),
    ],
)
def test_language(api: BotApi, tmp_path: Path, code: str | None, setting: str, english: bool) -> None:
    with RunningBot(tmp_path, api.url, language=setting):
        api.text("Wer?", code=code)
        assert texts(api, 1) == ["The articles do not say." if english else NO_ANSWER]


def test_in_groups_only_ask_is_a_question(api: BotApi, bot: RunningBot) -> None:
    api.text(QUESTION, chat=GROUP)
    api.text(f"/ask@SomeOtherBot {QUESTION}", chat=GROUP)
    api.text(None, chat=GROUP, sticker=STICKER)
    api.text("/unknown", chat=GROUP)
    api.text(f"/ask {QUESTION}", chat=GROUP)
    asked = api.text(f"/ask@{BOT['username']}  {QUESTION}\n", chat=GROUP)
    api.text("/ask", chat=GROUP)
    first, second, usage = answers(api, 3, GROUP)
    assert first["text"] == second["text"] != NO_ANSWER
    assert second["reply_to_message"]["message_id"] == asked
    assert usage["text"] == "Bitte schreiben Sie die Frage dahinter: /ask und Ihre Frage"
    assert bot.answerer.asked == [QUESTION, QUESTION]


def test_commands(api: BotApi, bot: RunningBot) -> None:
    for command in ("/start", "/start deep-link", "/help", "/sources", "/frage Wer?"):
        api.text(command)
    start, again, help_, sources, unknown = texts(api, 5)
    assert start == again
    assert start.startswith("Guten Tag! Fragen Sie mich etwas, auf Deutsch oder Englisch.")
    assert start.endswith("Aufgenommen: ein Artikel. /sources zeigt sie, /help erklärt mehr.")
    assert help_.startswith("Schreiben Sie einfach Ihre Frage") and "/ask" in help_
    assert sources == "Aufgenommen:\n• Handel <& Wandel>, BelTA, 17. Mai 2024"
    assert unknown.startswith("Diesen Befehl kenne ich nicht.")
    assert bot.answerer.asked == []


def test_the_menu_of_commands_is_set_in_both_languages(api: BotApi, bot: RunningBot) -> None:
    api.wait(lambda: len(api.calls("setMyCommands")) == 4)
    english, german, *groups = (call.params for call in api.calls("setMyCommands"))
    listed = ["ask", "all", "timeline", "sources", "source", "since", "until", "article", "cite", "picture"]
    listed += ["watch", "watching", "new", "help", "skip", "forget"]
    assert [command["command"] for command in german["commands"]] == listed
    assert (english.get("language_code"), german["language_code"]) == (None, "de")
    assert german["commands"][0]["description"] == "Eine Frage stellen"
    assert [call["scope"]["type"] for call in (english, *groups)] == ["all_private_chats", *["all_group_chats"] * 2]


STICKER = {
    **{"file_id": "a", "file_unique_id": "b", "width": 9, "height": 9},
    **{"is_animated": False, "is_video": False, "type": "regular"},
}
PHOTO = [{"file_id": "a", "file_unique_id": "b", "width": 9, "height": 9}]


def test_other_content_gets_a_friendly_line(api: BotApi, bot: RunningBot) -> None:
    api.text(None, sticker=STICKER)
    api.text(None, photo=PHOTO, caption=QUESTION)
    api.text(None, pinned_message={"message_id": 1, "date": 0, "chat": {"id": 7, "type": "private"}})
    api.text("Wer?")
    line = "Ich kann nur Text lesen. Bitte schreiben Sie Ihre Frage."
    assert texts(api, 3) == [line, line, NO_ANSWER]


def test_a_question_that_cannot_be_asked(api: BotApi, bot: RunningBot) -> None:
    api.text("x" * 1001)
    api.text(" \n ")
    too_long, empty = texts(api, 2)
    assert too_long == "Diese Frage kann ich nicht lesen. Bitte stellen Sie sie in höchstens 1.000 Zeichen."
    assert empty.startswith("Bitte schreiben Sie die Frage dahinter")


def test_half_a_character_is_no_reason_to_fail(api: BotApi, bot: RunningBot) -> None:
    api.text("Wer \ud83d?")
    assert texts(api, 1) == [NO_ANSWER]
    assert bot.answerer.asked == ["Wer ??"]


# Reading


def test_typing_is_shown_while_reading(api: BotApi, tmp_path: Path) -> None:
    with RunningBot(tmp_path, api.url, ScriptedAnswerer(0.5), typing=0.1):
        api.text(QUESTION)
        answers(api, 1)
    methods = [call.method for call in api.journal if call.method in ("sendChatAction", "sendMessage")]
    assert methods[-1] == "sendMessage"
    assert 3 <= methods.count("sendChatAction") <= 6


class BusyAnswerer(ScriptedAnswerer):
    """Reads as the models do: the processor is busy with matrices all the while."""

    def ask(self, question: str, *, top_k: int = 5) -> Answer:
        until, matrix = time.monotonic() + 0.4, np.ones((300, 300), dtype=np.float32)
        while time.monotonic() < until:
            matrix = np.tanh(matrix @ matrix)
        return super().ask(question, top_k=top_k)


def test_reading_is_one_at_a_time_and_never_in_the_event_loop(api: BotApi, tmp_path: Path) -> None:
    with RunningBot(tmp_path, api.url, BusyAnswerer()) as bot:
        for user in (7, 8, 9):
            api.text(QUESTION, user=user)
        api.wait(lambda: len(api.sent()) == 3)
    assert bot.answerer.threads == {"reader_0"}
    # Reading in the loop would hold it for 0.4 s each time; a single late tick can be any machine's fault.
    assert sorted(bot.lags)[len(bot.lags) * 95 // 100] < 0.1


def test_a_chat_gets_its_answers_in_the_order_of_its_questions(api: BotApi, bot: RunningBot) -> None:
    asked = [api.text(f"Frage {number}") for number in range(10)]
    assert [message["reply_to_message"]["message_id"] for message in answers(api, 10)] == asked


class SlowToLoad(ScriptedAnswerer):
    """Its models load until they may be there, or fail."""

    def __init__(self, fails: bool = False) -> None:
        super().__init__()
        self.may, self.fails = threading.Event(), fails

    def load(self) -> None:
        assert self.may.wait(20)
        if self.fails:
            raise ModelError("kein Modell")


def test_a_question_shows_life_while_the_models_load(api: BotApi, tmp_path: Path) -> None:
    answerer = SlowToLoad()
    api.text(QUESTION)
    with RunningBot(tmp_path, api.url, answerer):
        api.wait(lambda: api.calls("sendChatAction"))
        assert api.sent() == []
        answerer.may.set()
        assert texts(api, 1)[0].startswith("0,5 Milliarden Dollar")


def test_without_models_the_bot_ends_and_no_question_is_lost(api: BotApi, tmp_path: Path) -> None:
    answerer = SlowToLoad(fails=True)
    update = api.text(QUESTION)
    bot = RunningBot(tmp_path, api.url, answerer)
    with pytest.raises(ModelError, match="kein Modell"), bot:
        api.wait(lambda: api.calls("sendChatAction"))
        answerer.may.set()
        assert isinstance(bot.result.exception(10), ModelError)
    assert api.sent() == []
    assert len(waiting(tmp_path)) == 1, update
    with RunningBot(tmp_path, api.url):
        assert texts(api, 1)[0].startswith("0,5 Milliarden Dollar")


# The button


def test_more_passages(api: BotApi, bot: RunningBot) -> None:
    api.text(QUESTION)
    (answer,) = answers(api, 1)
    api.press(answer)
    _, more = answers(api, 2)
    assert more["text"] == MORE
    api.wait(lambda: api.calls("editMessageReplyMarkup"))
    rest = api.calls("editMessageReplyMarkup")[0].answer["reply_markup"]["inline_keyboard"]
    shown = [[button["text"] for button in row] for row in rest]
    assert shown == [["👍", "👎"], ["Zusammenhang", "Quelle"], ["Zitieren"]]
    assert [call.params.get("text") for call in api.calls("answerCallbackQuery")] == [None]


def test_a_follow_up_says_how_it_was_understood_and_its_button_asks_that(api: BotApi, bot: RunningBot) -> None:
    understood = "Wie hoch ist der Berg?"
    api.text("Wie hoch ist der Mond?")
    api.text("Und der Berg?")
    api.text("/new")
    api.text("Und der Turm?")
    _, answer, forgotten, after = answers(api, 4)
    assert answer["text"] == f"Verstanden als: {understood}\n\n{NO_ANSWER}"
    assert (forgotten["text"], after["text"]) == ("Gut, wir fangen neu an.", NO_ANSWER)
    # The server of the tests drops the tags; Telegram makes entities of them.
    answer["entities"] = [{"type": "italic", "offset": 0, "length": len(f"Verstanden als: {understood}")}]
    api.press(answer)
    api.wait(lambda: len(bot.answerer.asked) == 4)
    assert bot.answerer.asked == ["Wie hoch ist der Mond?", understood, "Und der Turm?", understood]


def test_more_passages_after_a_restart_in_a_group(api: BotApi, tmp_path: Path) -> None:
    with RunningBot(tmp_path, api.url):
        api.text(f"/ask {QUESTION}", chat=GROUP)
        (answer,) = answers(api, 1, GROUP)
    with RunningBot(tmp_path, api.url) as bot:
        api.press(answer, user=8, code="en")
        assert texts(api, 2, GROUP)[1] == MORE.replace("Weitere Stellen", "More passages").replace(
            "Mai", "May"
        ).replace("17.", "17")
    assert bot.answerer.asked == [QUESTION]


def test_a_button_pressed_twice_is_no_error(api: BotApi, bot: RunningBot, caplog: pytest.LogCaptureFixture) -> None:
    api.text(QUESTION)
    (answer,) = answers(api, 1)
    api.press(answer)
    api.press(answer)
    assert texts(api, 3)[1:] == [MORE, MORE]
    api.wait(lambda: len(api.calls("editMessageReplyMarkup", code=None)) == 2)
    bot.stop()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"reply_to_message": None},
        {"data": "of another version"},
        {"date": 0, "reply_to_message": None, "text": None, "reply_markup": None, "from": None},
    ],
    ids=["question deleted", "button of another version", "answer inaccessible"],
)
def test_an_expired_button_says_so(api: BotApi, bot: RunningBot, changes: Json) -> None:
    api.text(QUESTION)
    (answer,) = answers(api, 1)
    api.press(answer, **changes)
    api.wait(lambda: api.calls("answerCallbackQuery"))
    (call,) = api.calls("answerCallbackQuery")
    assert call.params["text"] == EXPIRED


def test_what_shows_the_place_of_a_quote_needs_no_question(api: BotApi, bot: RunningBot) -> None:
    api.text(QUESTION)
    (answer,) = answers(api, 1)
    api.press(answer, "Zusammenhang", reply_to_message=None)
    api.press(answer, "Quelle", reply_to_message=None)
    _, context, source = texts(api, 3)
    assert context.startswith("Rund <300> Menschen & Tiere kamen.")
    assert source.startswith("Handel <& Wandel>")


def test_a_conversation_ends(api: BotApi, bot: RunningBot) -> None:
    api.text(QUESTION)
    api.text("/ende")
    api.text("/zitat")
    assert texts(api, 3)[1:] == ["Gut, wir fangen neu an.", "Noch gibt es keine Antwort, die sich zitieren ließe."]


def test_an_expired_button_whose_press_is_too_old_as_well(api: BotApi, tmp_path: Path) -> None:
    with RunningBot(tmp_path, api.url):
        api.text(QUESTION)
        (answer,) = answers(api, 1)
    api.forget(api.press(answer, reply_to_message=None))
    with RunningBot(tmp_path, api.url):
        assert texts(api, 2)[1] == EXPIRED


# Errors


def test_an_error_reaches_the_log_and_the_user(
    api: BotApi, bot: RunningBot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    api.text("Absturz")
    api.text(QUESTION)
    assert texts(api, 2)[0] == FAILED
    bot.stop()
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "RuntimeError: kaputt" in record.exc_text  # type: ignore[operator]
    assert waiting(tmp_path) == []


def test_a_message_that_could_not_be_sent_is_sent_again(api: BotApi, bot: RunningBot) -> None:
    api.fail("sendMessage", code=502)
    api.text(QUESTION)
    assert len(answers(api, 1)) == 1
    api.fail("sendMessage", drop="after")  # It arrives, but the bot cannot know.
    api.text(QUESTION)
    answers(api, 3)


def test_too_many_requests_are_waited_out(api: BotApi, bot: RunningBot) -> None:
    api.fail("sendMessage", code=429, retry_after=1)
    before = time.monotonic()
    api.text(QUESTION)
    answers(api, 1)
    assert time.monotonic() - before >= 1.0


def test_who_has_blocked_the_bot_is_left_alone(api: BotApi, bot: RunningBot, tmp_path: Path) -> None:
    api.blocked.add(8)
    api.text(QUESTION, user=8)
    api.text(QUESTION, user=7)
    answers(api, 1)
    bot.stop()
    assert len(api.calls("sendMessage", code=403)) == 1
    assert waiting(tmp_path) == []


def test_polling_goes_on_after_errors(api: BotApi, bot: RunningBot) -> None:
    api.fail("getUpdates", code=500, times=3)
    api.fail("getUpdates", drop="after")
    api.text(QUESTION)
    api.text(QUESTION)
    answers(api, 2)


# Start


def refusal(home: Path, api: BotApi, **more: Any) -> str:
    with pytest.raises(TelegramError) as error:
        run(settings(home, api.url, **more), collection(home))
    return str(error.value)


WRONG = (
    "Telegram lehnt das Token ab. Bitte FUNDSTELLE_TELEGRAM_TOKEN prüfen; ein neues gibt es bei @BotFather mit /token."
)


def test_a_wrong_token_is_one_clear_line(api: BotApi, tmp_path: Path) -> None:
    assert refusal(tmp_path, api, token="123456789:wrong") == WRONG
    assert refusal(tmp_path, api, token="wrong token").startswith("Das Telegram-Token sieht nicht wie eines aus")


@pytest.mark.parametrize("token", ["", "  "])
def test_no_token_says_how_to_get_one(api: BotApi, tmp_path: Path, token: str) -> None:
    message = refusal(tmp_path, api, token=token)
    assert "@BotFather" in message and "/newbot" in message and "FUNDSTELLE_TELEGRAM_TOKEN=" in message
    assert api.journal == []


def test_a_token_that_is_withdrawn_ends_the_bot(api: BotApi, tmp_path: Path) -> None:
    bot = RunningBot(tmp_path, api.url)
    with pytest.raises(TelegramError, match="lehnt das Token ab"), bot:
        api.text(QUESTION)
        answers(api, 1)
        api.token = "1:new"
        api.text(QUESTION)
        bot.result.exception(10)


def test_a_network_that_is_down_at_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with RunningBot(tmp_path, url):
        deadline = time.monotonic() + 10
        while "cannot be reached" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.02)
        assert (
            f"{url} cannot be reached (httpx.ConnectError: All connection attempts failed); next try in 1 s"
            in caplog.text
        )
        with BotApi(port=port) as api:
            api.text(QUESTION)
            answers(api, 1)


def test_a_bot_that_never_reached_the_network_can_be_stopped(tmp_path: Path) -> None:
    with RunningBot(tmp_path, "http://127.0.0.1:9"):
        time.sleep(0.2)


def test_a_home_that_cannot_be_used(api: BotApi, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"telegram\.db lässt sich nicht öffnen"):
        run(settings(tmp_path / "file", api.url), collection(tmp_path))


# The inbox


def test_work_that_comes_when_the_bot_stops_is_cut_off_not_failed(tmp_path: Path) -> None:
    workers = Workers()
    workers.stop()
    queue, people = ReaderQueue(workers, Metrics(), Health()), People(tmp_path / PEOPLE_FILE)
    handlers = Handlers(Service(settings(tmp_path, "http://x"), collection(tmp_path), people, queue), print)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(handlers.sources(Update(1), None))


def test_what_an_earlier_run_left_is_answered_first(api: BotApi, tmp_path: Path) -> None:
    chat = {"id": 7, "type": "private"}
    inbox = Inbox(tmp_path / PEOPLE_FILE, bot=int(TOKEN.split(":")[0]))
    left = {"update_id": 5, "message": {"message_id": 1, "date": 0, "chat": chat, "text": QUESTION}}
    inbox.take([Received(4, '{"update_id": 4, "message": 1}'), Received(5, json.dumps(left))])
    inbox.close()
    api.text("Wer?")
    with RunningBot(tmp_path, api.url) as bot:
        answers(api, 2)
    assert bot.answerer.asked == [QUESTION, "Wer?"]
    assert waiting(tmp_path) == []


def test_an_update_that_comes_again_is_answered_once(api: BotApi, tmp_path: Path) -> None:
    with RunningBot(tmp_path, api.url):
        api.text(QUESTION)
        api.wait(lambda: api.calls("getUpdates"))
        api.fail("getUpdates", code=500, times=1000)  # The offset is never confirmed.
        answers(api, 1)
    api.heal()
    api.text("Wer?", user=8)
    with RunningBot(tmp_path, api.url) as bot:
        answers(api, 1, chat=8)
        assert len(api.sent(7)) == 1
    assert bot.answerer.asked == ["Wer?"]
    assert [len(call.answer) for call in api.calls("getUpdates") if call.answer] == [1, 2]


def malformed(kind: int, number: int) -> Any:
    """Things that are no update: wrong types, missing parts, nonsense."""
    message = {"message_id": 1, "date": 0, "chat": {"id": 7, "type": "private"}, "text": "Wer?"}
    return [
        {"update_id": number, "message": {"message_id": 1}},
        {"update_id": number, "message": "Hallo"},
        {"update_id": number, "message": {**message, "text": 5}},
        {"update_id": number, "message": {**message, "chat": None}},
        {"update_id": number, "message": {**message, "from": {"id": "x", "is_bot": 1, "first_name": []}}},
        {"update_id": number, "callback_query": {"id": 1}},
        {"update_id": str(number), "message": message},
        {"message": message},
        "nonsense",
        None,
    ][kind % 10]


def test_malformed_updates_never_stop_polling(api: BotApi, tmp_path: Path) -> None:
    # Valid ones among them, and between number 30 and 170 none: more than one batch of 100 that holds no valid update.
    asked = [f"Frage {number}" for number in range(200) if number < 30 or number > 170]
    for number in range(200):
        api.push_raw(lambda update_id, kind=number: malformed(kind, update_id))
        if f"Frage {number}" in asked:
            api.text(f"Frage {number}", user=100 + number)
    with RunningBot(tmp_path, api.url) as bot:
        api.wait(lambda: len(api.sent()) == len(asked), 20)
        api.text(QUESTION)
        answers(api, 1)
    assert sorted(bot.answerer.asked) == sorted([*asked, QUESTION])
    inbox = Inbox(tmp_path / PEOPLE_FILE, bot=int(TOKEN.split(":")[0]))
    # Those without a number are alike and kept once.
    assert len(inbox.rejected()) == 6 * 20 + 20 + 3
    inbox.close()


# Small parts


def test_sources_are_cut_to_one_message() -> None:
    many = [Document(text="x", title=f"Artikel {number} 🙂", source="dpa") for number in range(1000)]
    listed = sources_text(many, "de", empty="", limit=4096, bullet="• ")
    lines = listed.splitlines()
    assert len(listed.encode("utf-16-le")) // 2 <= 4096
    assert lines[:2] == ["Aufgenommen:", "• Artikel 0 🙂, dpa"]
    assert lines[-1] == f"und {1000 - (len(lines) - 2)} weitere"
    few = sources_text(many[:2], "de", empty="", limit=4096, bullet="• ")
    assert few == "Aufgenommen:\n• Artikel 0 🙂, dpa\n• Artikel 1 🙂, dpa"


def test_question_of_takes_the_command_off() -> None:
    def question(text: str | None, command: int = 0) -> str:
        entities = [{"type": "bot_command", "offset": 0, "length": command}] if command else []
        data = {"message_id": 1, "date": 0, "chat": {"id": 7, "type": "private"}, "text": text, "entities": entities}
        return question_of(Message.de_json(data, None))

    assert question("Wer?") == "Wer?"
    assert question("/ask@bot  Wer\nwo? ", 8) == "Wer\nwo?"
    assert question("/ask", 4) == ""
    assert question(None) == ""


# The page of a PDF


@pytest.fixture
def paper(tmp_path: Path) -> Document:
    """An article from a PDF that lies there, which "Welches Ziel wurde genannt?" is answered from."""
    (tmp_path / "a.pdf").write_bytes(placed([column(["Das Ziel sind 7 Euro."])]))
    return Document("Das Ziel sind 7 Euro.", "Ziele", path=str(tmp_path / "a.pdf"), landmarks=(Landmark(0, 1),), id=2)


class PaperAnswerer(ScriptedAnswerer):
    """Answers every question from ``paper``."""

    def __init__(self, paper: Document) -> None:
        super().__init__()
        self._paper = paper

    def ask(
        self, question: str, *, top_k: int = 5, within: Filter | None = None, favoured: int | None = None
    ) -> Answer:
        paper = self._paper
        passage = Passage(paper.text, 0, len(paper.text), 0, 0, document_id=paper.id)
        return Answer(question, "7 Euro", 0.9, start=14, end=20, document=paper, passage=passage)


def test_the_page_of_a_pdf_is_sent_with_the_quote_marked(api: BotApi, tmp_path: Path, paper: Document) -> None:
    with RunningBot(tmp_path / "home", api.url, PaperAnswerer(paper)) as bot:
        bot.collection.add_document(paper)
        api.text(QUESTION)
        (answer,) = answers(api, 1)
        assert [button["text"] for button in answer["reply_markup"]["inline_keyboard"][-1]] == [
            *("Zitieren", "Seite zeigen"),
        ]
        api.press(answer, "Seite zeigen")
        api.wait(lambda: api.calls("sendPhoto"))
        (photo,) = api.calls("sendPhoto")
        assert photo.answer["caption"] == "Ziele, S. 1"
        assert photo.params["photo"].startswith(b"\x89PNG")
        Path(paper.path).unlink()
        api.press(answer, "Seite zeigen")
        assert texts(api, 2)[1].startswith("Die Datei, aus der der Artikel stammt, ist nicht mehr da;")
