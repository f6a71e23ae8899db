"""The bot as a process against two Bot API servers that other people wrote; ``make soak`` runs this.

What the servers cannot do and how the tests help them is in ``tests/foreign/servers.py``. In short: of what is tried
here, telegram-test-api has by itself questions, commands, buttons and edits of the bot's messages; telemelya has
inline queries and the download of files, too. Groups, edited questions, languages, files that people send and files
that the bot sends are the gateway's in both.

Each test ends with the same check: what the bot has sent is, as the foreign server keeps it, what Telegram would take,
all of it HTML that Telegram can read; nothing is left in the inbox, and nothing was put aside.
"""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.messages import text
from bot.standing import PEOPLE_FILE
from bot.telegram.transport.inbox import Inbox
from tests.botapi import TOKEN, Call, Json, free_port
from tests.botapi.checks import checked_markup, checked_text
from tests.foreign import Gateway, MissingError, TelegramTestApi, Telemelya

ROOT = Path(__file__).parent.parent
pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]  # the first one installs

QUESTION, UNKNOWN = "Welches Ziel wurde genannt?", "Wie hoch ist der Mond?"
ENGLISH_QUESTION = "what trade target was named?"
ANSWER = (
    "0,5 Milliarden Dollar\n🟢 sicher\n\nRund <300> Menschen & Tiere kamen. Das Ziel sind 0,5 Milliarden Dollar.\n"
    "Handel <& Wandel>, BelTA, 17. Mai 2024"
)
NO_ANSWER, CLOSED = (text(key, "de").strip() for key in ("chat.no_answer", "telegram.closed"))
MORE, CONTEXT, SOURCE, CITE, REMOVE, LEAVE = (
    text(f"telegram.{key}", "de") for key in ("more", "context", "source", "cite", "remove_yes", "leave")
)
FAIR = "Messe <b> & Markt\n\nBREST, 3. Juni (BelTA) - In Brest beginnt die Messe. Sie zeigt Maschinen aus Minsk.\n"
# An owner's menu, before the owner has a chat with the bot: Telegram refuses that as well.
EXPECTED_REFUSALS = {("setMyCommands", "Bad Request: chat not found")}
# Seconds that the bot takes for a question, and that anything may take on a busy machine.
READING, PATIENCE = 0.02, 300
KILLS, CHATS = 3, range(900, 905)


class Cast:
    """The people of one test: nobody is in two of them, so that all tests can share a bot."""

    def __init__(self, number: int) -> None:
        self.owner, self.member, self.stranger, self.english = (10 * number + place for place in (1, 2, 3, 4))
        self.group, self.closed_group = -10 * number, -10 * number - 1


CASTS = {
    f"test_{name}": Cast(number)
    for number, name in enumerate(
        ("questions", "buttons", "edited_questions", "groups", "inline", "files", "access"), 1
    )
}


class Site:
    """A foreign server, the gateway, and the bot's process in front of it."""

    def __init__(self, api: Gateway, folder: Path, webhook: tuple[str, ...]) -> None:
        self.api, self.folder, self._webhook = api, folder, webhook
        self._bot: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts the bot and waits until it is there."""
        owners = ",".join(str(cast.owner) for cast in CASTS.values())
        allowed = ",".join(map(str, [*CHATS, *(who for cast in CASTS.values() for who in (cast.english, cast.group))]))
        settings = (f"telegram_owners={owners}", f"telegram_allowed={allowed}", "telegram_history=true", *self._webhook)
        arguments = [sys.executable, "-m", "tests.telegram_bot", str(self.folder / "home"), self.api.url, TOKEN]
        connected = "setWebhook" if self._webhook else "deleteWebhook"
        before = len(self.api.calls(connected))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FUNDSTELLE_")}
        with (self.folder / "log").open("a") as log:
            self._bot = subprocess.Popen(
                [*arguments, str(READING), "log_level=INFO", *settings],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                text=True,
                env=environment,
            )
        self.api.wait(lambda: len(self.api.calls(connected)) > before, PATIENCE)

    def end(self, number: signal.Signals) -> int:
        """Sends the process a signal; its exit status."""
        assert self._bot is not None
        self._bot.send_signal(number)
        return self._bot.wait(PATIENCE)

    def kill(self) -> None:
        """Ends what may still run."""
        if self._bot is not None:
            self._bot.kill()
            self._bot.wait(PATIENCE)

    def check_what_was_sent(self) -> None:
        """The foreign server has all that the bot has sent, each once, and Telegram would have taken it.

        And nothing went wrong in the bot.
        """
        log = (self.folder / "log").read_text()
        assert re.findall(r"(?s)\S+ \S+ ERROR .{,3000}|Traceback .{,3000}", log) == []
        assert {(call.method, call.description) for call in self.api.refused()} <= EXPECTED_REFUSALS
        kept = self.api.received()
        for message in kept:
            if "message_id" in message:
                continue  # telegram-test-api has written the parameters of an edit over those of the message
            assert message["parse_mode"] == "HTML"
            checked_text(message)
            checked_markup({"reply_markup": message.get("reply_markup") or {}})
        places = Counter(message["chat"]["id"] for message in self.api.sent())
        assert Counter(int(message["chat_id"]) for message in kept) == places

    def check_that_nothing_is_left(self) -> None:
        """To be called when the bot was stopped."""
        inbox = Inbox(self.folder / "home" / PEOPLE_FILE, bot=int(TOKEN.split(":")[0]))
        try:
            assert (inbox.waiting(), inbox.rejected()) == ([], [])
        finally:
            inbox.close()


Server = type[TelegramTestApi] | type[Telemelya]


@pytest.fixture(scope="module", params=[TelegramTestApi, Telemelya], ids=["telegram-test-api", "telemelya"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    kind: Server = request.param
    folder, port = tmp_path_factory.mktemp("foreign"), free_port()
    webhook = (
        "telegram_webhook_url=https://bot.example.org/telegram",
        f"telegram_webhook_listen=127.0.0.1:{port}",
        "telegram_webhook_secret=s3cret_s3cret_s3cret",
    )
    try:
        kind.command(port)
    except MissingError as error:
        pytest.skip(str(error))
    with kind.serve(folder) as url, kind(url, f"http://127.0.0.1:{port}") as gateway:
        site = Site(gateway, folder, webhook if kind is Telemelya else ())
        try:
            site.start()
            yield site
        finally:
            site.kill()


class Scene:
    """What one test sees of a site: its own people, and what was called since it began."""

    def __init__(self, site: Site, cast: Cast) -> None:
        self.api, self._owner, self._since = site.api, cast.owner, time.monotonic()

    def calls(self, method: str, count: int) -> list[Call]:
        """The calls of one method, as soon as there are ``count``; more are an error."""
        made = lambda: [call for call in self.api.calls(method) if call.at >= self._since]  # noqa: E731
        self.api.wait(lambda: len(made()) >= count, PATIENCE)
        assert len(made()) == count
        return made()

    def texts(self, count: int, chat: int | None = None) -> list[str]:
        """What was said in a chat, that with the owner unless another is given."""
        return [message["text"] for message in self.messages(count, chat)]

    def messages(self, count: int, chat: int | None = None) -> list[Json]:
        """The messages in a chat, as soon as there are ``count``; more are an error."""
        chat = self._owner if chat is None else chat
        self.api.wait(lambda: len(self.api.sent(chat)) >= count, PATIENCE)
        assert len(self.api.sent(chat)) == count
        return self.api.sent(chat)

    def toasts(self, count: int) -> list[str | None]:
        """What was said to button presses."""
        return [call.params.get("text") for call in self.calls("answerCallbackQuery", count)]


@pytest.fixture
def cast(request: pytest.FixtureRequest) -> Cast:
    return CASTS[request.node.originalname]


@pytest.fixture
def scene(site: Site, cast: Cast) -> Iterator[Scene]:
    yield Scene(site, cast)
    site.check_what_was_sent()


def test_questions(scene: Scene, cast: Cast) -> None:
    api, user = scene.api, cast.owner
    api.text("/start", user=user)
    api.text("/help", user=user)
    hello, help_ = scene.texts(2)
    assert hello.startswith("Guten Tag!") and "/invite – jemanden einladen" in help_
    asked = [api.text(words, user=user) for words in (QUESTION, UNKNOWN, "Und der <Berg> & „Turm“?", "/sources")]
    for words in ("/start", ENGLISH_QUESTION, UNKNOWN):
        api.text(words, user=cast.english, code="en")
    _, _, answer, nothing, follow_up, sources = scene.texts(6)
    assert (answer, nothing) == (ANSWER, NO_ANSWER)
    assert follow_up.endswith(NO_ANSWER)
    assert sources == "Aufgenommen:\n• Handel <& Wandel>, BelTA, 17. Mai 2024"
    assert [message["reply_to_message"]["message_id"] for message in scene.messages(6)[2:5]] == asked[:3]
    hello, answer, nothing = scene.texts(3, cast.english)
    assert hello.startswith("Hello!") and nothing.endswith("The articles do not say.")
    assert answer.startswith("0,5 Milliarden Dollar\n🟢 certain") and "17 May 2024" in answer


def test_buttons(scene: Scene, cast: Cast) -> None:
    api, user = scene.api, cast.owner
    api.text(QUESTION, user=user)
    (answer,) = scene.messages(1)
    for button in (MORE, CONTEXT, SOURCE, CITE):
        api.press(answer, button, user=user)
    _, more, context, source, cited = scene.texts(5)
    assert more.startswith("Weitere Stellen:\n\n1. Es regnete.")
    assert context.startswith("Rund <300> Menschen & Tiere kamen.") and "Der Zug kam." in context
    assert source == "Handel <& Wandel>\nQuelle: BelTA\nDatum: 17. Mai 2024"
    assert cited.startswith("„Das Ziel sind 0,5 Milliarden Dollar.“ (BelTA")
    (edited,) = scene.calls("editMessageReplyMarkup", 1)
    names = [button["text"] for row in edited.answer["reply_markup"]["inline_keyboard"] for button in row]
    assert MORE not in names and {"👍", "👎", CONTEXT, SOURCE, CITE} <= set(names)
    api.text("/bild", user=user)
    (photo,) = scene.calls("sendPhoto", 1)
    assert photo.params["photo"].startswith(b"\x89PNG")
    api.press(answer, "👍", user=user)
    assert scene.toasts(5)[4] == "Danke!"
    # Another question, in another conversation: the correction is a hint for all who ask it later.
    for words in ("/new", "Wie viele kamen?"):
        api.text(words, user=user)
    api.press(scene.messages(7)[6], "👎", user=user)
    asked = scene.messages(8)[7]
    assert asked["text"].startswith("Was wäre richtig?")
    api.text("Der Zug kam", user=user, reply_to_message=asked)
    assert scene.texts(9)[8] == "Danke, das ist notiert."
    for words in ("/new", "Wie viele kamen?"):
        api.text(words, user=user)
    assert "„Der Zug kam“" in scene.texts(11)[10]


def test_edited_questions(scene: Scene, cast: Cast) -> None:
    api, user = scene.api, cast.owner
    asked = api.text("Welches Zil wurde genannt?", user=user)
    assert scene.texts(1) == [NO_ANSWER]
    api.edit(asked, QUESTION, user=user)
    (edited,) = scene.calls("editMessageText", 1)
    assert edited.answer["message_id"] == scene.messages(1)[0]["message_id"]
    assert edited.answer["text"].startswith(ANSWER)  # and that it is another one now
    api.press(edited.answer, SOURCE, user=user)
    assert scene.texts(2)[1].startswith("Handel <& Wandel>")


def test_groups(scene: Scene, cast: Cast) -> None:
    api, group, name = scene.api, cast.group, f"@{scene.api.name}"
    api.text(QUESTION, chat=group, user=cast.stranger)
    api.text(f"/ask@SomeOtherBot {QUESTION}", chat=group, user=cast.stranger)
    api.text(f"/ask {QUESTION}", chat=cast.closed_group, user=cast.stranger)
    asked = [api.text(f"/ask {QUESTION}", chat=group, user=cast.stranger)]
    asked.append(api.text(f"/ask{name} {UNKNOWN}", chat=group, user=cast.member))
    mention = [{"type": "mention", "offset": 0, "length": len(name)}]
    asked.append(api.text(f"{name} {QUESTION}", chat=group, user=cast.english, code="en", entities=mention))
    first, second, third = scene.texts(3, group)
    assert (first, second, third.split("\n")[1]) == (ANSWER, NO_ANSWER, "🟢 certain")
    answer = scene.messages(3, group)[0]
    assert [message["reply_to_message"]["message_id"] for message in api.sent(group)] == asked
    asked.append(api.text(QUESTION, chat=group, user=cast.stranger, reply_to_message=answer))
    assert scene.texts(4, group)[3] == ANSWER
    api.press(answer, "👎", user=cast.member)
    assert scene.texts(5, group)[4].startswith(f"Person {cast.member}: Was wäre richtig?")
    assert api.sent(cast.closed_group) == []  # it is not let in


def test_inline(scene: Scene, cast: Cast) -> None:
    api = scene.api
    api.inline(QUESTION, user=cast.owner)
    api.inline(UNKNOWN, user=cast.english, code="en")
    api.inline(QUESTION, user=cast.stranger)
    offered = [call.params for call in scene.calls("answerInlineQuery", 3)]
    (results,) = (params["results"] for params in offered if params["results"])
    assert [result["title"] for result in results] == ["0,5 Milliarden Dollar", "Es regnete. Der Zug kam."]
    assert "<b>0,5 Milliarden Dollar</b>" in results[0]["input_message_content"]["message_text"]
    closed, silent = sorted(params["button"]["text"] for params in offered if not params["results"])
    assert closed[:20] == CLOSED[:20]
    assert silent == "The articles do not say."


def test_files(scene: Scene, cast: Cast) -> None:
    api, user = scene.api, cast.owner
    api.document("../../Messe <b> & Markt.TXT", FAIR.encode(), user=user)
    api.document("../../Messe <b> & Markt.TXT", FAIR.encode(), user=user)
    api.document("virus <i>.exe", b"MZ", user=user)
    api.document("leer.txt", b" \n", user=user)
    added, again, kind, empty = scene.texts(4)
    assert added == "Aufgenommen: Messe <b> & Markt, BelTA, 3 Sätze"
    assert again == "Schon aufgenommen: Messe <b> & Markt, BelTA, 3 Sätze"
    assert kind.startswith("Diesen Dateityp kann ich nicht lesen.")
    assert empty.startswith("Nicht aufgenommen: leer.txt: ")
    api.document("messe.txt", FAIR.encode(), user=cast.english)
    assert scene.texts(1, cast.english)[0].startswith("Artikel nehme ich nur von den Besitzern dieses Bots an")
    questions = f"Frage\n{QUESTION}\n{UNKNOWN}\n".encode()
    api.document("Woche & 3.csv", questions, user=user, caption="/fragen")
    (sent,) = scene.calls("sendDocument", 1)
    rows = list(csv.DictReader(sent.params["document"].decode("utf-8-sig").splitlines()))
    assert [row["quote"] for row in rows] == ["0,5 Milliarden Dollar", ""]
    api.text("/list", user=user)
    number = next(line.split()[0] for line in scene.texts(5)[4].splitlines() if "Messe" in line)
    api.text(f"/remove {number}", user=user)
    question = scene.messages(6)[5]
    assert question["text"].startswith("Diesen Artikel entfernen? Messe <b> & Markt")
    api.press(question, REMOVE, user=user)
    (edited,) = scene.calls("editMessageText", 1)
    assert edited.answer["text"].startswith("Entfernt: Messe <b> & Markt")


def test_access(scene: Scene, cast: Cast) -> None:
    api, owner, member, stranger = scene.api, cast.owner, cast.member, cast.stranger
    for _ in range(3):
        api.text(QUESTION, user=stranger)
    api.text("/invite", user=owner)
    invitation = scene.texts(1)[0]
    code = invitation.rpartition("/start ")[2]
    assert f"https://t.me/{api.name}?start={code}" in invitation
    api.text(f"/start {code}", user=member)
    assert scene.texts(1, member)[0].startswith("Guten Tag!")
    api.text(f"/start {code}", user=stranger)
    api.text(QUESTION, user=member)
    api.text(UNKNOWN, user=member)
    assert scene.texts(3, member)[1:] == [ANSWER, NO_ANSWER]
    assert scene.texts(1, stranger) == [CLOSED]
    answer = scene.messages(3, member)[1]
    api.press(answer, "👍", user=member)
    assert scene.toasts(1) == ["Danke!"]
    api.press(answer, "👍", user=stranger)
    assert scene.toasts(2)[1] == CLOSED
    api.text("/history", user=member)
    assert scene.texts(4, member)[3].startswith(f"Ihre letzten Fragen:\n{UNKNOWN} – {NO_ANSWER}")
    api.text("/members", user=owner)
    members = scene.messages(2)[1]
    assert f"\nPerson {member} ({member}), am " in members["text"]
    api.text("/forget", user=member)
    assert scene.texts(5, member)[4].startswith("Gelöscht: 1 Bewertungen")
    api.text("/history", user=member)
    assert scene.texts(6, member)[5] == "Von Ihnen sind keine Fragen gespeichert."
    api.press(members, f"Person {member} ({member}) ausschließen", user=owner)
    assert scene.texts(3)[2] == f"Ausgeschlossen: Person {member} ({member})"
    api.text(QUESTION, user=member)
    assert scene.texts(7, member)[6] == CLOSED
    api.text("/invite", user=owner)
    api.text(f"/start {scene.texts(4)[3].rpartition('/start ')[2]}", user=member)
    scene.texts(8, member)
    api.text("/forget", user=member)
    api.press(scene.messages(9, member)[8], LEAVE, user=member)
    assert scene.toasts(4)[3] == "Ihr Zugang ist gelöscht."


def answered(api: Gateway) -> Counter[int]:
    """How often each question of the last test was answered, by the number of its message."""
    sent = [message for message in api.sent() if message["chat"]["id"] in CHATS]
    return Counter(message["reply_to_message"]["message_id"] for message in sent)


def on_their_way(api: Gateway) -> set[int]:
    """Whose answer was the last one in its chat: the bot may have been killed before it noted that as sent."""
    last = {message["chat"]["id"]: message for message in api.sent() if message["chat"]["id"] in CHATS}
    return {message["reply_to_message"]["message_id"] for message in last.values()}


def test_kill_9(site: Site) -> None:
    """Comes last, and stops the bot in the end."""
    api, asked, may_be_doubled = site.api, set[int](), set[int]()
    for _ in range(KILLS):
        before = len(asked)
        asked |= {api.text(words, user=user) for user in CHATS for words in (QUESTION, UNKNOWN, "Wer?", "Wo?")}
        api.wait(lambda enough=before + 5: sum(answered(api).values()) >= enough, PATIENCE)
        site.end(signal.SIGKILL)
        time.sleep(0.5)  # for what the bot has sent and the server has not yet got
        may_be_doubled |= on_their_way(api)
        asked |= {api.text(ENGLISH_QUESTION, user=user) for user in CHATS}  # while the bot is away
        site.start()
    api.wait(lambda: set(answered(api)) == asked, PATIENCE)
    time.sleep(1)  # for what should not come
    assert set(answered(api)) == asked
    assert {number for number, times in answered(api).items() if times > 1} <= may_be_doubled
    assert max(answered(api).values()) <= 2
    assert site.end(signal.SIGTERM) == 0
    site.check_what_was_sent()
    site.check_that_nothing_is_left()
