import json
from pathlib import Path

import pytest

from retrieval.answering.calibration import Calibration
from retrieval.errors import EvaluationError
from retrieval.evaluation.runs import evaluate_open, evaluate_reader, risk_curve, summarise
from retrieval.evaluation.squad import read_evaluation
from retrieval.types import Filter
from tests.collection import BREST, PERM
from tests.doubles import HashEmbedder, ScriptedReader

WHO, WHERE, WHY = "Wer ist Gouverneur der Region Perm?", "Wo beginnt die Messe?", "Warum regnet es in Brest?"
CALIBRATION = Calibration(bias=0.0, margin=1.0, behind=0.0, threshold=0.5)


def squad(**more: object) -> dict[str, object]:
    def qa(key: str, question: str, *answers: str) -> dict[str, object]:
        listed = [{"text": answer, "answer_start": 0} for answer in answers]
        return {"id": key, "question": question, "question_en": f"en {key}", "answers": listed, **more}

    paragraphs = [
        {"context": PERM, "qas": [qa("1", WHO, "Dmitri Machonin", "Machonin")]},
        {"context": BREST, "qas": [qa("2", WHERE, "in Brest"), qa("3", WHY)]},
    ]
    return {"data": [{"title": "Two_articles", "paragraphs": paragraphs}]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "set.json"
    path.write_text(json.dumps(squad()), encoding="utf-8")
    return path


READER = ScriptedReader({WHO: "Machonin", WHERE: "Brest"})


def test_reads_contexts_questions_and_answers(file: Path) -> None:
    data = read_evaluation(file)
    assert [document.text for document in data.documents] == [PERM, BREST]
    assert data.documents[0].title == "Two articles"
    assert [(q.id, q.question, q.answers, q.context) for q in data.questions] == [
        ("1", WHO, ("Dmitri Machonin", "Machonin"), 0),
        ("2", WHERE, ("in Brest",), 1),
        ("3", WHY, (), 1),
    ]


def test_questions_from_another_key_and_another_file(file: Path, tmp_path: Path) -> None:
    assert [q.question for q in read_evaluation(file, field="question_en").questions] == ["en 1", "en 2", "en 3"]
    other = tmp_path / "other.json"
    other.write_text(json.dumps(squad(question="what?")), encoding="utf-8")
    assert {q.question for q in read_evaluation(file, questions_from=other).questions} == {"what?"}


def test_reader_mode(file: Path) -> None:
    outcomes = evaluate_reader(read_evaluation(file), READER, CALIBRATION, 0.5)
    figures = summarise(outcomes)
    assert (figures.pop("auroc"), figures.pop("coverage_at_90_precision")) == (1.0, pytest.approx(200 / 3, abs=0.01))
    assert figures.pop("ece") == pytest.approx(0.0, abs=1e-4)
    assert figures == {
        "n": 3,
        "best_em": 50.0,
        "best_f1": pytest.approx((100 + 200 / 3) / 2, abs=0.01),
        "em": pytest.approx(200 / 3, abs=0.01),
        "f1": pytest.approx((100 + 200 / 3 + 100) / 3, abs=0.01),
        "answered_share": 100.0,
        "no_answer_accuracy": 100.0,
        "silence_at_75_answered": 100.0,
    }
    assert risk_curve(outcomes)[-1] == (100.0, pytest.approx(100 / 3, abs=0.01))


def test_open_mode_finds_the_context(file: Path) -> None:
    figures = summarise(evaluate_open(read_evaluation(file), HashEmbedder(), READER, CALIBRATION, 0.5))
    assert (figures["mrr10"], figures["hit1"], figures["hit5"]) == (1.0, 100.0, 100.0)
    assert figures["best_em"] == 50.0
    assert figures["no_answer_accuracy"] == 100.0


def test_open_mode_finds_a_context_that_a_collection_keeps_without_its_invisible_characters(tmp_path: Path) -> None:
    content = squad()
    content["data"][0]["paragraphs"][0]["context"] = f"\ufeff{PERM}"  # type: ignore[index]
    path = tmp_path / "set.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    figures = summarise(evaluate_open(read_evaluation(path), HashEmbedder(), READER, CALIBRATION, 0.5))
    assert (figures["mrr10"], figures["best_em"]) == (1.0, 50.0)


def test_open_mode_in_some_of_the_articles(tmp_path: Path) -> None:
    perm, brest = squad()["data"][0]["paragraphs"]  # type: ignore[index]
    articles = [
        {"title": "Perm", "source": "BelTA", "paragraphs": [perm]},
        {"title": "Brest", "source": "dpa", "paragraphs": [brest]},
    ]
    path = tmp_path / "sources.json"
    path.write_text(json.dumps({"data": articles}), encoding="utf-8")
    data = read_evaluation(path)
    outcomes = evaluate_open(data, HashEmbedder(), READER, CALIBRATION, 0.5, within=Filter(source="belta"))
    assert [outcome.ranked for outcome in outcomes] == [(0,)] * 3
    assert [outcome.reciprocal_rank for outcome in outcomes] == [1.0, 0.0, 0.0]


def test_a_high_threshold_answers_nothing(file: Path) -> None:
    figures = summarise(evaluate_reader(read_evaluation(file), READER, CALIBRATION, 1.0))
    assert (figures["answered_share"], figures["no_answer_accuracy"]) == (0.0, 100.0)
    assert figures["best_em"] == 50.0


@pytest.mark.parametrize("content", ["", "[1]", '{"data": 3}', '{"data": [{}]}', '{"data": [3]}', '{"data": []}'])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"wrong\.json"):
        read_evaluation(path)


def test_a_question_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(squad(question=3)), encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"wrong\.json .*question \(id 1\)"):
        read_evaluation(path)


def test_a_missing_file_and_missing_questions_are_named(file: Path, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="gone"):
        read_evaluation(tmp_path / "gone.json")
    other = tmp_path / "other.json"
    other.write_text('{"data": []}', encoding="utf-8")
    with pytest.raises(EvaluationError):
        read_evaluation(file, questions_from=other)
