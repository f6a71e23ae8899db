"""Quotes as pictures: drawn, in the chat, on the command line, on Telegram."""

from __future__ import annotations

import io
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from bot.cli.chat import Chat
from bot.errors import PictureError
from bot.render import quote_picture as drawing
from bot.render.cite import Quotation, Style, cite, press_parts
from bot.render.quote_picture import SQUARE, WIDE, QuotePicture, picture_notes, quote_picture
from bot.render.typesetting import Setting, settable
from bot.settings import load_settings
from retrieval.answer import Answer
from retrieval.answering.conversation import Conversation
from retrieval.collection import Collection
from retrieval.store.feedback import FeedbackLog
from retrieval.store.store import Store
from retrieval.types import Document, Filter, Hit, Landmark, Passage
from tests.botapi import BotApi
from tests.command_line import fundstelle, use_reader
from tests.doubles import ScriptedReader
from tests.telegram_bot import ARTICLE, RunningBot, answers, texts

MARGIN = 80
DOCUMENT = Document(
    text="Das Ziel sind 0,5 Milliarden Dollar. Der Zug kam um neun in Perm an.",
    title="Handel mit Perm",
    source="BelTA",
    url="https://example.org/handel?a=1&b=2",
    published="2024-05-17",
    path="/artikel/handel.txt",
    landmarks=(Landmark(0, page=3),),
)
WORDS = "Das Ziel sind 0,5 Milliarden Dollar."


def drawn(words: str, language: str = "de", **of_document: str) -> QuotePicture:
    return quote_picture(Quotation(replace(DOCUMENT, **of_document), words, 0), language)  # type: ignore[arg-type]


def image(picture: QuotePicture) -> Image.Image:
    return Image.open(io.BytesIO(picture.png)).convert("RGB")


def ink(shown: Image.Image) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of all that is not paper."""
    box = ImageChops.difference(shown, Image.new("RGB", shown.size, shown.getpixel((0, 0)))).getbbox()
    assert box is not None, "the picture is blank"
    return box


HOSTILE = {
    "short": WORDS,
    "one letter": "A",
    "two thousand letters": ("Die Sanierung des Hallenbads dauert länger als geplant, sagte der Bürgermeister. " * 25)[
        :2000
    ],
    "no end": "Wort " * 4000,
    "a word without end": "Donaudampfschiff" * 300,
    "wide letters": "W" * 3000,
    "marks without end": "a" + "\u0308" * 500 + " b" + "\u0323" * 500,
    "emoji": "🎉🚀 👩‍👩‍👧 👍🏽 🇩🇪 ❤️ " * 5 + "Glückwunsch",
    "joined without end": "👩" + "\u200d👩" * 400,
    "of all scripts": "Grüße Привет Ωμέγα ĳ ﬁ 中文 שלום العربية हिन्दी ภาษา 한국어 𝔉raktur \U000e0041\ue000\ufdd0 x ≈ 3",
    "steering": "Er \u202esagte\u2066 \x1b[31mdas\x00 \u2028heute\u200b nicht\ufeff.",
    "half a letter": "Ende \ud83d hier",
    "quotation marks": "„“" * 200 + "„a „b „c“",
}


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_any_words_are_drawn_within_the_margins(words: str) -> None:
    shown = image(drawn(words, title=words[:300], url=""))
    left, top, right, bottom = ink(shown)
    assert shown.size in (WIDE, SQUARE)
    # Letters may reach over their own width by a hair.
    assert left >= MARGIN - 6
    assert right <= shown.width - MARGIN + 6
    assert top >= MARGIN - 6
    assert bottom <= shown.height - MARGIN + 12


def test_short_quotes_are_wide_and_long_ones_square_and_whole() -> None:
    short, long = drawn(WORDS), drawn(HOSTILE["two thousand letters"])
    assert (image(short).size, short.is_cut, short.missing) == (WIDE, False, "")
    assert (image(long).size, long.is_cut) == (SQUARE, False)
    assert picture_notes(short, "de") == picture_notes(long, "de") == []


def test_a_quote_that_finds_no_room_is_cut_with_a_word() -> None:
    picture = drawn(HOSTILE["no end"])
    assert picture.is_cut
    assert picture_notes(picture, "de") == ["Für ein Bild ist das zu lang; es ist gekürzt, wo […] steht."]
    assert drawn(WORDS, title="Sehr langer Titel " * 200).is_cut


def test_what_is_drawn_is_what_a_citation_says() -> None:
    for language in ("de", "en"):
        words, source = press_parts(Quotation(DOCUMENT, WORDS, 0), language)
        assert f"{words} ({source})" == cite(Quotation(DOCUMENT, WORDS, 0), Style.PRESS, language)
    # Each part of it is to be seen.
    assert len({drawn(WORDS, language, title=title).png for language in ("de", "en") for title in ("A", "B")}) == 4


def test_letters_that_no_font_has_are_named_and_no_boxes_are_drawn() -> None:
    picture = drawn("Das Wort 中文 heißt 漢.")
    assert picture.missing == "中文漢"
    assert picture_notes(picture, "de") == [
        "Im Bild fehlen Zeichen, die keine Schrift hier hat; dort steht […]: 中 文 漢"
    ]
    assert picture.png == drawn("Das Wort […] heißt […].").png
    # Set from right to left, or joined: not side by side.
    for words in ("שלום", "مرحبا", "हिन्दी"):
        assert settable(f"Wort {words}.")[0] == "Wort […]."
    with pytest.raises(PictureError, match="lässt sich nicht zeichnen"):
        drawn("中文")


def test_emoji_and_foreign_letters_come_from_other_fonts() -> None:
    for words in ("🎉", "Привет", "Ωμέγα", "ğışčőŵ", "→", "გამარჯობა", "„–…€§ß"):
        assert settable(words) == (words, "")
    plain, party, rocket = (image(drawn(f"Hurra {sign}!")) for sign in ("", "🎉", "🚀"))
    assert ink(party) != ink(plain)
    assert party.tobytes() != rocket.tobytes()


def test_nothing_steers_or_hides_in_a_picture() -> None:
    assert settable("a\u202eb\x1b\u2066c\u200bd\u00ade\ufefff\U000e0041g") == ("abcdefg", "")
    assert drawn("a\u202eb\x1bc").png == drawn("abc").png
    kept, missing = settable("a" + "\u0308" * 500)
    assert (len(kept), missing) == (3, "\u0308")


def test_lines_hold_all_words_in_order() -> None:
    words = HOSTILE["two thousand letters"] + " " + "x" * 300
    lines = Setting(30).lines(words, 700)
    assert "".join("".join(lines).split()) == "".join(words.split())
    assert all(not line.startswith(" ") and line for line in lines)


def test_threads_draw_the_same() -> None:
    with ThreadPoolExecutor(4) as threads:
        assert len({picture.png for picture in threads.map(drawn, [WORDS] * 4)}) == 1


def test_without_words_there_is_no_picture() -> None:
    with pytest.raises(PictureError, match="kein Zitat"):
        quote_picture(Quotation(DOCUMENT), "de")


# In the chat


class OneAnswer:
    """Answers each question from DOCUMENT, but for "Wer?"; another passage is near."""

    def ask(
        self, question: str, *, top_k: int = 5, within: Filter | None = None, favoured: int | None = None
    ) -> Answer:
        first, second = Passage(WORDS, 0, 36, 0, 0, document_id=1), Passage(DOCUMENT.text[37:], 37, 68, 1, 1)
        hits = (Hit(first, DOCUMENT, 1.0), Hit(second, DOCUMENT, 0.95))
        if question == "Wer?":
            return Answer(question, None, 0.1)
        return Answer(question, "0,5 Milliarden Dollar", 0.9, 14, 35, replace(DOCUMENT, id=1), first, hits)


def test_in_the_chat(capsys: pytest.CaptureFixture[str]) -> None:
    settings = load_settings(language="de")
    path = settings.home / "fundstelle.quote.png"
    talk = Chat(
        settings,
        Conversation(OneAnswer()),  # type: ignore[arg-type]
        lambda: [DOCUMENT],
        FeedbackLog(Store(settings.home)),
        interactive=False,
        sentence_of=lambda *place: (0, 36),
    )

    def shown(*lines: str) -> tuple[list[str], str, bytes]:
        path.unlink(missing_ok=True)
        talk.run(lines)
        output = capsys.readouterr()
        printed = [line for line in output.out.splitlines() if line.startswith("/")]
        return printed, output.err, path.read_bytes() if path.exists() else b""

    assert shown("/bild")[1:] == (
        "Noch gibt es keine Antwort für ein Bild. Nach /mehr oder /alle sagt eine Zahl, welche Stelle: /bild 2\n",
        b"",
    )
    assert shown("Wie viel?", "/bild") == ([str(path)], "", drawn(WORDS).png)
    assert path.stat().st_mode & 0o777 == 0o600
    assert shown("/picture 1") == ([str(path)], "", drawn("Der Zug kam um neun in Perm an.").png)
    for wrong in ("2", "0", "-1", "eins", "9" * 40):
        printed, said, png = shown(f"/bild {wrong}")
        assert (printed, png) == ([], b"")
        assert said.startswith(f"Eine Stelle „{wrong}“ gibt es nicht.")
    talk.run(["Wie viel?", "/zitat 1"])
    assert "Der Zug kam um neun in Perm an." in capsys.readouterr().out
    talk.run(["/cite 7"])
    assert capsys.readouterr().err.startswith("Eine Stelle „7“ gibt es nicht.")
    assert shown("Wer?", "/bild")[0] == []


# On the command line


@pytest.fixture
def articles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCUMENT is indexed, and read by a reader that knows its answer."""
    use_reader(monkeypatch, ScriptedReader({"Welches Ziel?": "0,5 Milliarden Dollar"}))
    monkeypatch.chdir(tmp_path)
    with Collection(load_settings().home) as collection:
        collection.indexer.index_documents([DOCUMENT])


@pytest.mark.usefixtures("articles")
def test_ask_draws_a_picture_and_prints_its_path(tmp_path: Path) -> None:
    printed = fundstelle("ask", "Welches Ziel?", "--picture", "zitat.png")
    assert (printed.exit_code, printed.stdout, printed.stderr) == (0, f"{tmp_path / 'zitat.png'}\n", "")
    assert (tmp_path / "zitat.png").read_bytes() == drawn(WORDS).png


@pytest.mark.usefixtures("articles")
def test_ask_without_an_answer_draws_nothing(tmp_path: Path) -> None:
    printed = fundstelle("ask", "Wer kam?", "--picture", "zitat.png")
    assert (printed.exit_code, printed.stdout) == (0, "Dazu steht nichts in den Artikeln.\n")
    assert not (tmp_path / "zitat.png").exists()


@pytest.mark.usefixtures("articles")
def test_a_picture_that_cannot_be_written_is_one_line() -> None:
    printed = fundstelle("ask", "Welches Ziel?", "--picture", "fehlt/zitat.png")
    assert (printed.exit_code, printed.stdout, printed.stderr.count("\n")) == (1, "", 1)
    assert "lässt sich nicht schreiben" in printed.stderr


@pytest.mark.usefixtures("articles")
@pytest.mark.parametrize("more", [("--json",), ("--all",), ("--by-date",), ("--cite", "apa")])
def test_a_picture_is_of_one_answer(more: tuple[str, ...]) -> None:
    assert fundstelle("ask", "Welches Ziel?", "--picture", "a.png", *more).exit_code == 2


@pytest.mark.usefixtures("articles")
def test_the_picture_of_a_removed_article_is_deleted() -> None:
    path = load_settings().home / "fundstelle.quote.png"
    path.write_bytes(b"PNG")
    assert fundstelle("remove", "1").exit_code == 0
    assert not path.exists()


# On Telegram

QUESTION = "Welches Ziel wurde genannt?"
SOURCE = "BelTA, Handel <& Wandel>, 17. Mai 2024"


def photos(api: BotApi, count: int) -> list[bytes]:
    api.wait(lambda: len(api.calls("sendPhoto")) >= count)
    found = api.calls("sendPhoto")
    assert [call.answer["caption"] for call in found] == [SOURCE] * count
    return [call.params["photo"] for call in found]


def test_the_button_under_a_quotation_sends_a_photo(
    api: BotApi, bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []

    def watched(quotation: Quotation, language: str) -> QuotePicture:
        threads.append(threading.current_thread().name)
        return quote_picture(quotation, language)

    monkeypatch.setattr(drawing, "quote_picture", watched)
    api.text(QUESTION)
    api.text("/zitat")
    _, citation = answers(api, 2)
    api.press(citation, "Als Bild", user=8, reply_to_message=None)
    (png,) = photos(api, 1)
    assert Image.open(io.BytesIO(png)).size == WIDE
    api.text("/bild")
    assert photos(api, 2) == [png, png]
    assert len(threads) == 2
    assert bot._thread.name not in threads  # the event loop's


def test_without_an_answer_there_is_nothing_to_draw(api: BotApi, bot: RunningBot) -> None:
    api.text("/bild")
    api.text("/picture", code="en")
    assert texts(api, 2) == ["Noch gibt es keine Antwort für ein Bild.", "There is no answer yet to make a picture of."]
    assert not api.calls("sendPhoto")


def test_a_number_takes_what_was_listed(api: BotApi, bot: RunningBot, monkeypatch: pytest.MonkeyPatch) -> None:
    words: list[str] = []

    def watched(quotation: Quotation, language: str) -> QuotePicture:
        words.append(quotation.words)
        return quote_picture(quotation, language)

    monkeypatch.setattr(drawing, "quote_picture", watched)
    api.text("/bild 1")
    api.text(QUESTION)  # its answer stands in the first passage, so that the second is listed alone
    api.text("/bild 1")
    api.text("/picture@FundstelleTestBot 2", code="en")
    api.text("/zitat 1")
    none_yet, _, only_one, cited = texts(api, 4)
    assert none_yet == (
        "Eine Stelle „1“ gibt es nicht. Ohne Zahl gilt die letzte Antwort, mit Zahl die Stelle aus „Weitere Stellen“ "
        "oder /alle."
    )
    assert only_one.startswith("There is no passage “2”.")
    assert cited == f"„Es regnete. Der Zug kam.“ ({SOURCE})"
    api.text("/alle Was wurde gesagt?")
    for wanted in ("/bild 1", "/bild 2", "/bild"):
        api.text(wanted)
    photos(api, 4)
    assert words == [
        "Es regnete. Der Zug kam.",
        "Das Ziel sind 0,5 Milliarden Dollar.",
        "Rund <300> Menschen & Tiere kamen.",
        "Das Ziel sind 0,5 Milliarden Dollar.",
    ]
    for wrong in ("/bild 3", "/bild 0", "/bild zwei", "/bild " + "9" * 3000):
        api.text(wrong)
    assert all(said.startswith("Eine Stelle „") for said in texts(api, 9)[5:])


def test_a_number_takes_what_the_button_listed_until_a_new_beginning(api: BotApi, bot: RunningBot) -> None:
    api.text(QUESTION)
    api.text("/alle Frage 17")  # of which nothing is listed
    answer, _ = answers(api, 2)
    api.press(answer, "Weitere Stellen")
    answers(api, 3)
    api.text("/bild 1")
    photos(api, 1)
    api.text("Danke!")
    api.text("/zitat 1")
    api.text("/neu")
    api.text("/zitat 1")
    _, cited, _, gone = texts(api, 7)[3:]
    assert cited.startswith("„Es regnete.")
    assert gone.startswith("Eine Stelle „1“ gibt es nicht.")


def test_a_listed_passage_that_has_changed_is_not_drawn(api: BotApi, bot: RunningBot) -> None:
    api.text(QUESTION)
    answers(api, 1)
    bot.collection.indexer.index_documents([replace(ARTICLE, text="Es schneite den ganzen Tag in Perm.")])
    api.text("/bild 1")
    assert texts(api, 2)[1].startswith("Diese Frage ist nicht mehr da.")
    assert not api.calls("sendPhoto")


def test_no_picture_is_drawn_of_what_the_bot_did_not_say_here(api: BotApi, bot: RunningBot) -> None:
    api.text(QUESTION)
    api.text("/zitat")
    _, citation = answers(api, 2)
    (data,) = (b["callback_data"] for row in citation["reply_markup"]["inline_keyboard"] for b in row)
    assert re.fullmatch(r"picture:\d+:\d+:\d+:[\w-]{14}", data)
    assert len(data.encode()) <= 64
    button, number, _, *rest = data.split(":")
    api.press(citation, data=":".join([button, number, "0", *rest]))
    api.wait(lambda: api.calls("answerCallbackQuery"))
    assert api.calls("answerCallbackQuery")[0].params["text"].startswith("Diese Frage ist nicht mehr da.")
    bot.collection.indexer.index_documents([replace(ARTICLE, text="Es schneite den ganzen Tag in Perm.")])
    api.press(citation, "Als Bild")
    api.wait(lambda: len(api.calls("answerCallbackQuery")) == 2)
    api.text("/bild")
    assert texts(api, 3)[2] == "Noch gibt es keine Antwort für ein Bild."
    assert not api.calls("sendPhoto")
