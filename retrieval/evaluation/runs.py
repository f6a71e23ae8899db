"""Measuring the reader and the whole pipeline on an evaluation set."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from retrieval.answering.answerer import Answerer
from retrieval.answering.calibration import Calibration, sigmoid
from retrieval.answering.evidence import Evidence
from retrieval.answering.questions import checked_question
from retrieval.backend import SqliteBackend
from retrieval.errors import EvaluationError, QuestionError
from retrieval.evaluation.metrics import (
    area_under_roc,
    coverage_at_precision,
    exact_match,
    expected_calibration_error,
    f1,
    reciprocal_rank,
    risk_coverage,
    silence_at_answered,
)
from retrieval.evaluation.squad import EvaluationQuestion, EvaluationSet
from retrieval.indexing.indexer import Indexer
from retrieval.inference.embedder import Embedder
from retrieval.inference.reader import Reader
from retrieval.language.sentences import SentenceSplitter
from retrieval.messages import notice
from retrieval.search.search import Search
from retrieval.store.store import Store
from retrieval.types import Document, Filter, Progress

Item = TypeVar("Item")

RIGHT = 50.0  # the F1 from which an answer counts as right where only right and wrong are told apart
RANKED = 30  # passages that are ranked to find ten different contexts among them


@dataclass(frozen=True, slots=True)
class QuestionOutcome:
    """What came out for one question.

    ``best`` is the best span whatever its confidence (0..1). In open mode ``ranked`` holds the contexts found, best
    first, and ``reciprocal_rank`` that of the right one (0..1).
    """

    question: EvaluationQuestion
    best: str
    confidence: float
    answered: bool
    reciprocal_rank: float | None = None
    ranked: tuple[int, ...] = ()


def evaluate_reader(
    data: EvaluationSet, reader: Reader, calibration: Calibration, threshold: float, progress: Progress | None = None
) -> list[QuestionOutcome]:
    """Gives each question to the reader alone, with its own context.

    Raises:
        EvaluationError: a question is empty or too long.
        ModelError: the reader cannot be used.
    """
    outcomes = []
    for question in track(data.questions, progress):
        span = reader.read(check_question(question.id, question.question), [data.documents[question.context].text])[0]
        confidence = 0.0 if span is None else sigmoid(calibration.logit(Evidence(span.margin)))
        best = "" if span is None else span.text
        outcomes.append(QuestionOutcome(question, best, confidence, bool(best) and confidence >= threshold))
    return outcomes


def evaluate_open(
    data: EvaluationSet,
    embedder: Embedder,
    reader: Reader,
    calibration: Calibration,
    threshold: float,
    *,
    top_k: int = 5,
    within: Filter | None = None,
    progress: Progress | None = None,
) -> list[QuestionOutcome]:
    """Indexes all contexts in a temporary home, and asks the whole pipeline each question.

    ``within`` says in which of them it looks for the answers.

    Raises:
        EvaluationError: a question is empty or too long.
        ModelError: a model cannot be used.
    """
    context_of = {document.text: position for position, document in reversed(list(enumerate(data.documents)))}
    with temporary_search(data.documents, embedder) as search:
        answerer = Answerer(search, reader, calibration, threshold=threshold)
        outcomes = []
        for question in track(data.questions, progress):
            wording = check_question(question.id, question.question)
            hits = search.search(wording, limit=RANKED, within=within)
            answer = answerer.answer(wording, hits[:top_k])
            ordered = (*answer.hits, *hits[top_k:])
            # A context that is nearly the same as another one is found with it.
            found = [document.text for hit in ordered for document in (hit.document, *hit.copies)]
            ranked = tuple(dict.fromkeys(context_of[text] for text in found))
            wanted = context_of[data.documents[question.context].text]
            rank = reciprocal_rank(ranked, wanted)
            outcomes.append(
                QuestionOutcome(question, answer.best or "", answer.confidence, answer.text is not None, rank, ranked)
            )
    return outcomes


@contextmanager
def temporary_search(documents: Sequence[Document], embedder: Embedder) -> Iterator[Search]:
    """A search over these documents alone, in a home that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="fundstelle-eval-") as home, Store(Path(home)) as store:
        backend = SqliteBackend(store)
        Indexer(store, SentenceSplitter(), embedder, backend=backend).index_documents(documents)
        yield Search(store, embedder, backend.vectors, backend.keywords)


def track(
    items: Sequence[Item], progress: Progress | None, *, before: int = 0, total: int | None = None
) -> Iterator[Item]:
    """Yields the items, and calls ``progress`` when the caller is done with one.

    ``before`` items were done earlier; ``total`` counts them all (None: there are only these).
    """
    for done, item in enumerate(items, before + 1):
        yield item
        if progress is not None:
            progress(done, len(items) if total is None else total)


def check_question(question_id: str, question: str) -> str:
    """The question as the pipeline asks it.

    Raises:
        EvaluationError: it is empty or too long.
    """
    try:
        return checked_question(question)
    except QuestionError as error:
        raise EvaluationError(notice("evaluation.bad_question", id=question_id, error=error)) from error


def summarise(outcomes: Sequence[QuestionOutcome]) -> dict[str, float | int | None]:
    """The figures: EM, F1 and shares are 0..100, ``mrr10``, ``ece`` and ``auroc`` 0..1; None: nothing to count.

    For the confidence an answer with an F1 of at least 50 is right, and none is where the context does not answer.
    ``silence_at_75_answered`` is ``no_answer_accuracy`` at the threshold that answers 75 % of the answerable ones.
    """
    answerable = [outcome for outcome in outcomes if outcome.question.answers]
    silent = [outcome for outcome in outcomes if not outcome.question.answers]
    figures: dict[str, float | int | None] = {
        "n": len(outcomes),
        "best_em": mean(exact_match(o.best, o.question.answers) for o in answerable),
        "best_f1": mean(f1(o.best, o.question.answers) for o in answerable),
        "em": mean(exact_match(o.best if o.answered else "", o.question.answers) for o in outcomes),
        "f1": mean(f1(o.best if o.answered else "", o.question.answers) for o in outcomes),
        "answered_share": mean(100.0 * o.answered for o in answerable),
        "no_answer_accuracy": mean(100.0 * (not o.answered) for o in silent),
    }
    if outcomes:
        confidence = [outcome.confidence for outcome in outcomes]
        right = [is_right(o.best, o.question) for o in outcomes]
        auroc = area_under_roc(confidence, right)
        figures["ece"] = round(expected_calibration_error(confidence, right), 4)
        figures["auroc"] = None if auroc is None else round(auroc, 4)
        figures["coverage_at_90_precision"] = round(100 * coverage_at_precision(confidence, right, 0.9), 2)
        silence = silence_at_answered(confidence, [bool(o.question.answers) for o in outcomes], 0.75)
        figures["silence_at_75_answered"] = None if silence is None else round(100 * silence, 2)
    if outcomes and outcomes[0].reciprocal_rank is not None:
        # Where the right context stands is only a question where there is one that answers.
        ranks = [o.reciprocal_rank or 0.0 for o in answerable]
        figures["mrr10"] = mean(ranks, digits=4)
        figures["hit1"] = mean(100.0 * (rank == 1) for rank in ranks)
        figures["hit5"] = mean(100.0 * (rank >= 0.2) for rank in ranks)
    return figures


def risk_curve(outcomes: Sequence[QuestionOutcome]) -> list[tuple[float, float]]:
    """The risk-coverage curve in percent: of the surest ten, twenty ... percent of the questions, the wrong ones."""
    points = risk_coverage([o.confidence for o in outcomes], [is_right(o.best, o.question) for o in outcomes])
    return [(round(100 * coverage, 2), round(100 * risk, 2)) for coverage, risk in points]


def is_right(text: str, question: EvaluationQuestion) -> bool:
    """Whether ``text`` has an F1 of at least ``RIGHT`` with one of the answers; never without answers."""
    return bool(question.answers) and f1(text, question.answers) >= RIGHT


def mean(values: Iterable[float], digits: int = 2) -> float | None:
    """The rounded mean, None of nothing."""
    listed = list(values)
    return round(sum(listed) / len(listed), digits) if listed else None
