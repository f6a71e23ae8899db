"""All answers to a question: what is found in four stories over a year, and how it is merged and ordered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from retrieval.answer import Span
from retrieval.answering.all_answers import AllAnswers, merge
from retrieval.answering.alternatives import Candidate
from retrieval.answering.answerer import BATCH
from retrieval.answering.evidence import Evidence
from retrieval.answering.same_quotes import say_the_same
from retrieval.collection import Collection
from retrieval.types import Document, Filter, Hit, Passage
from tests.conftest import ROOT
from tests.doubles import HashEmbedder

STORIES = ROOT / "tests" / "data" / "developing_stories.jsonl"
#: By question: each value that is to be found, and the date of its first mention.
VALUES = json.loads((ROOT / "tests" / "data" / "developing_stories.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    """The thirty reports, and the embedded models."""
    with Collection(tmp_path_factory.mktemp("stories")) as collection:
        reports = [json.loads(line) for line in STORIES.read_text("utf-8").splitlines()]
        documents = [Document(**report, path=f"/reports/{number}") for number, report in enumerate(reports)]
        assert len(collection.indexer.index_documents(documents).articles) == 30
        yield collection


def test_each_value_of_a_story_is_found_with_its_date(stories: Collection) -> None:
    right = found = 0
    for question, values in VALUES.items():
        answers = stories.ask_all(question)
        found += len(answers.findings)
        for finding in answers.by_date():
            day = finding.first.document.published
            right += any(when == day and say_the_same(value, finding.first.text) for value, when in values)
    f1 = 2 * right / (found + sum(map(len, VALUES.values())))
    assert f1 >= 0.8


def test_what_is_found_is_quoted_and_ordered(stories: Collection) -> None:
    answers = stories.ask_all("Wie viele Menschen mussten in Brennholt ihre Häuser verlassen?")
    for finding in answers.findings:
        for mention in finding.mentions:
            assert mention.document.text[mention.start : mention.end] == mention.text
    assert [f.confidence for f in answers.findings] == sorted((f.confidence for f in answers.findings), reverse=True)
    days = [finding.first.document.published for finding in answers.by_date()]
    assert days == sorted(days)
    assert answers.differ


def test_only_the_articles_of_the_filter_are_read(stories: Collection) -> None:
    answers = stories.ask_all(
        "Wie viele Feuerwehrleute sind am Horstberg im Einsatz?", within=Filter(since="2024-07-21")
    )
    assert {finding.first.document.published for finding in answers.findings} == {"2024-07-21"}


def test_small_talk_and_what_no_article_says_have_no_findings(stories: Collection) -> None:
    for question in ("Hallo!", "Wer komponierte die Oper über den Mond?"):
        assert stories.ask_all(question) == AllAnswers(question, elapsed_ms=pytest.approx(0, abs=60_000))


def candidate(quote: str, published: str, logit: float, article: int, copies: Sequence[Document] = ()) -> Candidate:
    text = f"Es waren {quote}."
    start = text.index(quote)
    document = Document(text, published=published, id=article)
    hit = Hit(Passage(text, 0, len(text), 0, 0, document_id=article), document, 1.0, copies=tuple(copies))
    return Candidate(Span(quote, start, start + len(quote), score=0.0), hit, Evidence(0.0), logit)


def test_equal_values_are_one_finding_with_its_oldest_mention_first() -> None:
    copy = Document("Es waren 500 Mio. Euro.", published="2024-04-01", id=9)
    findings = merge(
        [
            candidate("0,5 Milliarden Euro", "2024-05-01", 2.0, 1),
            candidate("600 Mio. Euro", "2024-06-01", 1.5, 2),
            candidate("500 Mio. Euro", "2024-03-01", 1.0, 3, [copy]),
            candidate("500 Millionen Euro", "", 0.5, 4),
        ]
    )
    assert [[mention.text for mention in finding.mentions] for finding in findings] == [
        ["500 Mio. Euro", "0,5 Milliarden Euro", "500 Millionen Euro"],
        ["600 Mio. Euro"],
    ]
    assert [other.id for other in findings[0].others] == [9, 1, 4]
    assert findings[0].confidence == max(mention.confidence for mention in findings[0].mentions)


def test_undated_findings_come_last() -> None:
    findings = merge([candidate("drei Tage", "", 2.0, 1), candidate("vier Tage", "2024-01-01", 1.0, 2)])
    answers = AllAnswers("Wie lange?", findings)
    assert [finding.first.text for finding in answers.findings] == ["drei Tage", "vier Tage"]
    assert [finding.first.text for finding in answers.by_date()] == ["vier Tage", "drei Tage"]
    light = answers.without_texts()
    assert [finding.first.document.text for finding in light.findings] == ["", ""]


class CountingReader:
    """Reads nothing out of any passage, and keeps how many it was given."""

    signature = "counting"

    def __init__(self) -> None:
        self.passages = 0

    def load(self) -> None:
        """There is nothing to load."""

    def read(self, question: str, passages: Sequence[str]) -> tuple[Span | None, ...]:
        self.passages += len(passages)
        return tuple(Span(passage[:3], 0, 3, score=0.0, null_score=20.0) for passage in passages)


def test_reading_stops_where_no_answer_is_near(tmp_path: Path) -> None:
    reader = CountingReader()
    with Collection(tmp_path, embedder=HashEmbedder(), reader=reader) as collection:
        for number in range(30):
            collection.add_document(Document(f"Der Turm hat Fenster im Stockwerk {number}.", path=f"/{number}.txt"))
        assert collection.ask_all("Wie viele Fenster hat der Turm?").findings == ()
    assert reader.passages == BATCH
