from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.answering.answerer import Answerer
from retrieval.answering.calibration import Calibration
from retrieval.answering.questions import MAX_QUESTION_CHARS, checked_question
from retrieval.errors import QuestionError
from retrieval.search.keyword_index import KeywordIndex
from retrieval.search.search import Search
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.store.store import Store
from tests.collection import BREST, PERM, put
from tests.doubles import HashEmbedder, ScriptedReader

WHO = "Wer ist Gouverneur der Region Perm?"


@pytest.fixture
def search(tmp_path: Path) -> Iterator[Search]:
    with Store(tmp_path) as store:
        put(store, PERM, "perm.txt")
        put(store, BREST, "brest.txt")
        yield Search(store, HashEmbedder(), FaissVectorIndex(store), KeywordIndex(store))


def test_an_answer_is_a_quote_with_its_place(search: Search) -> None:
    answer = Answerer(search, ScriptedReader({WHO: "Dmitri Machonin"})).ask(WHO)
    assert answer.text == "Dmitri Machonin"
    assert answer.document is not None and answer.passage is not None
    assert answer.document.path == "perm.txt"
    assert answer.document.text[answer.start : answer.end] == "Dmitri Machonin"
    assert answer.passage.start <= (answer.start or 0) < (answer.end or 0) <= answer.passage.end
    assert answer.confidence > 0.9
    assert answer.elapsed_ms > 0


def test_what_the_articles_do_not_say_is_no_answer_with_the_nearest_passages(search: Search) -> None:
    answer = Answerer(search, ScriptedReader({})).ask("Wie hoch ist die Arbeitslosenquote in Minsk?")
    assert (answer.text, answer.start, answer.end, answer.document) == (None, None, None, None)
    assert answer.confidence < 0.1
    assert answer.best is not None
    assert "Minsk" in answer.hits[0].passage.text


def test_the_threshold_decides(search: Search) -> None:
    reader = ScriptedReader({WHO: "Dmitri Machonin"}, margin=0.0)
    even = Calibration(bias=0.0, margin=1.0, behind=0.0, threshold=0.5)
    assert Answerer(search, reader, even).ask(WHO).text == "Dmitri Machonin"
    assert Answerer(search, reader, even, threshold=0.51).ask(WHO).text is None
    assert Answerer(search, reader, even, threshold=0.0).ask("Warum?").text is not None


def test_passages_that_say_the_same_speak_for_each_other(search: Search) -> None:
    answerer = Answerer(search, ScriptedReader({"Wann war er in Minsk?": "am 17. Mai"}))
    candidates = answerer.candidates("Wann war er in Minsk?", search.search("Wann war er in Minsk?"))
    quoting = [candidate for candidate in candidates if candidate.span.text == "am 17. Mai"]
    assert len(quoting) == 2  # the sentence stands in two overlapping passages
    assert {candidate.evidence.agreeing for candidate in quoting} == {1}
    assert {candidate.evidence.behind for candidate in candidates} & {0.0}
    assert all(candidate.evidence.behind <= 0 for candidate in candidates)


def test_what_the_reader_believes_in_comes_first(search: Search) -> None:
    found = search.search(WHO, limit=5)
    assert "Messe" not in found[0].passage.text
    answer = Answerer(search, ScriptedReader({WHO: "Messe"}, margin=50.0)).answer(WHO, found)
    assert "Messe" in answer.hits[0].passage.text
    assert set(answer.hits) == set(found)


def test_top_k_passages_are_read_and_shown(search: Search) -> None:
    answer = Answerer(search, ScriptedReader({})).ask("Minsk Perm Messe", top_k=2)
    assert len(answer.hits) == 2


@pytest.mark.parametrize("question", ["", "   ", "\n\t"])
def test_an_empty_question_is_refused(question: str) -> None:
    with pytest.raises(QuestionError, match="leer"):
        checked_question(question)


def test_a_long_question_is_refused_with_its_length() -> None:
    with pytest.raises(QuestionError, match="10000"):
        checked_question("x" * 10_000)
    assert checked_question("x" * MAX_QUESTION_CHARS) == "x" * MAX_QUESTION_CHARS


def test_space_in_a_question_is_tidied() -> None:
    assert checked_question("  Wer\n war  es? ") == "Wer war es?"


def test_an_empty_collection_has_no_answer(tmp_path: Path) -> None:
    with Store(tmp_path / "empty") as store:
        search = Search(store, HashEmbedder(), FaissVectorIndex(store), KeywordIndex(store))
        answer = Answerer(search, ScriptedReader({})).ask(WHO)
    assert (answer.text, answer.confidence, answer.hits, answer.best) == (None, 0.0, (), None)
