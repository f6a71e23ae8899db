"""What a quote grows to where a question asks for several things: enumerations in sentences, lists, columns."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.answering.table_columns import column
from retrieval.language.enumerations import enumeration
from retrieval.language.listed_lines import listed_lines
from retrieval.language.plural_questions import asks_for_several
from retrieval.language.sentences import SentenceSplitter
from tests.conftest import ROOT
from tests.enumerations import Case, Place, cases

SPLITTER = SentenceSplitter()
QUESTIONS = [
    (line[2:], line[0] == "+")
    for line in (ROOT / "tests" / "data" / "plural_questions.txt").read_text("utf-8").splitlines()
    if line[0] in "+-"
]


def sentence_of(case: Case) -> Place:
    start, end = case.quote
    inside = [found for found in SPLITTER.split(case.text) if found.start < end and start < found.end]
    return inside[0].start, inside[-1].end


@pytest.mark.parametrize("case", cases("enumerations.txt"), ids=lambda case: case.text)
def test_a_quote_grows_to_its_enumeration(case: Case) -> None:
    assert len(case.items) > 1
    found = enumeration(case.text, *case.quote, sentence_of(case))
    assert [case.text[start:end] for start, end in found] == [case.text[start:end] for start, end in case.items]
    assert found == case.items


@pytest.mark.parametrize("case", cases("no_enumerations.txt"), ids=lambda case: case.text)
def test_where_there_is_no_enumeration_a_quote_stays(case: Case) -> None:
    assert enumeration(case.text, *case.quote, sentence_of(case)) == ()


def test_there_are_enough_of_both() -> None:
    assert min(len(cases("enumerations.txt")), len(cases("no_enumerations.txt"))) >= 60


@pytest.mark.parametrize(("question", "several"), QUESTIONS)
def test_what_asks_for_several_things(question: str, several: bool) -> None:
    assert asks_for_several(question) is several


WORDS = st.sampled_from(
    ["Goslar", "Hanau", "und", ",", ";", "(", ")", "„", "“", '"', "die", "in", "4,20", "3.", "Nord-", "sperrte", "rote",
     "|", ":", "–", "\n", ".", "oder", "sowie", "andere", "of", "𝔛", "e\u0301", "'"]
)  # fmt: skip


@given(st.lists(WORDS, min_size=1, max_size=30), st.data())
@settings(max_examples=100, deadline=None)
def test_whatever_a_text_is_items_are_parts_of_it_in_order(words: list[str], data: st.DataObject) -> None:
    text = " ".join(words)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    found = enumeration(text, start, end, (0, len(text)))
    assert all(first < last for first, last in found)
    assert all(one[1] <= other[0] for one, other in pairwise(found))
    if found:
        assert len(found) > 1
        assert found[0][0] <= start
        assert end <= found[-1][1]
        assert "\n" not in text[found[0][0] : found[-1][1]]
    listed_lines(text, start, end)
    column("Welche Orte?", text, start, end)


def test_a_long_text_is_read_in_time() -> None:
    for part in ("Goslar, ", "der Rat ", "(", "„a", "A der ", "a, ", "und "):
        for times in (3900 // len(part), 20_000):
            text = part * times + "Celle und Hanau"
            assert enumeration(text, 0, 1, (0, len(text))) == ()
    assert listed_lines("a\n" * 50_000, 0, 1) == ()
    assert column("Welche Orte?", "Ort: a | Zahl: 3\n" * 20_000, 5, 6) == ()


LIST = (
    "Betroffen sind diese Orte:\n{0}Goslar\n{0}Hanau und Umgebung,\n{0}Celle.\nDie Polizei bittet, sie alle zu meiden."
)


@pytest.mark.parametrize("marker", ["", "- ", "• ", "* ", "1. ", "a) "])
@pytest.mark.parametrize("quote", ["Goslar", "Hanau", "Celle"])
def test_lines_of_a_list(marker: str, quote: str) -> None:
    text = LIST.format(marker)
    start = text.index(quote)
    found = [text[first:last] for first, last in listed_lines(text, start, start + len(quote))]
    assert found == ["Goslar", "Hanau und Umgebung", "Celle"]


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Es regnet.\nGoslar\nHanau\nEs schneit.", "Goslar"),  # nothing says that it is a list
        ("Orte:\nGoslar\nDie Polizei bittet alle, den Ort zu meiden.", "Goslar"),
        ("Orte:\nDie Polizei nannte Goslar\nHanau", "Goslar"),  # not the line's beginning
        ("Orte:\nGoslar | 5\nHanau | 6", "Goslar"),
        ("Orte:\n" + "Wort " * 40 + "\nHanau\nCelle", "Wort"),
    ],
)
def test_lines_that_are_no_list(text: str, quote: str) -> None:
    start = text.index(quote)
    assert listed_lines(text, start, start + len(quote)) == ()


TABLE = (
    "Bäder im Kreis\nOrt | Preis | Region\nGoslar | Preis: 8 Euro | Region: Harz\n"
    "Hanau | Preis: 9 Euro | Region: Main\nThale | Preis: 7 Euro | Region: Harz\nEnde."
)


@pytest.mark.parametrize(
    ("question", "quote", "items"),
    [
        ("Welche Orte haben ein Bad?", "Goslar", ["Goslar", "Hanau", "Thale"]),
        ("Welche Orte liegen im Harz?", "Thale", ["Goslar", "Thale"]),
        ("Welche Preise gibt es?", "9 Euro", ["8 Euro", "9 Euro", "7 Euro"]),
        ("Welche Betreiber gibt es?", "Goslar", []),
        ("Welche Orte liegen im Harz?", "Hanau", []),
        ("Welche Orte gibt es?", "Ende", []),
    ],
)
def test_the_column_that_a_question_names(question: str, quote: str, items: list[str]) -> None:
    start = TABLE.index(quote)
    found = column(question, TABLE, start, start + len(quote))
    assert [TABLE[first:last] for first, last in found] == items
