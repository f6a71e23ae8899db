"""Lists as answers: what ``ask`` and ``ask_all`` make of them, and how they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.access.values import answer_value
from bot.http.pages import question_page
from bot.render.json import to_json
from bot.render.telegram import to_html
from bot.render.terminal import to_text
from retrieval.answer import Answer
from retrieval.answering.calibration import Calibrations
from retrieval.collection import Collection
from retrieval.types import Document
from tests.doubles import HashEmbedder, PatternReader

SENTENCE = "Vom Hochwasser betroffen sind Goslar, Hanau und Celle, teilte der Kreis mit."
LINES = "Betroffen vom Hochwasser sind die Gemeinden:\nGoslar\nHanau am Main\nCelle"
SEVERAL, ONE = "Welche Orte sind vom Hochwasser betroffen?", "Welcher Ort ist vom Hochwasser betroffen?"


@pytest.fixture(autouse=True)
def sure(monkeypatch: pytest.MonkeyPatch) -> None:
    """No calibration of a model's own."""
    monkeypatch.setattr(Collection, "calibrations", Calibrations())


@pytest.fixture
def articles(tmp_path: Path) -> Iterator[Collection]:
    """A collection whose reader finds "Hanau"."""
    with Collection(tmp_path, embedder=HashEmbedder(), reader=PatternReader("Hanau")) as collection:
        yield collection


def items(answer: Answer) -> list[str]:
    assert answer.document is not None
    for item in answer.items:
        assert answer.document.text[item.start : item.end].encode() == item.text.encode()
    return [item.text for item in answer.items]


def test_the_quote_grows_over_the_sentences_enumeration(articles: Collection) -> None:
    articles.add_document(Document(f"Es regnet. {SENTENCE} Es taut.", path="/a.txt"))
    answer = articles.ask(SEVERAL)
    assert answer.text == "Goslar, Hanau und Celle"
    assert answer.document is not None
    assert answer.document.text[answer.start : answer.end] == answer.text
    assert items(answer) == ["Goslar", "Hanau", "Celle"]
    assert [item["text"] for item in to_json(answer)["answer"]["items"]] == ["Goslar", "Hanau", "Celle"]
    assert "Die ganze Liste" not in to_text(answer, "de").plain


def test_to_who_asks_for_one_thing_it_stays(articles: Collection) -> None:
    articles.add_document(Document(SENTENCE, path="/a.txt"))
    answer = articles.ask(ONE)
    assert (answer.text, items(answer)) == ("Hanau", [])


def test_lines_of_a_list_are_shown_below_the_source(articles: Collection) -> None:
    articles.add_document(Document(LINES, path="/a.txt", title="Pegel"))
    answer = articles.ask(SEVERAL)
    assert answer.text == "Hanau"
    assert items(answer) == ["Goslar", "Hanau am Main", "Celle"]
    listed = "Die ganze Liste:\n• Goslar\n• Hanau am Main\n• Celle"
    assert listed in to_text(answer, "de").plain
    assert listed in to_html(answer, "de")
    page = question_page("de", 1, None, answer)
    assert all(f'<p class="line">{line}</p>' in page for line in listed.splitlines())
    value = answer_value(answer, "de", articles.sentence_of)
    assert [item.text for item in value.items] == items(answer)


def test_a_cell_holds_an_enumeration_of_its_own(articles: Collection) -> None:
    articles.add_document(Document("Pegel | Orte: Goslar, Hanau und Celle | Zahl: 3", path="/a.txt"))
    assert articles.ask(SEVERAL).text == "Goslar, Hanau und Celle"


def test_all_answers_have_each_item_once(articles: Collection) -> None:
    articles.add_document(Document(SENTENCE, published="2024-05-02", path="/a.txt"))
    articles.add_document(Document("Vom Hochwasser betroffen ist nur Hanau.", published="2024-05-01", path="/b.txt"))
    answers = articles.ask_all(SEVERAL)
    found = {finding.first.text: len(finding.mentions) for finding in answers.findings}
    assert found == {"Goslar": 1, "Hanau": 2, "Celle": 1}
    assert not answers.differ
    for finding in answers.findings:
        for mention in finding.mentions:
            assert mention.document.text[mention.start : mention.end] == mention.text
    assert {finding.first.text for finding in articles.ask_all(ONE).findings} == {"Hanau"}
