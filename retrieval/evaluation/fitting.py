"""Fits a reader's calibration on questions whose answers are known.

A first logistic regression, over the features of all candidates (``retrieval.answering.calibration``), decides which
candidate of a question is best. A second one, over these alone, turns their log odds into probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrieval.answering.alternatives import Candidate
from retrieval.answering.answerer import Answerer
from retrieval.answering.calibration import Calibration, Calibrations, sigmoid
from retrieval.answering.evidence import Evidence
from retrieval.errors import EvaluationError
from retrieval.evaluation.runs import check_question, is_right, temporary_search, track
from retrieval.evaluation.squad import EvaluationQuestion, EvaluationSet
from retrieval.inference.embedder import Embedder
from retrieval.inference.reader import Reader
from retrieval.messages import notice
from retrieval.types import Progress

ANSWERED = 0.75  # share of the answerable questions that the threshold has to leave answered
FEWEST = 10  # answerable questions, and as many others, below which there is nothing to fit
FOUND = tuple(feature.name for feature in fields(Evidence))  # features of a candidate in a passage that search found
GIVEN = ("margin",)  # features of the span in a given text

#: For one question: the features of each candidate, and whether it is right.
Row = Sequence[tuple[Sequence[float], bool]]


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibration, and what it does at its threshold with the questions it was fitted on.

    ``answered`` and ``right`` are shares (0..1) of the answerable questions. ``silent`` is the share of the others that
    get no answer.
    """

    calibration: Calibration
    questions: int
    answered: float
    right: float
    silent: float

    def __str__(self) -> str:
        return (
            f"{self.calibration}\n  {self.questions} questions: {self.answered:.1%} of the answerable ones answered, "
            f"{self.right:.1%} rightly; {self.silent:.1%} of the rest left"
        )


@dataclass(frozen=True, slots=True)
class Fits:
    """Both fits of a reader, as ``Calibrations`` has them."""

    found: Fit
    given: Fit

    @property
    def calibrations(self) -> Calibrations:
        """Without the shares, to be kept."""
        return Calibrations(found=self.found.calibration, given=self.given.calibration)


@dataclass(frozen=True, slots=True)
class Observations:
    """What came out for questions whose answers are known, a row a question.

    ``given`` are the candidates in the question's own text, ``found`` those in passages that search found;
    ``answerable`` says whether the text answers it.
    """

    given: tuple[Row, ...] = ()
    found: tuple[Row, ...] = ()
    answerable: tuple[bool, ...] = ()

    def __add__(self, other: Observations) -> Observations:
        return Observations(self.given + other.given, self.found + other.found, self.answerable + other.answerable)

    def of(self, chosen: Sequence[bool]) -> Observations:
        """Those of the questions that are ``chosen``."""
        return Observations(
            tuple(compress(self.given, chosen)),
            tuple(compress(self.found, chosen)),
            tuple(compress(self.answerable, chosen)),
        )

    def fits(self, off_topic: Observations | None = None, usual: Observations | None = None) -> Fits:
        """Both calibrations. The threshold also minds ``off_topic`` questions, which say nothing of how sure is sure.

        ``usual`` are those of the questions that are asked as people ask; without them, all are. They alone say how
        sure is sure: others may be harder on purpose.

        Raises:
            EvaluationError: there is nothing to fit.
        """
        answerable, others = np.array(self.answerable), Observations() if off_topic is None else off_topic
        asked = self if usual is None else usual
        return Fits(
            found=fit(self.found, answerable, FOUND, others.found, asked.found),
            given=fit(self.given, answerable, GIVEN, others.given, asked.given),
        )


def calibrate(
    data: EvaluationSet, embedder: Embedder, reader: Reader, *, top_k: int = 5, progress: Progress | None = None
) -> Fits:
    """Asks each question of its own text and of the whole pipeline over all texts, and fits both calibrations.

    Raises:
        EvaluationError: fewer than ``FEWEST`` questions have an answer, or have none.
        ModelError: a model cannot be used.
    """
    answerable = sum(bool(question.answers) for question in data.questions)
    if min(answerable, len(data.questions) - answerable) < FEWEST:
        unanswerable = len(data.questions) - answerable
        raise EvaluationError(notice("evaluation.few", fewest=FEWEST, answerable=answerable, unanswerable=unanswerable))
    return observe(data, embedder, reader, top_k=top_k, progress=progress).fits()


def observe(
    data: EvaluationSet, embedder: Embedder, reader: Reader, *, top_k: int = 5, progress: Progress | None = None
) -> Observations:
    """Asks each question of its own text and of the whole pipeline over all texts.

    Raises:
        EvaluationError: a question is empty or too long.
        ModelError: a model cannot be used.
    """
    count = len(data.questions)
    given: list[Row] = []
    for question in track(data.questions, progress, total=2 * count):
        wording = check_question(question.id, question.question)
        span = reader.read(wording, [data.documents[question.context].text])[0]
        given.append([] if span is None else [((span.margin,), is_right(span.text, question))])
    found: list[Row] = []
    with temporary_search(data.documents, embedder) as search:
        answerer = Answerer(search, reader)
        for question in track(data.questions, progress, before=count, total=2 * count):
            wording = check_question(question.id, question.question)
            candidates = answerer.candidates(wording, search.search(wording, limit=top_k))
            found.append([_label(candidate, question, data) for candidate in candidates])
    answerable = tuple(bool(question.answers) for question in data.questions)
    return Observations(tuple(given), tuple(found), answerable)


def fit(
    rows: Sequence[Row],
    answerable: NDArray[np.bool_],
    names: Sequence[str],
    off_topic: Sequence[Row] = (),
    usual: Sequence[Row] | None = None,
) -> Fit:
    """The calibration for one row of candidates a question.

    Args:
        answerable: (questions,), whether each question has an answer.
        names: what the features are called in ``Calibration``.
        off_topic: rows of questions that nothing answers; only the threshold is chosen with them, too.
        usual: the rows that say how sure is sure, all if None.

    Raises:
        EvaluationError: no question has a candidate.
    """
    every = [candidate for candidates in rows for candidate in candidates]
    if not every:
        raise EvaluationError(notice("evaluation.no_span"))
    weights = logistic(np.array([values for values, _ in every], float), np.array([right for _, right in every], float))
    chosen = [_best(row, weights) for row in (rows if usual is None else usual) if row]
    likeliest, are_right = (np.array(column, float) for column in zip(*chosen, strict=True))
    shift, slope = logistic(likeliest[:, None], are_right)
    weights = np.concatenate([[shift + slope * weights[0]], slope * weights[1:]])
    every_best = [_best(row, weights) for row in (*rows, *off_topic)]
    confidence = np.array([sigmoid(best.logit) for best in every_best])
    right = np.array([best.right for best in every_best[: len(rows)]], bool)
    right = np.append(right, np.zeros(len(off_topic), bool))
    answerable = np.append(answerable, np.zeros(len(off_topic), bool))
    features = dict.fromkeys(FOUND, 0.0) | dict(zip(names, weights[1:].tolist(), strict=True))
    threshold = best_threshold(confidence, right, answerable)
    answered = confidence >= threshold
    return Fit(
        Calibration(bias=float(weights[0]), threshold=threshold, **features),
        questions=len(confidence),
        answered=float(answered[answerable].mean()),
        right=float((answered & right)[answerable].mean()),
        silent=float((~answered)[~answerable].mean()),
    )


def logistic(features: NDArray[np.float64], right: NDArray[np.float64], penalty: float = 1e-2) -> NDArray[np.float64]:
    """The weights of a logistic regression with a small ridge; the same for the same arguments.

    Args:
        features: (n, features).
        right: (n,), 0 or 1.
        penalty: half of it times the squared weights, the bias among them, is added to the sum of the log losses.

    Returns:
        (1 + features,), the first one the bias.
    """
    from sklearn.linear_model import LogisticRegression

    rows = np.column_stack([np.ones(len(features)), features])
    # A row of each kind that weighs nothing: scikit-learn wants both kinds, and here one alone is possible.
    rows = np.vstack([rows, np.zeros((2, rows.shape[1]))])
    weights = np.append(np.ones(len(features)), [0.0, 0.0])
    # The bias is one of the features, so that the ridge keeps it finite, too.
    model = LogisticRegression(C=1 / penalty, fit_intercept=False, solver="newton-cholesky", tol=1e-8)
    coefficients: NDArray[np.float64] = model.fit(rows, np.append(right, [0.0, 1.0]), sample_weight=weights).coef_[0]
    return coefficients


class _Best(NamedTuple):
    """The likeliest candidate of a question: its log odds, and whether it is right."""

    logit: float
    right: bool


def _best(candidates: Row, weights: NDArray[np.float64]) -> _Best:
    """The likeliest candidate. Without any, a question stays unanswered, whatever the calibration."""
    weighed = (_Best(float(weights[0] + np.dot(weights[1:], values)), right) for values, right in candidates)
    return max(weighed, key=lambda best: best.logit, default=_Best(-math.inf, False))


def best_threshold(confidence: NDArray[np.float64], right: NDArray[np.bool_], answerable: NDArray[np.bool_]) -> float:
    """The threshold with the best balance of right answers and right silence that still answers ``ANSWERED``.

    All arguments are (questions,), with questions of both kinds; ``confidence`` is 0..1.
    """
    highest = float(np.quantile(confidence[answerable], 1 - ANSWERED))
    options = [t / 100 for t in range(1, 100) if t / 100 <= highest] or [round(highest, 2)]

    def balance(threshold: float) -> float:
        answered = confidence >= threshold
        return float((answered & right)[answerable].mean() + (~answered)[~answerable].mean())

    return max(options, key=balance)


def _label(candidate: Candidate, question: EvaluationQuestion, data: EvaluationSet) -> tuple[Sequence[float], bool]:
    """The features ``FOUND``, and whether this is the answer in the question's own text."""
    hit = candidate.hit
    of_context = data.documents[question.context].text in {d.text for d in (hit.document, *hit.copies)}
    return astuple(candidate.evidence), of_context and is_right(candidate.span.text, question)
