"""The embedded models end to end on the sample articles: what a newcomer gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import load_settings
from bot.wiring import open_collection
from retrieval.answer import Answer
from retrieval.collection import Collection
from retrieval.evaluation.metrics import f1
from retrieval.evaluation.squad import EvaluationSet, read_evaluation
from retrieval.index_report import IndexOutcome
from tests.conftest import ROOT

BELTA = "Belarus und Region Perm wollen vom Handel zur Kooperation übergehen"
QUESTIONS = ROOT / "tests" / "data" / "seeds.json"


NEWCOMERS = {
    "Wie viele Firmen gehörten zur Bremer Delegation?": "23",
    "Was kostete die Reise nach Kigali?": "186.000 Euro",
    "Wie viele Tonnen Ware fehlen für eine Frachtflugverbindung?": "40 Tonnen",
    "When had the Bremen delegation set off?": "8. März",
    "Woher stammen die Lehrpläne für die Elektriker?": "Handwerkskammer Bremen",
    "Wie alt ist der Töpferofen von Regensburg?": "1.840 Jahre",
    "Welche Universität untersucht die Holzkohle?": "Universität Bamberg",
    "Wie lange war das Hallenbad in Fulda geschlossen?": "31 Monate",
    "Was zahlen Erwachsene im Fuldaer Hallenbad?": "5,80 Euro",
    "Wie warm ist das Wasser im Lehrschwimmbecken?": "32 Grad",
    "Who is the coach of the divers in Fulda?": "Jens Kömpel",
    "Wann beginnen die kostenlosen Kurse in Fulda?": "15. Juli",
    "Wie viele Menschen mussten in Hanau ihre Wohnungen verlassen?": "6.300",
    "How much did the operation in Hanau cost?": "210.000 Euro",
    "Wie tief lag der Blindgänger in Hanau?": "1,80 Meter",
    "Wie viele Züge fielen in Hanau aus?": "neun",
    "Wer ist Bürgermeister von Oranienburg?": "Henrik Lösche",
    "Wie viele Unterschriften sammelte der Förderverein in Goslar?": "11.400",
    "Was kostet eine Tageskarte in der Harzwelle?": "7,20 Euro",
    "Wie lang ist die Rutsche in Goslar?": "94 Meter",
    "What caused the fire in Goslar?": "schadhaftes Kabel",
    "Was soll eine Semmel im Sommer kosten?": "48 Cent",
    "Until when does the wage agreement run?": "31. März 2027",
    "Wie hoch wird das höchste Holzhaus in Erfurt?": "36 Meter",
    "Wie viele Wohnungen entstehen in Erfurt?": "212",
    "Welches Gericht wies die Klage gegen das Holzhaus ab?": "Verwaltungsgericht Weimar",
    "Wer ist der Architekt der Holzhäuser?": "Yannick Thielemann",
    "Wer leitete die Reise der Saarländer nach Usbekistan?": "Tobias Feldges",
    "Wie viel kostet das Werk für Isolatoren?": "19,5 Mio. Euro",
    "Where did the plane land because of fog?": "Samarkand",
    "Bis wann ist die usbekische Eisenbahn gebunden?": "2029",
}
OFF_TOPIC = (
    "What is the capital of Peru?",
    "Wer hat die Bombe in Bautzen entschärft?",
    "Wie heißt der Papst?",
    "Wer ist Bundeskanzler?",
    "What is the capital of Canada?",
    "Wer gewann die Fußball-Weltmeisterschaft 2014?",
    "Wie viele Einwohner hat Hanau?",
    "Wann wurde der Eiffelturm gebaut?",
    "Wie heißt der Bürgermeister von Goslars Partnerstadt?",
    "Who painted the Mona Lisa?",
    "Wie backt man Brot?",
)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    settings = load_settings(home=tmp_path_factory.mktemp("seeds"))
    with open_collection(settings, lambda notice: None) as collection:
        report = collection.indexer.index([ROOT / "seeds"])
        assert report.count(IndexOutcome.ADDED) == len(list((ROOT / "seeds").iterdir()))
        yield collection


@pytest.fixture(scope="module")
def data() -> EvaluationSet:
    return read_evaluation(QUESTIONS)


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("Welches Handelsvolumen wird mittelfristig angestrebt?", "0,5 Milliarden Dollar"),
        ("what trade target was named?", "0,5 Milliarden Dollar"),
        ("Wer ist Gouverneur der Region Perm?", "Dmitri Machonin"),
        ("Who is the governor of the Perm region?", "Dmitri Machonin"),
        ("Auf welchem Platz steht Belarus bei den Exportpartnern?", "10"),
        ("Which ministry is responsible for the cooperation in forestry?", "Ministerium für Forstwirtschaft"),
    ],
)
def test_answers_from_the_right_article(collection: Collection, question: str, quote: str) -> None:
    answer = collection.answerer.ask(question)
    assert answer.text is not None
    assert quote in answer.text
    assert len(answer.text) <= len(quote) + 90  # at most a clause around it
    assert answer.document is not None
    assert answer.document.title == BELTA


@pytest.mark.parametrize("question", NEWCOMERS)
def test_what_a_newcomer_asks(collection: Collection, question: str) -> None:
    answer = collection.answerer.ask(question)
    assert answer.text is not None and NEWCOMERS[question] in answer.text
    assert_quoted(answer)


@pytest.mark.parametrize("question", OFF_TOPIC)
def test_off_topic_questions_get_no_answer(collection: Collection, question: str) -> None:
    assert collection.answerer.ask(question).text is None


@pytest.mark.parametrize("question", ["Wie hoch ist die Arbeitslosenquote in Minsk?"])
def test_invents_nothing(collection: Collection, question: str) -> None:
    answer = collection.answerer.ask(question)
    assert answer.text is None
    assert answer.hits


@pytest.mark.parametrize(("field", "share"), [("question", 0.7), ("question_en", 0.6)])
def test_most_questions_on_the_seeds_are_answered_rightly(collection: Collection, field: str, share: float) -> None:
    data = read_evaluation(QUESTIONS, field=field)
    answers = {q.id: collection.answerer.ask(q.question) for q in data.questions}
    right = [f1(answers[q.id].best or "", q.answers) >= 50 for q in data.questions if q.answers]
    assert sum(right) / len(right) >= share
    for answer in answers.values():
        assert_quoted(answer)


def assert_quoted(answer: Answer) -> None:
    """An answer is a quote or it is not shown."""
    if answer.text is None:
        return
    assert answer.document is not None and answer.passage is not None
    assert answer.start is not None and answer.end is not None
    assert answer.document.text[answer.start : answer.end] == answer.text
    assert answer.passage.start <= answer.start < answer.end <= answer.passage.end
    file = Path(answer.document.path)
    if file.suffix == ".txt":
        assert answer.text in file.read_text(encoding="utf-8")


def test_contexts_of_the_questions_are_the_articles(collection: Collection, data: EvaluationSet) -> None:
    texts = {document.text for document in collection.store.documents()}
    assert {document.text for document in data.documents} <= texts
