"""What others have written steers no terminal, begins no line of a log, and turns nothing round on Telegram.

Nothing harmful is stored of an article any more (test_cleaning.py); here it is, as earlier versions stored it.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.text import Text

from bot.cli import console
from bot.logs import log_file, logging_to
from bot.render import terminal
from bot.settings import Settings
from bot.standing import PEOPLE_FILE
from bot.telegram.people import People
from retrieval.answer import Alternative, Answer
from retrieval.characters import escape_controls, to_json, without_controls
from retrieval.collection import Collection
from retrieval.store.feedback import FeedbackLog
from retrieval.store.store import Store
from retrieval.types import Document, Hit, Passage, Source, SourceKind
from tests.botapi import BotApi
from tests.collection import put
from tests.command_line import fundstelle
from tests.doubles import HashEmbedder, ScriptedReader
from tests.telegram_bot import RunningBot, ScriptedAnswerer

HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
BAD = "\x1b[2J\x1b]0;x\x07\x9b31m\u202etxt.exe\u2066\u200f\x7f\r\x08\u2028"
OWNER, MEMBER = 7, 8
HOSTILE = st.text(st.sampled_from(list(BAD + "\n\tabc ä🙂")) | st.characters(), max_size=30)


def is_harmless(printed: str) -> bool:
    return HARMFUL.search(printed) is None


# Characters


@given(HOSTILE)
@example(BAD)
def test_nothing_harmful_stays(text: str) -> None:
    for printed in (escape_controls(text), escape_controls(text, lines=True), without_controls(text)):
        assert is_harmless(printed)
        assert escape_controls(printed, lines=True) == printed
    assert "\n" not in escape_controls(text)
    assert escape_controls(text, lines=True).count("\n") == text.count("\n")
    assert len(without_controls(text)) <= len(text)
    kept = HARMFUL.sub("", text)
    assert escape_controls(kept, lines=True) == without_controls(kept) == kept


@given(st.recursive(HOSTILE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3)))
def test_json_says_the_same(value: Any) -> None:
    assert json.loads(to_json(value)) == value
    assert is_harmless(to_json(value)) and "\n" not in to_json(value)


# The terminal


class Screen(StringIO):
    """A terminal that keeps what it is sent."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@contextmanager
def printing_to(out: StringIO) -> Iterator[None]:
    """What is printed goes there, as on a terminal without styles if it is one."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(out):
        patch.setenv("TERM", "dumb")
        yield


OUTPUTS = pytest.mark.parametrize("kind", [StringIO, Screen], ids=["pipe", "terminal"])


@OUTPUTS
@settings(deadline=None)
@given(text=HOSTILE)
@example(text=BAD)
def test_the_console_prints_nothing_harmful(kind: type[StringIO], text: str) -> None:
    for show in (
        console.show,
        console.show_lines,
        console.say,
        console.say_lines,
        lambda words: console.show_lines(Text("a ").append(words, style="bold").append("\n").append(words)),
        lambda words: console.show_json({words: [words]}),
    ):
        out = kind()
        with printing_to(out):
            show(text)
        assert out.getvalue().endswith("\n")
        assert is_harmless(out.getvalue())
        if kind is StringIO and show in (console.show, console.say):
            assert out.getvalue().count("\n") == 1


def test_styles_stay_around_what_is_escaped() -> None:
    shown = console._harmless(Text("vor ").append("mit\x1bten", style="bold").append(" nach\u202e"))
    assert shown.plain == "vor mit\\x1bten nach\\u202e"
    bold = {offset for span in shown.spans if "bold" in str(span.style) for offset in range(span.start, span.end)}
    assert {4, 5, 6} <= bold and not {0, 1, 2, 3, 15, 16} & bold


def hostile_answer(document: Document) -> Answer:
    """An answer from it, with all that one can have."""
    start, end = document.text.index("Messe"), document.text.index(" beginnt")
    passage = Passage(document.text, 0, len(document.text), 0, 0, document_id=document.id)
    other = Alternative(document.text[start:end], start, end, document, passage, 0.9, contradicts=True)
    hits = (Hit(passage, document, 1.0), Hit(replace(passage, document_id=9), document, 1.0))
    return Answer(
        f"Wer{BAD}?", document.text[start:end], 0.9, start, end, document, passage, hits,
        copies=(document,), alternatives=(other,), understood=f"Wer{BAD} genau?",
    )  # fmt: skip


TEXT = f"Die Messe{BAD} beginnt.\nSie zeigt Maschinen."
FIELDS = {"title": f"Titel{BAD}\nzwei", "source": f"dpa{BAD}", "url": f"https://a.example/{BAD}", "published": BAD}


@OUTPUTS
def test_an_answer_steers_no_terminal(kind: type[StringIO]) -> None:
    out = kind()
    with printing_to(out):
        found = hostile_answer(Document(TEXT, **FIELDS, path=f"/{BAD}"))
        for answer in (found, replace(found, text=None, document=None)):
            console.show(terminal.one_line(answer, "de"))
            console.show_lines(terminal.to_text(answer, "de", marks=("**", "**")))
    assert is_harmless(out.getvalue())
    assert "\\x1b[2J" in out.getvalue()


@pytest.fixture
def old_home(tmp_path: Path) -> Path:
    """A data directory whose articles, questions and sources hold what they should not."""
    home = tmp_path / "home"
    with Store(home) as store:
        put(store, TEXT, f"/ordner/{BAD}\n.txt", **FIELDS)
        put(store, TEXT, f"/ordner/kopie{BAD}.txt", **FIELDS)
        store.put_source(Source(f"https://feed.example/{BAD}", SourceKind.FEED, error=f"ging schief{BAD}"))
        FeedbackLog(store).note_missed(f"Wer kam{BAD}?")
    return home


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",), ("list", "--json"), ("show", "1"), ("show", "1", "--json"), ("remove", "1"), ("missed",),
        ("missed", "--json"), ("feed", "list"), ("feed", "list", "--json"), ("status",), ("export", "-"),
        ("feedback", "export", "-"), ("show", BAD), ("list", BAD), ("import", f"/{BAD}"), ("feed", "remove", BAD),
        ("ask", f"Wann beginnt die Messe{BAD.strip()}?"), ("ask", "--json", "Wann beginnt die Messe?"), ("sync",),
    ],
)  # fmt: skip
def test_no_command_prints_anything_harmful(
    old_home: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Collection, "embedder", HashEmbedder())
    monkeypatch.setattr(Collection, "reader", ScriptedReader({}))
    result = fundstelle(*arguments, "--home", str(old_home))
    assert result.stdout or result.stderr
    assert is_harmless(result.stdout) and is_harmless(result.stderr)


def test_a_file_name_begins_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Collection, "embedder", HashEmbedder())
    folder = tmp_path / "artikel"
    folder.mkdir()
    bad = BAD.replace("\u2028", "\n")
    (folder / f"leer{bad}.txt").write_text("")
    (folder / f"messe{bad}.txt").write_text("Die Messe beginnt heute.\nSie zeigt viele Maschinen aus Minsk.")
    for arguments in (["index", str(folder)], ["list"], ["sync"]):
        result = fundstelle(*arguments, "--home", str(tmp_path / "home"))
        assert is_harmless(result.stdout) and is_harmless(result.stderr)
        assert all(re.match(r"/|\d|\s+\d+  ", line) for line in result.stdout.splitlines()), result.stdout


# The log


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_nothing_forges_a_line_of_the_log(tmp_path: Path, log_format: str) -> None:
    chosen = Settings(_env_file=None, home=tmp_path, log_format=log_format)  # type: ignore[call-arg, arg-type]
    log = logging.getLogger("test")
    forged = f"{BAD}\n2026-01-01 00:00:00,000 ERROR bot: gefälscht"
    with logging_to(chosen, debug=False):
        log.info("Hallo %s", forged)
        try:
            raise RuntimeError(forged)
        except RuntimeError:
            log.exception("ging schief", stack_info=True)
        log.info("Ende")
    written = log_file(chosen).read_text("utf-8")
    assert is_harmless(written)
    if log_format == "json":
        lines = [json.loads(line) for line in written.split("\n")[:-1]]
        assert lines[0]["message"] == f"Hallo {forged}" and forged in lines[1]["traceback"]
    else:
        lines = [line for line in written.split("\n")[:-1] if not line.startswith("    ")]
        assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|ERROR) test: ", line) for line in lines)
        assert "RuntimeError" in written
    assert len(lines) == 3


# Telegram


class HostileAnswerer(ScriptedAnswerer):
    """Answers every question from an article as earlier versions stored it."""

    def __init__(self, home: Path) -> None:
        super().__init__()
        with Store(home) as store:
            (self._document,) = store.documents([1])

    def ask(self, question: str, **more: Any) -> Answer:
        return replace(hostile_answer(self._document), question=question)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for part in pair for text in _strings(part))
    elif isinstance(value, list):
        yield from (text for part in value for text in _strings(part))


def test_the_bot_sends_nothing_harmful(api: BotApi, old_home: Path) -> None:
    people = People(old_home / PEOPLE_FILE)
    people.admit(MEMBER, people.invite())
    people.close()
    with RunningBot(old_home, api.url, HostileAnswerer(old_home), telegram_owners="7", telegram_history="true"):
        api.text(f"Wer{BAD} kam?", first_name=BAD)
        api.wait(lambda: api.sent(OWNER))
        answer = api.sent(OWNER)[0]
        for button in ("more", "👎", "Zusammenhang", "Quelle"):
            api.press(answer, button)
        for command in (
            "/list",
            "/sources",
            "/missed",
            "/members",
            "/history",
            "/remove 1",
            "/status",
            f"/unbekannt{BAD}",
        ):
            api.text(command)
        api.inline(f"Wer{BAD} kam?")
        api.document(f"boese{BAD}.txt", b"Zu kurz")
        api.document(f"boese{BAD}.exe", b"MZ")
        api.wait(lambda: len(api.sent(OWNER)) == 15 and api.calls("answerInlineQuery", code=None))
        removal = next(sent for sent in api.sent(OWNER) if "Diesen Artikel entfernen?" in sent["text"])
        api.press(removal, "Entfernen")
        api.wait(lambda: api.calls("editMessageText"))
    said = {call.method: 0 for call in api.calls("sendMessage", code=None)}
    for method in (
        "sendMessage",
        "answerInlineQuery",
        "answerCallbackQuery",
        "editMessageText",
        "editMessageReplyMarkup",
    ):
        for call in api.calls(method, code=None):
            assert call.code == 200, call
            assert [text for text in _strings(call.params) if not is_harmless(text)] == []
            said[method] = said.get(method, 0) + 1
    assert said["sendMessage"] == 15 and said["answerInlineQuery"] and said["editMessageText"]
