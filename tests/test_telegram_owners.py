"""What owners do on Telegram: send articles, look through the collection, take some out; and who may ask at all."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.standing import PEOPLE_FILE
from bot.telegram import people
from bot.telegram.handlers import access
from bot.telegram.people import People
from bot.telegram.uploads import FOLDER, keep, safe_name
from retrieval.errors import LoadingError
from tests.botapi import BotApi, Json
from tests.doubles import HashEmbedder
from tests.telegram_bot import RunningBot, texts
from tests.website import Page, fetcher, website

OWNER, MEMBER, STRANGER, GROUP = 7, 8, 9, -100
QUESTION = "Welches Ziel wurde genannt?"
CLOSED = "Dieser Bot antwortet nur Eingeladenen. Eine Einladung gibt es bei seinen Betreibern."
FAIR = "Messe in Brest\n\nBREST, 3. Juni (BelTA) - In Brest beginnt die Messe. Sie zeigt Maschinen aus Minsk.\n"


@pytest.fixture
def bot(api: BotApi, tmp_path: Path) -> Iterator[RunningBot]:
    with RunningBot(tmp_path, api.url, telegram_owners="7") as bot:
        yield bot


# Files


def test_a_file_becomes_an_article(api: BotApi, bot: RunningBot, tmp_path: Path) -> None:
    api.document("../../Messe <b>.TXT", FAIR.encode())
    assert texts(api, 1) == ["Aufgenommen: Messe in Brest, BelTA, 3 Sätze"]
    api.document("../../Messe <b>.TXT", FAIR.encode())
    api.document("../../Messe <b>.TXT", b"Ein anderer Text steht hier.")
    assert texts(api, 3)[1] == "Schon aufgenommen: Messe in Brest, BelTA, 3 Sätze"
    assert texts(api, 3)[2] == "Aktualisiert: Messe b, ein Satz"
    api.document("../../Messe <b>.TXT", b" ")
    assert texts(api, 4)[3].startswith("Nicht aufgenommen: Messe _b.txt: ")
    (file,) = (tmp_path / FOLDER).iterdir()
    assert (file.name, file.read_bytes()) == ("Messe _b.txt", b"Ein anderer Text steht hier.")
    assert bot.collection.article_count() == 2  # with the one of every bot here
    (article,) = (article for article in bot.collection.documents() if article.path == str(file))
    assert [version.document.title for version in bot.collection.store.versions(article.id)] == ["Messe in Brest"]


def test_a_copy_is_named_by_title_and_date_and_no_path_is_told(api: BotApi, bot: RunningBot, tmp_path: Path) -> None:
    dated = FAIR.replace("BREST, 3. Juni (BelTA)", "BREST, 3. Juni 2024 (BelTA)")
    api.document("eins.txt", dated.encode())
    api.document("zwei.txt", dated.encode())
    api.document("eins.txt", b"Ganz anders steht es hier.")
    assert [line.partition(":")[0] for line in texts(api, 3)] == ["Aufgenommen", "Als Kopie vermerkt", "Aktualisiert"]
    named = "Messe in Brest, BelTA, 3. Juni 2024"
    assert texts(api, 3)[1] == f"Als Kopie vermerkt: {named} (sagt dasselbe wie {named})"
    api.text("/list")
    api.text("/sources")
    api.document("leer.txt", b" ")
    assert not any(str(tmp_path) in line or FOLDER in line for line in texts(api, 6))


class HeldEmbedder(HashEmbedder):
    """Embeds what is long only when it may; ``begun`` is set when it would."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may = threading.Event(), threading.Event()

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if len(texts) > 100:
            self.begun.set()
            assert self.may.wait(20)
        return super().embed_texts(texts)


LONG = "\n".join(f"In Halle {number} zeigt die Messe Maschinen aus Minsk." for number in range(700))


def test_nobody_who_asks_waits_for_a_long_file(api: BotApi, tmp_path: Path) -> None:
    embedder = HeldEmbedder()
    with RunningBot(tmp_path, api.url, embedder=embedder, telegram_owners="7", telegram_allowed="8"):
        api.document("lang.txt", LONG.encode())
        assert embedder.begun.wait(10)
        api.text(QUESTION, user=MEMBER)
        assert "0,5 Milliarden Dollar" in texts(api, 1, MEMBER)[0]
        assert api.sent(OWNER) == []
        embedder.may.set()
        assert "lang, 700 Sätze" in texts(api, 1)[0]


def test_a_stop_does_not_wait_for_many_articles(api: BotApi, tmp_path: Path) -> None:
    articles = [json.dumps({"text": LONG.replace("Halle", f"Ort {number},")}) for number in range(20)]
    embedder = HeldEmbedder()
    with RunningBot(tmp_path, api.url, embedder=embedder, telegram_owners="7") as bot:
        api.document("viele.jsonl", "\n".join(articles).encode())
        assert embedder.begun.wait(10)
        threading.Timer(0.5, embedder.may.set).start()
        bot.stop()
        assert api.sent(OWNER) == []
    embedder = HeldEmbedder()
    embedder.may.set()
    with RunningBot(tmp_path, api.url, embedder=embedder, telegram_owners="7") as bot:
        api.wait(lambda: api.sent(OWNER), 30)
        assert bot.collection.article_count() == 21
    assert len(api.sent(OWNER)) == 1


def test_a_file_is_looked_at_before_it_is_fetched(api: BotApi, bot: RunningBot, tmp_path: Path) -> None:
    api.document("virus.exe", b"MZ")
    api.document(None, b"?")
    api.document("gross.pdf", b"%PDF", file_size=20_000_001)
    kind, nameless, size = texts(api, 3)
    assert kind == nameless
    assert kind.startswith("Diesen Dateityp kann ich nicht lesen. Bekannt sind: .csv, ")
    assert size == "Die Datei ist zu groß; erlaubt sind 20,0 MB."
    assert api.calls("getFile", code=None) == []
    # What Telegram says need not be so.
    api.document("gross.txt", b"x" * 21_000_000, file_size=5)
    api.document("riesig.txt", b"x" * 21_000_000, file_size=None)
    assert texts(api, 5)[3:] == ["Die Datei lässt sich nicht von Telegram holen (File is too big)."] * 2
    assert not (tmp_path / FOLDER).exists()


def test_a_file_that_holds_no_article_is_not_kept(api: BotApi, bot: RunningBot, tmp_path: Path) -> None:
    api.document("leer.txt", b"  \n")
    (line,) = texts(api, 1)
    assert line.startswith("Nicht aufgenommen: leer.txt: ")
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_a_list_of_articles(api: BotApi, bot: RunningBot) -> None:
    rows = [f'{{"text": "Artikel {n} handelt von der Zahl {n}{n}.", "title": "Nummer {n}"}}' for n in range(14)]
    api.document("viele.jsonl", "\n".join([*rows[:2], "kaputt", *rows[2:]]).encode())
    lines = texts(api, 1)[0].splitlines()
    assert lines[0] == "Aufgenommen: Nummer 0, ein Satz"
    assert lines[2].startswith("Nicht aufgenommen: viele.jsonl#3: ")
    assert (len(lines), lines[-1]) == (11, "und 5 weitere")


def test_from_others_a_file_is_no_article(api: BotApi, tmp_path: Path) -> None:
    with RunningBot(tmp_path, api.url, telegram_owners="7", telegram_open="true") as bot:
        api.document("messe.txt", FAIR.encode(), user=STRANGER)
        api.text("https://example.org/artikel", user=STRANGER)
        lines = texts(api, 2, STRANGER)
        assert {line.partition(",")[0] for line in lines} == {"Artikel nehme ich nur von den Besitzern dieses Bots an"}
        for command in ("/list", "/remove 1", "/status", "/missed", "/invite", "/members"):
            api.text(command, user=STRANGER)
        assert {line[:30] for line in texts(api, 8, STRANGER)[2:]} == {"Diesen Befehl kenne ich nicht."}
        assert bot.collection.article_count() == 1


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        *(
            ("../../etc/passwd.txt", "etc_passwd.txt"),
            (".versteckt.md", "versteckt.md"),
            ("a/b\\c:d.PDF", "a_b_c_d.pdf"),
        ),
        *(
            ("Übung – 3 (neu).txt", "Übung _ 3 (neu).txt"),
            ("\x00\n.txt", "datei.txt"),
            ("x" * 300 + ".txt", "x" * 80 + ".txt"),
        ),
        *((".txt", "datei.txt"), ("U\u0308.txt", "Ü.txt"), ("..", "datei"), ("a.t x\x07t", "a.t x_t")),
    ],
)
def test_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "a.txt").symlink_to(tmp_path / "outside.txt")
    assert keep(tmp_path, "a.txt", b"x").path.name == "a-2.txt"
    assert not (tmp_path / "outside.txt").exists()
    (tmp_path / "file").write_text("x")
    with pytest.raises(LoadingError, match=r"lässt sich in .* nicht ablegen"):
        keep(tmp_path / "file", "a.txt", b"x")


# Links and posts


def test_a_link_alone_is_fetched(api: BotApi, tmp_path: Path) -> None:
    with website() as site:
        page = (
            "<html><head><title>Messe</title></head><body><article><p>In Brest beginnt die Messe.</p></article></body>"
        )
        site.pages["/messe"] = Page(page.encode())
        running = RunningBot(tmp_path, api.url, telegram_owners="7")
        running.collection.fetcher = lambda: fetcher(site)  # type: ignore[method-assign]
        with running as bot:
            api.text(f" {site.url('/messe')}\n")
            assert texts(api, 1)[0].startswith("Aufgenommen: Messe, ")
            api.text(site.url("/fehlt"))
            assert texts(api, 2)[1].startswith(f"Nicht aufgenommen: {site.url('/fehlt')}: ")
            api.text(f"Was steht in {site.url('/messe')}?")
            api.text(site.url("/messe"), user=MEMBER)
            texts(api, 3)
            assert [source.location for source in bot.collection.store.sources()] == [site.url("/messe")]
            assert len(bot.answerer.asked) == 1


def post(**channel: Any) -> Json:
    chat = {"id": -1005, "type": "channel", "title": "BelTA <aktuell>", **channel}
    return {"forward_origin": {"type": "channel", "date": 1717400000, "chat": chat, "message_id": 12}}


def test_a_forwarded_post_becomes_an_article(api: BotApi, bot: RunningBot) -> None:
    words = "Messe in Brest eröffnet\n\n" + "In Brest beginnt die Messe mit vielen Maschinen aus Minsk. " * 5
    api.text(words, **post(username="belta"))
    api.text(None, caption=words.replace("Brest", "Perm"), photo=[], **post(id=-1006))
    api.text("Kurz.", **post())
    first, second, short = texts(api, 3)
    assert first.startswith("Aufgenommen: Messe in Brest eröffnet, BelTA <aktuell>, 3. Juni 2024, ")
    assert second.startswith("Aufgenommen: Messe in Perm eröffnet")
    assert short == "Der Beitrag ist zu kurz für einen Artikel; nötig sind 200 Zeichen."
    document = bot.collection.document_at("telegram:-1005/12")
    assert document is not None
    assert (document.url, document.published) == ("https://t.me/belta/12", "2024-06-03")


# The collection


def test_list_remove_status_missed(api: BotApi, bot: RunningBot) -> None:
    for command in ("/list", "/list belta WANDEL", "/list nirgends", "/status", "/missed", "/remove", "/remove 99"):
        api.text(command)
    listed = "Aufgenommen:\n1  Handel <& Wandel>, BelTA, 17. Mai 2024"
    *found, usage, unknown = texts(api, 7)
    state = found[3]
    assert found == [
        *(listed, listed, "Dazu gibt es keine Artikel.", state, "Noch ist keine Frage ohne Antwort geblieben.")
    ]
    assert state.startswith("Datenverzeichnis:") and str(bot.collection.home) in state
    assert usage == unknown and usage.startswith("Bitte die Nummer des Artikels dahinter schreiben")
    api.text("Wie hoch ist der Mond?")
    api.text("/missed")
    assert texts(api, 9)[8].startswith("Ohne Antwort blieben:\n1 × Wie hoch ist der Mond? (zuletzt ")
    api.text("/help")
    assert "/invite – jemanden einladen" in texts(api, 10)[9]


def test_remove_asks_first(api: BotApi, bot: RunningBot) -> None:
    api.text("/remove 1")
    api.text("/remove 1")
    assert texts(api, 2)[0] == "Diesen Artikel entfernen? Handel <& Wandel>, BelTA, 17. Mai 2024"
    first, second = api.sent(OWNER)
    api.press(first, "Behalten")
    api.wait(lambda: len(api.calls("editMessageText")) == 1)
    assert bot.collection.article_count() == 1
    api.press(second, "Entfernen", user=MEMBER)
    api.press(second, "Entfernen")
    api.wait(lambda: len(api.calls("editMessageText")) == 2)
    kept, removed = (call.answer["text"] for call in api.calls("editMessageText"))
    assert kept == "Der Artikel bleibt."
    assert removed == "Entfernt: Handel <& Wandel>, BelTA, 17. Mai 2024"
    assert bot.collection.article_count() == 0


def test_owners_have_a_menu_of_their_own(api: BotApi, bot: RunningBot) -> None:
    api.wait(lambda: len(api.calls("setMyCommands", code=None)) == 5)  # the owner has no chat with the bot yet
    api.text("/start")
    api.wait(lambda: len(api.calls("setMyCommands")) == 6)
    german = api.calls("setMyCommands")[-1].params
    assert german["scope"] == {"type": "chat", "chat_id": OWNER}
    assert "invite" in [command["command"] for command in german["commands"]]


# Access


def test_strangers_get_one_polite_line(api: BotApi, bot: RunningBot, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        api.text(QUESTION, user=STRANGER)
    api.text(f"/ask {QUESTION}", user=STRANGER, chat=GROUP)
    api.text("/start abc", user=MEMBER, code="en")
    api.text(QUESTION, user=OWNER)
    texts(api, 1)
    api.wait(lambda: api.sent(MEMBER))
    assert texts(api, 1, STRANGER) == [CLOSED]
    assert texts(api, 1, MEMBER)[0].startswith("This bot only answers those who are invited.")
    assert texts(api, 0, GROUP) == []
    api.press(api.sent(OWNER)[0], "👍", user=STRANGER)
    api.inline(QUESTION, user=STRANGER)
    api.wait(lambda: api.calls("answerCallbackQuery") and api.calls("answerInlineQuery"))
    assert api.calls("answerCallbackQuery")[0].params["text"] == CLOSED
    offered = api.calls("answerInlineQuery")[0].params
    assert (offered["results"], offered["button"]["text"][:26]) == ([], "Dieser Bot antwortet nur E")
    assert bot.answerer.asked == [QUESTION]
    monkeypatch.setattr(access, "TOLD_EVERY_SECONDS", 0.0)
    api.text(QUESTION, user=STRANGER)
    texts(api, 2, STRANGER)


def test_who_is_allowed_by_the_settings(api: BotApi, tmp_path: Path) -> None:
    with RunningBot(tmp_path, api.url, telegram_allowed=f"{MEMBER}, {GROUP}") as bot:
        api.text(QUESTION, user=MEMBER)
        api.text(f"/ask {QUESTION}", user=STRANGER, chat=GROUP)
        api.text(QUESTION, user=STRANGER)
        texts(api, 1, MEMBER)
        texts(api, 1, GROUP)
        assert texts(api, 1, STRANGER) == [CLOSED]
        assert len(bot.answerer.asked) == 2


def test_an_invitation_lets_one_in(api: BotApi, bot: RunningBot, tmp_path: Path) -> None:
    api.text("/invite")
    code = texts(api, 1)[0].rpartition("/start ")[2]
    assert f"https://t.me/FundstelleTestBot?start={code}" in texts(api, 1)[0]
    assert code.encode() not in (tmp_path / PEOPLE_FILE).read_bytes()
    api.text(f"/start {code}", user=MEMBER)
    assert texts(api, 1, MEMBER)[0].startswith("Guten Tag!")
    api.text(f"/start {code}", user=STRANGER)
    assert texts(api, 1, STRANGER) == [CLOSED]
    api.text(QUESTION, user=MEMBER)
    texts(api, 2, MEMBER)
    assert bot.answerer.asked == [QUESTION]


def test_owners_see_and_exclude_whom_an_invitation_let_in(api: BotApi, bot: RunningBot) -> None:
    api.text("/members")
    assert texts(api, 1) == ["Über eine Einladung ist noch niemand gekommen."]
    api.text("/invite")
    code = texts(api, 2)[1].rpartition("/start ")[2]
    api.text(f"/start {code}", user=MEMBER)
    texts(api, 1, MEMBER)
    api.text("/members", user=MEMBER)
    assert "Diesen Befehl" in texts(api, 2, MEMBER)[1]
    api.text("/members")
    shown = api.wait(lambda: api.sent(OWNER)[2:])[0]
    heading, line = shown["text"].split("\n")
    assert heading == "Über eine Einladung kamen:"
    assert line.startswith("Person 8 (8), am ")
    api.press(shown, "Person 8 (8) ausschließen", user=STRANGER)  # who has seen it in a forwarded message
    api.text(QUESTION, user=MEMBER)
    assert "0,5 Milliarden Dollar" in texts(api, 3, MEMBER)[2]
    api.press(shown, "Person 8 (8) ausschließen")
    assert texts(api, 4)[3] == "Ausgeschlossen: Person 8 (8)"
    api.text(QUESTION, user=MEMBER)
    assert texts(api, 4, MEMBER)[3] == CLOSED


def test_an_invitation_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    invited = People(tmp_path / "people.db")
    monkeypatch.setattr(people, "INVITATION_SECONDS", 0.05)
    code = invited.invite()
    time.sleep(0.1)
    assert not invited.admit(MEMBER, code)
    assert not invited.is_member(MEMBER)
    invited.close()


# What is kept


def test_forget(api: BotApi, tmp_path: Path) -> None:
    with RunningBot(tmp_path, api.url, telegram_owners="7", telegram_history="true") as bot:
        api.text("/invite")
        api.text(f"/start {texts(api, 1)[0].rpartition('/start ')[2]}", user=MEMBER)
        api.text(QUESTION, user=MEMBER)
        api.text("Wer?", user=MEMBER)
        texts(api, 3, MEMBER)
        answer = api.sent(MEMBER)[1]
        api.press(answer, "👍", user=MEMBER)
        api.press(answer, "👍", user=OWNER)
        api.text("/history", user=MEMBER)
        assert texts(api, 4, MEMBER)[3] == (
            f"Ihre letzten Fragen:\nWer? – Dazu steht nichts in den Artikeln.\n{QUESTION} – 0,5 Milliarden Dollar"
        )
        api.wait(lambda: len(bot.collection.feedback.judgements()) == 2)
        api.text("/forget", user=MEMBER)
        assert texts(api, 5, MEMBER)[4].startswith("Gelöscht: 1 Bewertungen, 2 Fragen aus dem Verlauf und ")
        assert len(bot.collection.feedback.judgements()) == 1
        api.press(api.sent(MEMBER)[4], "Auch meinen Zugang löschen", user=MEMBER)
        api.text("/history", user=MEMBER)
        assert texts(api, 6, MEMBER)[5] == CLOSED
        api.text("/forget", user=MEMBER)
        assert texts(api, 7, MEMBER)[6].startswith("Gelöscht: 0 Bewertungen, 0 Fragen")
    with RunningBot(tmp_path, api.url, telegram_owners="7") as bot:
        api.text(QUESTION)
        api.text("/history")
        assert texts(api, 3)[2] == "Von Ihnen sind keine Fragen gespeichert."
