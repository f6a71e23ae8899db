import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render.json import to_json
from bot.render.telegram import TELEGRAM_LIMIT, passages_html, to_html
from bot.render.terminal import one_line, to_text
from bot.render.text import cut, cut_left, other_hits, split_at_quote, width
from retrieval.answer import Alternative, Answer, SmallTalk
from retrieval.characters import without_controls
from retrieval.types import Document, Hit, Landmark, Passage

DOCUMENT = Document(
    text="Die Brücke ist gesperrt. Sie kostet 4,5 Mio. Euro.\nDer Bau beginnt im Mai. Ein Zug hielt in Ulm.",
    title="Brücke <gesperrt> & teuer",
    source="BelTA",
    url="https://example.org/a?b=1&c=2",
    published="2024-05-17",
    path="/articles/bridge.txt",
    id=3,
)


def passage(start: int, end: int) -> Passage:
    return Passage(DOCUMENT.text[start:end], start, end, 0, 0, id=start + 1, document_id=DOCUMENT.id)


FIRST, SECOND, THIRD = passage(0, 50), passage(51, 74), passage(75, 96)
ANSWER = Answer(
    question="Was kostet die Brücke?",
    text="4,5 Mio. Euro",
    confidence=0.82,
    start=36,
    end=49,
    document=DOCUMENT,
    passage=FIRST,
    hits=(Hit(FIRST, DOCUMENT, 1.5), Hit(SECOND, DOCUMENT, 1.4), Hit(THIRD, DOCUMENT, 1.35)),
    elapsed_ms=12.34,
    best="4,5 Mio. Euro",
)
NO_ANSWER = replace(
    ANSWER, text=None, start=None, end=None, document=None, passage=None, confidence=0.1, hits=ANSWER.hits[:2]
)
SOURCE_HTML = (
    '<a href="https://example.org/a?b=1&amp;c=2"><i>Brücke &lt;gesperrt&gt; &amp; teuer</i></a>, BelTA, 17. Mai 2024'
)


class Plain(HTMLParser):
    """What Telegram makes of HTML: the text without tags, and the tags, which must be balanced and known."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.bold, self.quoted, self.marked, self.links, self.open = "", "", "", "", [], []
        self.feed(markup)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in {"b", "i", "a", "blockquote"}
        self.open.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if "b" in self.open:
            self.bold += data
        if "blockquote" in self.open:
            self.quoted += data
            self.marked += data if "b" in self.open else ""


def test_quoted_cuts_the_passage_in_three():
    assert split_at_quote(ANSWER) == ("Die Brücke ist gesperrt. Sie kostet ", "4,5 Mio. Euro", ".")
    with pytest.raises(ValueError, match="no quote"):
        split_at_quote(NO_ANSWER)


def test_further_leaves_out_the_passage_that_is_quoted():
    assert [hit.passage for hit in other_hits(ANSWER)] == [SECOND, THIRD]
    assert [hit.passage for hit in other_hits(NO_ANSWER)] == [FIRST, SECOND]


def test_further_passages_are_near_the_best_and_few():
    far = replace(ANSWER, hits=(*ANSWER.hits[:2], replace(ANSWER.hits[2], score=1.3)))
    assert [hit.passage for hit in other_hits(far)] == [SECOND]
    assert len(other_hits(replace(ANSWER, hits=ANSWER.hits * 5))) == 3
    overlapping = Hit(passage(30, 74), DOCUMENT, 1.5)
    assert other_hits(replace(ANSWER, hits=(overlapping,))) == []


def test_the_excerpt_is_shown_in_the_place_of_the_passage():
    short = replace(ANSWER, excerpt=passage(25, 50))
    assert split_at_quote(short) == ("Sie kostet ", "4,5 Mio. Euro", ".")
    assert "gesperrt. Sie" not in str(to_text(short, "de", passages=False)) + to_html(short, "de")


def test_json_of_an_answer():
    assert to_json(ANSWER) == {
        "question": "Was kostet die Brücke?",
        "answer": {
            "text": "4,5 Mio. Euro",
            "from": "text",
            "confidence": 0.82,
            "certainty": "sure",
            "start": 36,
            "end": 49,
            "items": [],
            "document": {
                "id": 3,
                "title": "Brücke <gesperrt> & teuer",
                "source": "BelTA",
                "url": "https://example.org/a?b=1&c=2",
                "published": "2024-05-17",
            },
            "also_in": [],
            "page": None,
            "heading": None,
            "ocr": False,
            "link": "https://example.org/a?b=1&c=2",
        },
        "absent": None,
        "alternatives": [],
        "corrections": [],
        "passages": [
            {"text": FIRST.text, "score": 1.5, "document_id": 3, "start": 0, "end": 50, "ocr": False},
            {"text": SECOND.text, "score": 1.4, "document_id": 3, "start": 51, "end": 74, "ocr": False},
            {"text": THIRD.text, "score": 1.35, "document_id": 3, "start": 75, "end": 96, "ocr": False},
        ],
        "small_talk": None,
        "elapsed_ms": 12.3,
    }


def test_json_without_an_answer():
    value = json.loads(json.dumps(to_json(NO_ANSWER)))
    nothing = dict.fromkeys(("text", "from", "certainty", "start", "end", "document", "page", "heading", "link"))
    assert value["answer"] == {**nothing, "also_in": [], "items": [], "confidence": 0.1, "ocr": False}
    assert len(value["passages"]) == 2


def test_json_says_why_there_is_no_answer():
    nearest = {"text": FIRST.text, "start": 0, "end": 50, "document": to_json(ANSWER)["answer"]["document"]}
    assert to_json(NO_ANSWER)["absent"] == {"reason": "unsure", "words": [], "names": [], "nearest": nearest}
    quoted = to_json(replace(NO_ANSWER, absent=("Az. 17/2024-A",)))["absent"]
    assert (quoted["reason"], quoted["words"]) == ("words", ["Az. 17/2024-A"])
    assert to_json(replace(NO_ANSWER, hits=()))["absent"] == {
        "reason": "nothing_found",
        "words": [],
        "names": [],
        "nearest": None,
    }
    greeted = to_json(replace(NO_ANSWER, hits=(), small_talk=SmallTalk.GREETING))["absent"]
    assert greeted == {"reason": "small_talk", "words": [], "names": [], "nearest": None}


def test_one_line():
    assert one_line(ANSWER, "de") == "4,5 Mio. Euro ● sicher (Brücke <gesperrt> & teuer, BelTA, 17. Mai 2024)"
    assert one_line(ANSWER, "en") == "4,5 Mio. Euro ● certain (Brücke <gesperrt> & teuer, BelTA, 17 May 2024)"
    assert one_line(NO_ANSWER, "de") == "Dazu steht nichts in den Artikeln."
    assert one_line(replace(ANSWER, text="4,5\nMio. Euro"), "de").startswith("4,5 Mio. Euro ● ")


def test_one_line_with_little_known_of_the_article():
    bare = replace(DOCUMENT, title="", source="", published="")
    assert one_line(replace(ANSWER, document=bare), "de") == "4,5 Mio. Euro ● sicher (bridge.txt)"
    assert one_line(replace(ANSWER, document=replace(bare, path="")), "de") == "4,5 Mio. Euro ● sicher (Ohne Titel)"
    undated = replace(DOCUMENT, published="im Frühjahr")
    assert one_line(replace(ANSWER, document=undated), "de").endswith("BelTA, im Frühjahr)")


def test_terminal_marks_the_quote_in_its_sentence():
    reply = to_text(ANSWER, "de", marks=("**", "**"))
    assert reply.plain.replace("\N{NO-BREAK SPACE}", " ") == (
        "4,5 Mio. Euro\n"
        "● sicher\n"
        "\n"
        "Die Brücke ist gesperrt. Sie kostet **4,5 Mio. Euro**.\n"
        "\n"
        "Brücke <gesperrt> & teuer, BelTA, 17. Mai 2024\n"
        "https://example.org/a?b=1&c=2\n"
        "\n"
        "Weitere Stellen:\n"
        "1. Der Bau beginnt im Mai. – Brücke <gesperrt> & teuer, BelTA, 17. Mai 2024\n"
        "2. Ein Zug hielt in Ulm. – Brücke <gesperrt> & teuer, BelTA, 17. Mai 2024"
    )
    styled = [reply.plain[span.start : span.end] for span in reply.spans if "on green" in str(span.style)]
    assert styled == ["**4,5 Mio. Euro**"]


def test_terminal_without_an_answer_offers_what_comes_closest():
    assert to_text(NO_ANSWER, "en").plain.splitlines()[:4] == [
        "The articles do not say.",
        "",
        "These passages come closest:",
        "1. Die Brücke ist gesperrt. Sie kostet 4,5 Mio. Euro. – Brücke <gesperrt> & teuer, BelTA, 17 May 2024",
    ]
    assert to_text(NO_ANSWER, "de", passages=False).plain == "Dazu steht nichts in den Artikeln."
    assert to_text(replace(NO_ANSWER, hits=()), "de").plain == "Dazu steht nichts in den Artikeln."


@pytest.mark.parametrize(
    ("confidence", "dot", "coloured", "words", "certainty"),
    [
        (1.0, "●", "🟢", "sicher", "sure"),
        (0.75, "●", "🟢", "sicher", "sure"),
        (0.74, "◐", "🟡", "ziemlich sicher", "fairly_sure"),
        (0.5, "◐", "🟡", "ziemlich sicher", "fairly_sure"),
        (0.49, "○", "🟠", "unsicher", "unsure"),
    ],
)
def test_one_scale_of_certainty_in_all_outputs(confidence, dot, coloured, words, certainty):
    answer = replace(ANSWER, confidence=confidence)
    short = "Vielleicht: 4,5 Mio. Euro" if certainty == "unsure" else "4,5 Mio. Euro"
    assert to_text(answer, "de").plain.splitlines()[:2] == [short, f"{dot} {words}"]
    assert one_line(answer, "de").startswith(f"{short} {dot} {words} (")
    assert to_html(answer, "de").startswith(f"<b>{short}</b>\n{coloured} {words}\n\n")
    assert to_json(answer)["answer"]["certainty"] == certainty


OTHER = Document("Sie kostet <5> Mio. Euro.", title="Neue Brücke", source="dpa", id=4)
AGAIN = Alternative(
    "<5> Mio. Euro", 11, 24, OTHER, Passage(OTHER.text, 0, 25, 0, 0, document_id=4), 0.6, contradicts=True
)
LONG_TALK = replace(ANSWER, understood="Und <was> kostet die Brücke?", alternatives=(AGAIN,))


def test_terminal_says_what_was_understood_and_what_else_was_found():
    lines = to_text(LONG_TALK, "de", passages=False).plain.splitlines()
    assert lines[0] == "Verstanden als: Und <was> kostet die Brücke?"
    assert lines[-2:] == [
        "Andere Fundstelle: <5> Mio. Euro (Neue Brücke, dpa)",
        "Die Artikel nennen Unterschiedliches.",
    ]
    agreeing = replace(ANSWER, alternatives=(replace(AGAIN, contradicts=False),))
    assert (
        to_text(agreeing, "en", passages=False).plain.splitlines()[-1] == "Also found: <5> Mio. Euro (Neue Brücke, dpa)"
    )
    assert one_line(LONG_TALK, "de") == f"{one_line(ANSWER, 'de')} [Verstanden als: Und <was> kostet die Brücke?]"


def test_telegram_says_what_was_understood_and_what_else_was_found():
    assert to_html(LONG_TALK, "en") == (
        "<i>Understood as: Und &lt;was&gt; kostet die Brücke?</i>\n\n"
        + to_html(ANSWER, "en")
        + "\nAlso found: &lt;5&gt; Mio. Euro (Neue Brücke, dpa)\nThe articles differ."
    )
    assert to_html(replace(NO_ANSWER, understood="Wann?"), "de") == (
        "<i>Verstanden als: Wann?</i>\n\nDazu steht nichts in den Artikeln."
    )


def test_json_of_alternatives():
    (other,) = to_json(LONG_TALK)["alternatives"]
    assert other == {
        "text": "<5> Mio. Euro",
        "confidence": 0.6,
        "start": 11,
        "end": 24,
        "document": {"id": 4, "title": "Neue Brücke", "source": "dpa", "url": "", "published": ""},
        "contradicts": True,
        "ocr": False,
    }


def test_telegram_html():
    assert to_html(ANSWER, "de") == (
        "<b>4,5 Mio. Euro</b>\n🟢 sicher\n\n"
        "<blockquote expandable>Die Brücke ist gesperrt. Sie kostet <b>4,5 Mio. Euro</b>.</blockquote>\n" + SOURCE_HTML
    )
    assert to_html(NO_ANSWER, "de") == "Dazu steht nichts in den Artikeln."


def test_page_and_heading_of_the_quote():
    pages = (Landmark(0, page=2), Landmark(51, page=3, heading="Der Bau"))
    document = replace(DOCUMENT, landmarks=pages)
    hits = tuple(replace(hit, document=document) for hit in ANSWER.hits)
    answer = replace(ANSWER, document=document, hits=hits)
    assert one_line(answer, "de").endswith(", BelTA, 17. Mai 2024, S. 2)")
    assert one_line(answer, "en").endswith(", BelTA, 17 May 2024, p. 2)")
    lines = to_text(answer, "de").plain.splitlines()
    assert lines[5].endswith("17. Mai 2024, S. 2")
    assert lines[-2].endswith("17. Mai 2024, S. 3")
    assert to_html(answer, "en").endswith(", BelTA, 17 May 2024, p. 2")
    assert passages_html(answer, "de").endswith(", BelTA, 17. Mai 2024, S. 3")
    assert {key: to_json(answer)["answer"][key] for key in ("page", "heading")} == {"page": 2, "heading": None}
    later = replace(answer, start=55, end=60)
    assert {key: to_json(later)["answer"][key] for key in ("page", "heading")} == {"page": 3, "heading": "Der Bau"}


def test_what_ocr_read_is_marked_in_every_output():
    document = replace(DOCUMENT, landmarks=(Landmark(0, page=2), Landmark(25, page=3, ocr=True)))
    hits = tuple(replace(hit, document=document) for hit in ANSWER.hits)
    answer = replace(ANSWER, document=document, hits=hits)
    assert one_line(answer, "de").endswith(", BelTA, 17. Mai 2024, S. 3, aus Texterkennung)")
    assert "17. Mai 2024, S. 3, aus Texterkennung" in to_text(answer, "de").plain
    assert to_html(answer, "en").endswith(", BelTA, 17 May 2024, p. 3, from OCR")
    shown = to_json(answer)
    assert shown["answer"]["ocr"] is True
    assert [found["ocr"] for found in shown["passages"]] == [False, True, True]
    assert to_json(answer.without_texts()) == shown


def test_telegram_html_links_web_addresses_only():
    for url in ("", "javascript:alert(1)", "file:///etc/passwd", "https://example.org/" + "x" * 3000):
        assert "<a" not in to_html(replace(ANSWER, document=replace(DOCUMENT, url=url)), "de")
    quotes = replace(DOCUMENT, url='https://example.org/"><b>')
    assert Plain(to_html(replace(ANSWER, document=quotes), "de")).links == ['https://example.org/"><b>']


def test_passages_html():
    assert passages_html(replace(ANSWER, hits=ANSWER.hits[:2]), "de") == (
        "Weitere Stellen:\n\n1. Der Bau beginnt im Mai.\n" + SOURCE_HTML
    )
    assert passages_html(replace(ANSWER, hits=ANSWER.hits[:1]), "de") == "Weitere Stellen gibt es nicht."
    assert passages_html(NO_ANSWER, "de").startswith("Am nächsten kommen diese Stellen:\n\n1. Die Brücke")


def test_long_passage_is_cut_around_the_quote():
    text = "vorher " * 2000 + "DAS ZITAT" + " nachher" * 2000
    start = text.index("DAS ZITAT")
    document = Document(text=text, title="Lang", id=1)
    long = Answer("?", "DAS ZITAT", 0.9, start, start + 9, document, Passage(text, 0, len(text), 0, 0))
    shown = Plain(to_html(long, "de"))
    assert shown.marked == "DAS ZITAT"
    assert TELEGRAM_LIMIT - 20 < width(shown.text) <= TELEGRAM_LIMIT
    assert shown.text.endswith(f"{shown.quoted}\nLang")
    before, _, after = shown.quoted.partition("DAS ZITAT")
    assert re.fullmatch(r"…(vorher )+", before)
    assert re.fullmatch(r"( nachher)+…", after)
    assert abs(len(before) - len(after)) < 30


def test_room_that_one_side_does_not_need_goes_to_the_other():
    text = "Kurz: DAS ZITAT" + " nachher" * 2000
    document = Document(text=text, title="Lang", id=1)
    long = Answer("?", "DAS ZITAT", 0.9, 6, 15, document, Passage(text, 0, len(text), 0, 0))
    shown = Plain(to_html(long, "de"))
    assert shown.quoted.startswith("Kurz: DAS ZITAT nachher")
    assert TELEGRAM_LIMIT - 20 < width(shown.text) <= TELEGRAM_LIMIT


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=60)


times = st.sampled_from([1, 40, 400])


@given(texts, texts.filter(str.strip), texts, texts, texts, times, times)
def test_telegram_messages_fit_and_are_well_formed(before, quote, after, title, source, often, quotes):
    document = Document(text=before * often + quote * quotes + after * often, title=title * often, source=source)
    start = len(before) * often
    end = start + len(quote) * quotes
    whole = Passage(document.text, 0, len(document.text), 0, 0)
    other = replace(whole, document_id=9)
    answer = Answer("?", quote * quotes, 0.9, start, end, document, whole, hits=(Hit(other, document, 1.0),) * 30)
    found = Alternative(answer.text, start, end, document, whole, 0.9, contradicts=True)
    answer = replace(answer, understood=(before * often)[:1000], alternatives=(found, found))
    message = to_html(answer, "de")
    assert width(Plain(message).text) <= TELEGRAM_LIMIT
    bold = Plain(message).marked
    shown = without_controls(quote * quotes)
    assert bold == shown or (bold.endswith("…") and shown.startswith(bold[:-1]))
    assert width(Plain(passages_html(answer, "de")).text) <= TELEGRAM_LIMIT


@pytest.mark.parametrize(
    ("limit", "start", "end"),
    [
        (99, "eins zwei drei", "eins zwei drei"),
        (14, "eins zwei drei", "eins zwei drei"),
        (13, "eins zwei…", "…zwei drei"),
        (10, "eins zwei…", "…zwei drei"),
        (9, "eins…", "…drei"),
        (4, "ein…", "…rei"),
        (1, "…", "…"),
    ],
)
def test_cut_at_words(limit, start, end):
    assert cut("eins zwei drei", limit) == start
    assert cut_left("eins zwei drei", limit) == end


@given(st.text(st.characters(codec="utf-8")), st.integers(1, 50))
def test_cut_fits_and_keeps_the_beginning(string, limit):
    short = cut(string, limit)
    assert width(short) <= limit
    assert short == string or (short.endswith("…") and string.startswith(short[:-1]))


def test_width_counts_as_telegram_does():
    assert [width(string) for string in ("", "ä", "€", "👍", html.unescape("&#x1F1E9;"))] == [0, 1, 1, 2, 2]


def test_cut_never_splits_a_character():
    assert cut("👍👍👍", 4) == "👍…"


COPIES = tuple(
    Document("", title=f"Titel {n}", source=source, published=published, url=url)
    for n, (source, published, url) in enumerate(
        [("dpa", "2024-05-17", "https://d.de/?a=1&b=2"), ("A & B", "", ""), ("", "2024-05-18", "javascript:x")]
    )
)


def test_copies_are_named_under_the_answer():
    answer = replace(ANSWER, copies=COPIES)
    assert (
        str(to_text(answer, "de")).count(
            "auch in: dpa (17. Mai 2024) https://d.de/?a=1&b=2, A & B, Titel 2 (18. Mai 2024) javascript:x\n"
        )
        == 1
    )
    plain = Plain(to_html(answer, "en"))
    assert plain.text.endswith("\nalso in: dpa (17 May 2024), A & B, Titel 2 (18 May 2024)")
    assert plain.links[-1] == "https://d.de/?a=1&b=2"
    assert [entry["source"] for entry in to_json(answer)["answer"]["also_in"]] == ["dpa", "A & B", ""]


def test_many_copies_are_cut_to_a_few():
    answer = replace(ANSWER, copies=COPIES * 40)
    assert str(to_text(answer, "de")).count("dpa (") == 2
    assert Plain(to_html(answer, "de")).text.endswith("dpa (17. Mai 2024), A & B, …")


@pytest.mark.parametrize("length", [10, 5000])
def test_an_answer_with_copies_fits_one_message(length):
    text = "Wort " * length + "Ende"
    passage = Passage(text, 0, len(text), 0, 0)
    copies = tuple(replace(copy, source="Q<" * 3000, url="https://x.de/" + "y" * 1900) for copy in COPIES * 3)
    answer = replace(
        ANSWER, text="Ende", start=len(text) - 4, end=len(text), passage=passage, copies=copies,
        document=replace(ANSWER.document, text=text),
    )  # fmt: skip
    plain = Plain(to_html(answer, "de"))
    assert len(plain.text.encode("utf-16-le")) // 2 <= 4096
    assert plain.marked == "Ende"
    assert len(plain.links) == 6
