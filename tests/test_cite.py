"""Answers as they are cited: press style, APA, BibTeX and RIS; in the chat, on Telegram, on the command line."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli.chat import Chat
from bot.render.cite import Quotation, Style, cite
from bot.settings import load_settings
from retrieval.answer import Answer
from retrieval.answering.conversation import Conversation
from retrieval.collection import Collection
from retrieval.store.feedback import FeedbackLog
from retrieval.store.store import Store
from retrieval.types import Document, Filter, Landmark
from tests.botapi import BotApi
from tests.command_line import fundstelle, use_reader
from tests.doubles import ScriptedReader
from tests.telegram_bot import ARTICLE, RunningBot, answers, texts

GROUP = -100
WORDS = "Das Ziel sind 0,5 Milliarden Dollar."
DOCUMENT = Document(
    text="Es regnete. Das Ziel sind 0,5 Milliarden Dollar. Der Zug kam.",
    title="Handel mit Perm",
    source="BelTA",
    url="https://example.org/handel_1?a=1&b=2",
    published="2024-05-17",
    path="/artikel/handel.txt",
    id=7,
    language="de",
    landmarks=(Landmark(0, page=2), Landmark(26, page=3)),
    author="Anna von Weber und Jan-Karl Kurz",
)
QUOTE = (26, 47)
BARE = Document(WORDS, path="/artikel/handel.txt")


def sentence_of(document_id: int, start: int, end: int) -> tuple[int, int]:
    assert (document_id, start, end) == (7, *QUOTE)
    return 12, 48


QUOTATION = Quotation.at(DOCUMENT, *QUOTE, sentence_of)


def quoted(words: str, language: str = "de") -> str:
    return cite(Quotation.at(Document(words, path="x"), 0, len(words)), Style.PRESS, language).removesuffix(" (x)")


def fields(record: str) -> dict[str, str]:
    """The fields of a BibTeX entry, one a line."""
    return dict(re.findall(r"^  (\w+) = (?:\{(.*)\}|\w+),$", record, re.MULTILINE))


# Styles


def test_press_names_source_title_date_page_and_address() -> None:
    where = "BelTA, Handel mit Perm, 17. Mai 2024, S. 3, https://example.org/handel_1?a=1&b=2"
    assert cite(QUOTATION, Style.PRESS, "de") == f"„{WORDS}“ ({where})"
    english = where.replace("17. Mai", "17 May").replace("S. 3", "p. 3")
    assert cite(QUOTATION, Style.PRESS, "en") == f"“{WORDS}” ({english})"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Er sagte: „Ja.“ Dann „Nein“.", "Er sagte: ‚Ja.‘ Dann ‚Nein‘."),
        ("Er sagte: „Ja.”", "Er sagte: ‚Ja.‘"),
        ('Er sagte: "Ja."', "Er sagte: ‚Ja.‘"),
        ("Er sagte: »Ja.«", "Er sagte: ‚Ja.‘"),
        ("Er sagte: «Ja.»", "Er sagte: ‚Ja.‘"),
        ("He said: “Yes.”", "He said: ‚Yes.‘"),
        ("„Wir kommen.", "‚Wir kommen."),
        ("Wir bauen“, sagte er.", "Wir bauen‘, sagte er."),
        ('"Wir kommen.', "‚Wir kommen."),
        ('Wir bauen", sagte er.', "Wir bauen‘, sagte er."),
        ("Wir bauen«, sagte er zu „Bild“.", "Wir bauen‘, sagte er zu ‚Bild‘."),
    ],
)
def test_quotation_marks_in_the_quote_become_single_ones(words: str, shown: str) -> None:
    assert quoted(words) == f"„{shown}“"


def test_quotation_marks_are_those_of_the_reader_s_language() -> None:
    assert quoted("Er sagte: „Ja.“", "en") == "“Er sagte: ‘Ja.’”"
    assert quoted("“Yes,” he said. “No", "en") == "“‘Yes,’ he said. ‘No”"


def test_apa_has_a_reference_in_the_text_and_an_entry() -> None:
    assert cite(QUOTATION, Style.APA, "de").splitlines() == [
        f"„{WORDS}“ (von Weber & Kurz, 2024, S. 3)",
        "von Weber, A. & Kurz, J.-K. (2024, 17. Mai). Handel mit Perm. BelTA. https://example.org/handel_1?a=1&b=2",
    ]
    many = replace(QUOTATION, document=replace(DOCUMENT, author="Anna Weber, Jan Kurz; Ida Ott"))
    assert "(Weber et al., 2024, S. 3)\nWeber, A., Kurz, J. & Ott, I. (2024" in cite(many, Style.APA, "de")
    agency = replace(QUOTATION, document=replace(DOCUMENT, author="", title="Wer zahlt?"))
    assert cite(agency, Style.APA, "en").splitlines() == [
        f"“{WORDS}” (BelTA, 2024, p. 3)",
        "BelTA. (2024, May 17). Wer zahlt? https://example.org/handel_1?a=1&b=2",
    ]


HOSTILE = replace(
    DOCUMENT,
    title="100 % & {mehr} #1_$^~\\",
    source="A}, note = {B",
    author="Anna Weber AND Jan {Kurz}",
    url="https://example.org/ä b?x={1}&y=5%25",
)


def test_bibtex_is_escaped() -> None:
    record = cite(replace(QUOTATION, document=HOSTILE), Style.BIBTEX, "de")
    assert record.startswith("@article{weber2024mehr,\n")
    assert record.endswith("\n}")
    assert fields(record) == {
        "author": r"Anna Weber and Jan \textbraceleft{}Kurz\textbraceright{}",
        "title": r"{100 \% \& \textbraceleft{}mehr\textbraceright{} \#1\_\$\textasciicircum{}\textasciitilde{}"
        r"\textbackslash{}}",
        "journal": r"A\textbraceright{}, note = \textbraceleft{}B",
        "year": "2024",
        "month": "",
        "day": "17",
        "pages": "3",
        "url": "https://example.org/%C3%A4%20b?x=%7B1%7D&y=5%25",
        "note": f"„{WORDS}“",
    }
    assert "  month = may," in record
    # A brace counts for BibTeX even behind a backslash.
    assert record.count("{") == record.count("}")


def test_ris_holds_a_tag_and_a_value_a_line() -> None:
    hostile = replace(HOSTILE, title="Eins\r\nER  - \n\u2028TY  - BOOK", author="Anna* Weber", source="Bel*TA")
    assert cite(replace(QUOTATION, document=hostile), Style.RIS, "de").split("\n") == [
        "TY  - NEWS",
        "AU  - Weber, Anna",
        "TI  - Eins ER - TY - BOOK",
        "T2  - BelTA",
        "PY  - 2024",
        "DA  - 2024/05/17/",
        "SP  - 3",
        "LA  - de",
        "UR  - https://example.org/%C3%A4%20b?x=%7B1%7D&y=5%25",
        f"N1  - „{WORDS}“",
        "ER  - ",
    ]


@pytest.mark.parametrize(
    ("style", "shown"),
    [
        (Style.PRESS, f"„{WORDS}“ (handel.txt)"),
        (Style.APA, f"„{WORDS}“ (handel.txt, o. D.)\nhandel.txt. (o. D.)."),
        (Style.BIBTEX, f"@misc{{fundstelle0,\n  title = {{{{handel.txt}}}},\n  note = {{„{WORDS}“}},\n}}"),
        (Style.RIS, f"TY  - GEN\nTI  - handel.txt\nN1  - „{WORDS}“\nER  - "),
    ],
)
def test_what_is_not_known_is_left_out(style: Style, shown: str) -> None:
    assert cite(Quotation.at(BARE, 0, len(WORDS)), style, "de") == shown


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ("Anna Weber, Jan Kurz", ["Weber, Anna", "Kurz, Jan"]),
        ("Weber, Anna", ["Weber, Anna"]),
        ("Weber, Anna; Kurz, Jan", ["Weber, Anna", "Kurz, Jan"]),
        ("Anna Weber / Jan & Ida Kurz", ["Weber, Anna", "Jan", "Kurz, Ida"]),
        ("dpa", ["dpa"]),
        ("Hand Und Fuß", ["Hand", "Fuß"]),
        ("Andrea Anders", ["Anders, Andrea"]),
        (" , ; und ", []),
    ],
)
def test_names_of_authors(author: str, names: list[str]) -> None:
    record = cite(Quotation(replace(DOCUMENT, author=author)), Style.RIS, "de")
    assert re.findall(r"^AU  - (.*)$", record, re.MULTILINE) == names


def test_what_is_cited_of_an_answer() -> None:
    answer = Answer("Wie viel?", "0,5 Milliarden Dollar", 0.9, *QUOTE, DOCUMENT)
    assert Quotation.of(answer, sentence_of) == QUOTATION
    assert Quotation.of(answer) == Quotation(DOCUMENT, "0,5 Milliarden Dollar", 26)
    # What the article states of itself is no quote.
    stated = Quotation.of(replace(answer, start=None, end=None))
    assert stated == Quotation(DOCUMENT)
    assert cite(Quotation(DOCUMENT), Style.PRESS, "de").startswith("BelTA, Handel mit Perm, 17. Mai 2024, https")
    assert Quotation.of(Answer("Wer?", None, 0.1)) is None


# In the chat


class OneAnswer:
    """Answers each question from DOCUMENT, but for "Wer?"."""

    def ask(
        self, question: str, *, top_k: int = 5, within: Filter | None = None, favoured: int | None = None
    ) -> Answer:
        if question == "Wer?":
            return Answer(question, None, 0.1)
        return Answer(question, "0,5 Milliarden Dollar", 0.9, *QUOTE, DOCUMENT)


def test_in_the_chat(capsys: pytest.CaptureFixture[str]) -> None:
    settings = load_settings(language="de")
    feedback = FeedbackLog(Store(settings.home))
    talk = Chat(
        settings,
        Conversation(OneAnswer()),  # type: ignore[arg-type]
        lambda: [DOCUMENT],
        feedback,
        interactive=False,
        sentence_of=sentence_of,
    )
    assert talk.run(["/zitat", "Wie viel?", "/zitat", "/cite", "Wer?", "/zitat"])
    output = capsys.readouterr()
    cited = cite(QUOTATION, Style.PRESS, "de")
    assert [line for line in output.out.splitlines() if line.startswith("„")] == [cited, cited]
    assert output.err.splitlines() == ["Noch gibt es keine Antwort, die sich zitieren ließe."] * 2


# On Telegram

QUESTION, UNKNOWN = "Welches Ziel wurde genannt?", "Wie hoch ist der Mond?"
NOTHING = "Noch gibt es keine Antwort, die sich zitieren ließe."
CITED = f"„{WORDS}“ (BelTA, Handel <& Wandel>, 17. Mai 2024)"


def test_the_command_on_telegram(api: BotApi, bot: RunningBot) -> None:
    api.text("/zitat")
    api.text(QUESTION)
    api.text("/zitat")
    api.text("/cite", code="en")
    api.text(UNKNOWN)
    api.text("/zitat")
    first, _, cited, english, _, last = texts(api, 6)
    assert (first, cited, last) == (NOTHING, CITED, NOTHING)
    assert english == f"“{WORDS}” (BelTA, Handel <& Wandel>, 17 May 2024)"
    sent = [call.params["text"] for call in api.calls("sendMessage")]
    assert f"<code>„{WORDS}“ (BelTA, Handel &lt;&amp; Wandel&gt;, 17. Mai 2024)</code>" in sent


def test_the_button_needs_no_question(api: BotApi, bot: RunningBot) -> None:
    api.text(f"/ask {QUESTION}", chat=GROUP)
    (answer,) = answers(api, 1, GROUP)
    api.press(answer, "Zitieren", user=8, reply_to_message=None)
    assert texts(api, 2, GROUP)[1] == CITED
    assert bot.answerer.asked == [QUESTION]


def test_nothing_is_cited_that_the_bot_did_not_say_here(api: BotApi, bot: RunningBot) -> None:
    api.text(QUESTION)
    (answer,) = answers(api, 1)
    data = next(
        b["callback_data"] for row in answer["reply_markup"]["inline_keyboard"] for b in row if b["text"] == "Zitieren"
    )
    button, number, _, *rest = data.split(":")
    api.press(answer, data=":".join([button, number, "0", *rest]))
    api.wait(lambda: api.calls("answerCallbackQuery"))
    assert api.calls("answerCallbackQuery")[0].params["text"].startswith("Diese Frage ist nicht mehr da.")
    assert len(api.calls("sendMessage")) == 1


def test_an_answer_without_a_quote_has_no_button(api: BotApi, bot: RunningBot) -> None:
    api.text(UNKNOWN)
    (answer,) = answers(api, 1)
    shown = [button["text"] for row in answer["reply_markup"]["inline_keyboard"] for button in row]
    assert "Zitieren" not in shown


def test_what_an_article_no_longer_says_is_not_cited(api: BotApi, bot: RunningBot) -> None:
    api.text(QUESTION)
    answers(api, 1)
    bot.collection.indexer.index_documents([replace(ARTICLE, text="Es schneite den ganzen Tag in Perm.")])
    api.text("/zitat")
    assert texts(api, 2)[1] == NOTHING


# On the command line


@pytest.fixture
def articles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCUMENT is indexed, and read by a reader that knows its answer."""
    use_reader(monkeypatch, ScriptedReader({"Welches Ziel?": "0,5 Milliarden Dollar"}))
    monkeypatch.chdir(tmp_path)
    with Collection(load_settings().home) as collection:
        collection.indexer.index_documents([DOCUMENT])


@pytest.mark.parametrize("style", list(Style))
@pytest.mark.usefixtures("articles")
def test_ask_prints_the_citation_alone(style: Style) -> None:
    printed = fundstelle("ask", "Welches Ziel?", "--cite", style.value)
    assert (printed.exit_code, printed.stderr) == (0, "")
    assert printed.stdout == cite(replace(QUOTATION, document=replace(DOCUMENT, id=1)), style, "de") + "\n"


@pytest.mark.usefixtures("articles")
def test_ask_without_an_answer_says_so_and_cites_nothing() -> None:
    printed = fundstelle("ask", "Wer kam?", "--cite", "bibtex")
    assert (printed.exit_code, printed.stdout) == (0, "Dazu steht nichts in den Artikeln.\n")


@pytest.mark.usefixtures("articles")
@pytest.mark.parametrize("more", [("--json",), ("--all",), ("--by-date",)])
def test_a_citation_is_of_one_answer(more: tuple[str, ...]) -> None:
    printed = fundstelle("ask", "Welches Ziel?", "--cite", "ris", *more)
    assert printed.exit_code == 2
    assert "--cite" in printed.stderr
