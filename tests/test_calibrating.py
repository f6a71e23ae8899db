"""Fitting a calibration: on made up scores, and through the whole pipeline with doubles for the models."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.answer import Span
from retrieval.answering.calibration import Calibration, Calibrations, sigmoid
from retrieval.answering.evidence import Evidence
from retrieval.errors import EvaluationError
from retrieval.evaluation.fitting import ANSWERED, FEWEST, best_threshold, calibrate, fit, logistic
from retrieval.evaluation.runs import evaluate_open, evaluate_reader, summarise
from retrieval.evaluation.squad import EvaluationQuestion, EvaluationSet
from retrieval.types import Document
from tests.doubles import HashEmbedder, ScriptedReader
from tests.notices import said
from training import calibrate as stage
from training.check_questions import OffTopic
from training.corpora import Example

PLACES = ["Aalen", "Bonn", "Celle", "Dessau", "Emden", "Fulda", "Gera", "Halle", "Ilmenau", "Jena", "Kassel", "Lindau"]


def question(place: str) -> str:
    return f"Wer leitet das Museum in {place}?"


def context(place: str) -> str:
    return f"Das Museum in {place} zeigt alte Uhren. Es wird von Frau {place[::-1].title()} geleitet und ist neu."


def director(place: str) -> str:
    return f"Frau {place[::-1].title()}"


def collection() -> EvaluationSet:
    """A text for each place, with a question that it answers and one that no text answers."""
    questions = []
    for number, place in enumerate(PLACES):
        questions.append(EvaluationQuestion(f"{number}a", question(place), (director(place),), number))
        questions.append(EvaluationQuestion(f"{number}b", f"Warum regnet es in {place}?", (), number))
    return EvaluationSet(tuple(Document(context(place), path=place) for place in PLACES), tuple(questions))


READER = ScriptedReader({question(place): director(place) for place in PLACES}, margin=3.0)


# logistic


def test_logistic_finds_the_weights_that_made_the_data() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(20_000, 2)) * [3.0, 1.0]
    chance = 1 / (1 + np.exp(-(0.5 + features @ [1.0, -2.0])))
    weights = logistic(features, (rng.random(20_000) < chance).astype(float))
    np.testing.assert_allclose(weights, [0.5, 1.0, -2.0], atol=0.1)


def newton(features: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same regression by Newton's method, written down."""
    x = np.column_stack([np.ones(len(features)), features])
    weights = np.zeros(x.shape[1])
    ridge = 1e-2 * np.eye(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-(x @ weights)))
        weights += np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]) + ridge, x.T @ (right - p) - ridge @ weights)
    return weights


@pytest.mark.parametrize("count", [24, 500])
@pytest.mark.parametrize("steepness", [0.3, 3.0, 100.0])
def test_logistic_gives_what_newtons_method_gives_and_the_same_again(count: int, steepness: float) -> None:
    rng = np.random.default_rng(count)
    features = np.column_stack([4 * rng.normal(size=count), rng.integers(0, 5, count), -rng.random(count) / 60])
    chance = 1 / (1 + np.exp(np.clip(-steepness * (features @ [1.0, 0.5, 20.0] - 2.0), -500, 500)))
    right = (rng.random(count) < chance).astype(float)
    weights = logistic(features, right)
    np.testing.assert_allclose(weights, newton(features, right), atol=1e-3)
    np.testing.assert_array_equal(weights, logistic(features, right))


@pytest.mark.parametrize("scale", [0.01, 1.0, 1000.0])
def test_logistic_of_kinds_that_never_mix_stays_finite(scale: float) -> None:
    margins = scale * np.array([[-2.0], [-1.0], [1.0], [2.0]])
    weights = logistic(margins, np.array([0.0, 0.0, 1.0, 1.0]))
    assert np.isfinite(weights).all()
    assert weights[1] > 0


def test_logistic_of_one_kind_alone_is_its_share() -> None:
    features = np.array([[1.0], [1.0], [1.0]])
    bias, slope = logistic(features, np.ones(3))
    assert sigmoid(bias + slope) > 0.95
    np.testing.assert_allclose([bias, slope], newton(features, np.ones(3)), atol=1e-3)


# threshold


def test_the_threshold_divides_right_from_wrong() -> None:
    confidence = np.array([0.9, 0.8, 0.7, 0.3, 0.2, 0.1])
    right = np.array([True, True, True, False, False, False])
    assert 0.3 < best_threshold(confidence, right, right) <= 0.7


def test_the_threshold_leaves_enough_answered() -> None:
    confidence = np.array([0.9] * 5 + [0.2] * 5 + [0.3] * 10)
    answerable = np.array([True] * 10 + [False] * 10)
    # Silence at 0.3 would be right for all of the last ten, but lose half of the answers.
    threshold = best_threshold(confidence, answerable, answerable)
    assert threshold <= 0.2
    assert (confidence >= threshold)[answerable].mean() >= ANSWERED


# fit


def noisy_rows(count: int) -> tuple[list[list[tuple[tuple[float], bool]]], np.ndarray]:
    """Margins whose log odds of being right are ``margin - 2``; most of the other questions have no answer."""
    rng = random.Random(3)
    rows, answerable = [], []
    for _ in range(count):
        margin = rng.gauss(2, 3)
        right = rng.random() < sigmoid(margin - 2)
        rows.append([((margin,), right)])
        answerable.append(right or rng.random() < 0.3)
    return rows, np.array(answerable)


def test_confidence_is_the_share_of_right_answers() -> None:
    rows, answerable = noisy_rows(4000)
    found = fit(rows, answerable, ("margin",))
    calibration = found.calibration
    confidence = np.array([sigmoid(calibration.bias + calibration.margin * margin) for (((margin,), _),) in rows])
    right = np.array([value for ((_, value),) in rows])
    assert confidence.mean() == pytest.approx(right.mean(), abs=0.01)
    sure = confidence > 0.6
    assert right[sure].mean() == pytest.approx(confidence[sure].mean(), abs=0.05)
    assert (calibration.agreeing, calibration.behind) == (0.0, 0.0)
    answered = confidence >= calibration.threshold
    assert found.questions == 4000
    assert found.answered == pytest.approx(answered[answerable].mean())
    assert found.silent == pytest.approx((~answered)[~answerable].mean())
    assert found.right <= found.answered


def test_usual_questions_alone_say_how_sure_is_sure() -> None:
    rows, answerable = noisy_rows(4000)
    harder = [[(values, right and number % 2 == 0)] for number, [(values, right)] in enumerate(rows)]
    by_all = fit([*rows, *harder], np.append(answerable, answerable), ("margin",))
    by_usual = fit([*rows, *harder], np.append(answerable, answerable), ("margin",), usual=rows)
    right = np.array([right for [(_, right)] in rows])

    def mean_confidence(calibration: Calibration) -> float:
        return float(np.mean([sigmoid(calibration.logit(Evidence(margin))) for [((margin,), _)] in rows]))

    assert mean_confidence(by_usual.calibration) == pytest.approx(right.mean(), abs=0.01)
    assert mean_confidence(by_all.calibration) < right.mean() - 0.05
    assert by_usual.answered == pytest.approx(by_all.answered, abs=0.02)  # the threshold moves with it


def test_the_best_candidate_is_the_one_that_counts() -> None:
    rows, answerable = [], []
    for number in range(20):
        right = number % 2 == 0
        rows.append([((0.0,), False), ((5.0 if right else 1.0,), right), ((-1.0,), False)])
        answerable.append(right)
    found = fit(rows, np.array(answerable), ("margin",))
    assert (found.answered, found.right, found.silent) == (1.0, 1.0, 1.0)


def test_a_question_without_candidates_is_never_answered() -> None:
    rows, answerable = noisy_rows(40)
    empty = [[] for _ in range(5)]
    found = fit([*rows, *empty], np.concatenate([answerable, np.ones(5, bool)]), ("margin",))
    assert found.answered < 1
    assert found.questions == 45


def test_nothing_found_at_all_is_said() -> None:
    with pytest.raises(EvaluationError) as caught:
        fit([[], []], np.array([True, False]), ("margin",))
    assert said(caught) == ("evaluation.no_span", {})


# calibrate


def test_calibrated_confidence_divides_answers_from_silence() -> None:
    data = collection()
    steps: list[tuple[int, int]] = []
    fits = calibrate(data, HashEmbedder(), READER, progress=lambda *step: steps.append(step))
    assert steps == [(done, 48) for done in range(1, 49)]
    calibrations = fits.calibrations
    # Without calibration, a margin of 3 is far from sure: a reader without "no answer" may mean little by it.
    for outcomes, fitted in (
        (evaluate_reader(data, READER, calibrations.given, calibrations.given.threshold), fits.given),
        (evaluate_open(data, HashEmbedder(), READER, calibrations.found, calibrations.found.threshold), fits.found),
    ):
        figures = summarise(outcomes)
        assert figures["answered_share"] == 100 * fitted.answered == 100.0
        assert figures["no_answer_accuracy"] == 100 * fitted.silent == 100.0
        assert figures["best_em"] == 100 * fitted.right == 100.0
        assert figures["ece"] < 0.1


def test_an_answer_in_another_text_is_not_the_right_one() -> None:
    """The same words elsewhere do not say what was asked: here the reader finds them in the wrong article."""
    places = ["Aalen", "Bonn"]
    documents = (
        *(Document(f"In {place} leitet Frau Meier das Museum.", path=place) for place in places),
        *(Document(f"Museum {number}: Auch hier sprach Frau Meier.", path=str(number)) for number in range(3)),
    )
    questions = [EvaluationQuestion(f"a{n}", f"Wer leitet {n}?", ("Frau Meier",), 2 + n % 3) for n in range(10)]
    questions += [EvaluationQuestion(f"b{n}", f"Warum {n}?", (), 0) for n in range(10)]
    reader = ScriptedReader({question.question: "In Aalen leitet Frau Meier" for question in questions[:10]})
    fits = calibrate(EvaluationSet(documents, tuple(questions)), HashEmbedder(), reader)
    assert fits.found.right == 0.0


@pytest.mark.parametrize(("answerable", "others"), [(9, 20), (20, 9), (20, 0)])
def test_too_few_questions_are_refused(answerable: int, others: int) -> None:
    questions = [EvaluationQuestion(f"a{n}", "Wer?", ("Frau",), 0) for n in range(answerable)]
    questions += [EvaluationQuestion(f"b{n}", "Warum?", (), 0) for n in range(others)]
    data = EvaluationSet((Document("Frau Meier kam."),), tuple(questions))
    with pytest.raises(EvaluationError) as caught:
        calibrate(data, HashEmbedder(), READER)
    values = {"fewest": FEWEST, "answerable": answerable, "unanswerable": others}
    assert said(caught) == ("evaluation.few", values)


# The training stage


def test_the_training_stage_asks_held_out_questions_in_both_languages_over_all_texts() -> None:
    held_out = [
        Example("Wer kam?", "Anna kam.", ((0, 4),), "in"),
        Example("Wer ging?", "Es regnete. Bert ging.", ((12, 16),), "out", "Who left?"),
        Example("Warum?", "Es regnete. Bert ging.", (), "out"),
    ]
    data = stage.held_out_set(held_out)
    assert [document.text for document in data.documents] == ["Anna kam.", "Es regnete. Bert ging."]
    assert [(q.question, q.answers, q.context) for q in data.questions] == [
        ("Wer kam?", ("Anna",), 0),
        ("Wer ging?", ("Bert",), 1),
        ("Warum?", (), 1),
        ("Who left?", ("Bert",), 1),
    ]


def test_the_training_stage_writes_the_calibration_beside_the_reader(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = [
        Example(question(place), context(place), ((at, at + len(director(place))),), place, f"Who runs {place}?", place)
        for place in PLACES
        for at in [context(place).index(director(place))]
    ]
    examples += [Example(f"Warum regnet es in {place}?", context(place), (), place, title=place) for place in PLACES]
    script = {example.question: director(example.article) for example in examples if example.answers}
    script |= {example.question_en: director(example.article) for example in examples if example.answers}
    named: Callable[[object], Callable[[str], object]] = lambda double: lambda name: double  # noqa: E731
    monkeypatch.setattr(stage, "held_out_questions", lambda files="*.txt": iter(examples))
    off_topic = [
        OffTopic("Wie heißt der Papst?", "Who is the pope?", "general knowledge"),
        OffTopic("Wie alt ist Aalen?", "How old is Aalen?", "near miss", PLACES[0]),
    ]
    monkeypatch.setattr(stage, "off_topic_questions", lambda folder: iter(off_topic))
    monkeypatch.setattr(stage, "MODELS", tmp_path)
    monkeypatch.setattr(stage, "TransformersReader", named(ScriptedReader(script)))
    monkeypatch.setattr(stage, "SentenceTransformerEmbedder", named(HashEmbedder()))
    (tmp_path / "reader").mkdir()
    stage.main()
    written = Calibrations.read(tmp_path / "reader")
    assert written != Calibrations()
    assert math.isclose(written.given.agreeing, 0.0)
    assert written.found.margin > 0 < written.given.margin
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["1 of 1", str(written.found)]
    assert lines[2].startswith("  40 questions: 100.0% of the answerable ones answered, 100.0% rightly; 100.0% ")
    assert lines[3] == str(written.given)


def test_off_topic_questions_are_asked_of_the_text_that_they_name() -> None:
    documents = [Document("Es regnet.", title="Regen"), Document("Anna kam.", title="Besuch")]
    asked = [OffTopic("Wie alt ist Anna?", "How old is Anna?", "near miss", "Besuch"), OffTopic("Hallo", "Hi", "chat")]
    data = stage.off_topic_set(asked, documents, random.Random(0))
    assert [q.question for q in data.questions] == ["Wie alt ist Anna?", "How old is Anna?", "Hallo", "Hi"]
    assert [q.context for q in data.questions[:2]] == [1, 1]
    assert {q.answers for q in data.questions} == {()}


def test_a_reader_that_finds_nothing_in_some_texts() -> None:
    class Silent(ScriptedReader):
        def read(self, question: str, passages: Sequence[str]) -> tuple[Span | None, ...]:
            spans = super().read(question, passages)
            return tuple(None if "Aalen" in text else span for span, text in zip(spans, passages, strict=True))

    fits = calibrate(collection(), HashEmbedder(), Silent({question(p): director(p) for p in PLACES}, margin=3.0))
    assert fits.given.right == pytest.approx(11 / 12)
    assert fits.given.silent == 1.0
