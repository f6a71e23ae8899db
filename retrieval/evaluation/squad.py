"""Measuring the reader and the whole pipeline on SQuAD 1.1 and 2.0 files."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.answering.answerer import Answerer, checked_question
from retrieval.answering.calibration import Calibration, Evidence, sigmoid
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
from retrieval.indexing.indexer import Indexer
from retrieval.inference.embedder import Embedder
from retrieval.inference.reader import Reader
from retrieval.language.sentences import SentenceSplitter
from retrieval.messages import notice
from retrieval.search.keyword_index import KeywordIndex
from retrieval.search.search import Search
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.store.store import Store
from retrieval.types import Document, Filter

Progress = Callable[[int, int], None]
RIGHT = 50.0  # F1 from which on an answer counts as right where only right or wrong is asked
RANKED = 30  # passages that are ranked to find ten different contexts among them


@dataclass(frozen=True, slots=True)
class EvaluationQuestion:
    """A question of an evaluation file; ``context`` is the position of its text, no answers: not answerable."""

    id: str
    question: str
    answers: tuple[str, ...]
    context: int


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """An evaluation file: its texts as documents, and the questions on them."""

    documents: tuple[Document, ...]
    questions: tuple[EvaluationQuestion, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out for one question.

    ``best`` is the best span whatever its confidence. In open mode ``ranked`` holds the contexts found, best first,
    and ``reciprocal_rank`` that of the right one (0..1).
    """

    question: EvaluationQuestion
    best: str
    confidence: float
    answered: bool
    reciprocal_rank: float | None = None
    ranked: tuple[int, ...] = ()


def read_evaluation(path: Path, *, field: str = "question", questions_from: Path | None = None) -> EvaluationSet:
    """Reads a SQuAD 1.1 or 2.0 file.

    Args:
        field: the key of the question: "question" or "question_en".
        questions_from: another file with the same ids, whose questions are asked instead.

    Raises:
        EvaluationError: a file cannot be read or does not have that form.
    """
    other = _questions_by_id(questions_from, field) if questions_from is not None else None
    documents: list[Document] = []
    questions: list[EvaluationQuestion] = []
    try:
        for article in read_articles(path):
            for paragraph in article["paragraphs"]:
                for qa in paragraph["qas"]:
                    asked = qa[field] if other is None else other[str(qa["id"])]
                    if not isinstance(asked, str):
                        raise TypeError(f"{field} (id {qa['id']})")
                    answers = () if qa.get("is_impossible") else tuple(answer["text"] for answer in qa["answers"])
                    questions.append(EvaluationQuestion(str(qa["id"]), asked, answers, len(documents)))
                documents.append(article_document(article, paragraph["context"], len(documents)))
    except (KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(notice("evaluation.bad_file", name=path.name, error=error)) from error
    if not questions:
        raise EvaluationError(notice("evaluation.no_questions", name=path.name))
    return EvaluationSet(tuple(documents), tuple(questions))


def evaluate_reader(
    data: EvaluationSet, reader: Reader, calibration: Calibration, threshold: float, progress: Progress | None = None
) -> list[Outcome]:
    """Each question with its own context, given to the reader alone."""
    outcomes = []
    for done, question in enumerate(data.questions, 1):
        span = reader.read(asked(question), [data.documents[question.context].text])[0]
        confidence = 0.0 if span is None else sigmoid(calibration.logit(Evidence(span.margin)))
        best = "" if span is None else span.text
        outcomes.append(Outcome(question, best, confidence, bool(best) and confidence >= threshold))
        if progress is not None:
            progress(done, len(data.questions))
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
) -> list[Outcome]:
    """All contexts are indexed in a temporary home, and each question is asked of the whole pipeline.

    ``within`` says in which of them it looks for the answers.
    """
    context_of = {document.text: position for position, document in reversed(list(enumerate(data.documents)))}
    with temporary_search(data.documents, embedder) as search:
        answerer = Answerer(search, reader, calibration, threshold=threshold)
        outcomes = []
        for done, question in enumerate(data.questions, 1):
            hits = search.search(asked(question), limit=RANKED, within=within)
            answer = answerer.answer(asked(question), hits[:top_k])
            ordered = (*answer.hits, *hits[top_k:])
            # A context that is nearly the same as another one is found with it.
            found = [document.text for hit in ordered for document in (hit.document, *hit.copies)]
            ranked = tuple(dict.fromkeys(context_of[text] for text in found))
            wanted = context_of[data.documents[question.context].text]
            rank = reciprocal_rank(ranked, wanted)
            outcomes.append(
                Outcome(question, answer.best or "", answer.confidence, answer.text is not None, rank, ranked)
            )
            if progress is not None:
                progress(done, len(data.questions))
    return outcomes


@contextmanager
def temporary_search(documents: Sequence[Document], embedder: Embedder) -> Iterator[Search]:
    """A search over these documents alone, in a home that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="fundstelle-eval-") as home, Store(Path(home)) as store:
        Indexer(store, SentenceSplitter(), embedder).index_documents(documents)
        yield Search(store, embedder, FaissVectorIndex(store), KeywordIndex(store))


def summarise(outcomes: Sequence[Outcome]) -> dict[str, float | int | None]:
    """The figures: EM, F1 and shares are 0..100, ``mrr10``, ``ece`` and ``auroc`` 0..1; None: nothing to count.

    For the confidence an answer with an F1 of at least 50 is right, and none is where the context does not answer.
    ``silence_at_75_answered`` is ``no_answer_accuracy`` at the threshold that answers 75 % of the answerable ones.
    """
    answerable = [outcome for outcome in outcomes if outcome.question.answers]
    silent = [outcome for outcome in outcomes if not outcome.question.answers]
    figures: dict[str, float | int | None] = {
        "n": len(outcomes),
        "best_em": _mean(exact_match(o.best, o.question.answers) for o in answerable),
        "best_f1": _mean(f1(o.best, o.question.answers) for o in answerable),
        "em": _mean(exact_match(o.best if o.answered else "", o.question.answers) for o in outcomes),
        "f1": _mean(f1(o.best if o.answered else "", o.question.answers) for o in outcomes),
        "answered_share": _mean(100.0 * o.answered for o in answerable),
        "no_answer_accuracy": _mean(100.0 * (not o.answered) for o in silent),
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
        figures["mrr10"] = _mean(ranks, digits=4)
        figures["hit1"] = _mean(100.0 * (rank == 1) for rank in ranks)
        figures["hit5"] = _mean(100.0 * (rank >= 0.2) for rank in ranks)
    return figures


def risk_curve(outcomes: Sequence[Outcome]) -> list[tuple[float, float]]:
    """The risk-coverage curve in percent: of the surest ten, twenty ... percent of the questions, the wrong ones."""
    points = risk_coverage([o.confidence for o in outcomes], [is_right(o.best, o.question) for o in outcomes])
    return [(round(100 * coverage, 2), round(100 * risk, 2)) for coverage, risk in points]


def is_right(text: str, question: EvaluationQuestion) -> bool:
    """Whether ``text`` counts as the answer where only right or wrong is asked: an F1 of at least ``RIGHT``."""
    return bool(question.answers) and f1(text, question.answers) >= RIGHT


def asked(question: EvaluationQuestion) -> str:
    """The question as the pipeline asks it.

    Raises:
        EvaluationError: it is empty or too long.
    """
    try:
        return checked_question(question.question)
    except QuestionError as error:
        raise EvaluationError(notice("evaluation.bad_question", id=question.id, error=error)) from error


def _mean(values: Any, digits: int = 2) -> float | None:
    listed = list(values)
    return round(sum(listed) / len(listed), digits) if listed else None


def article_document(article: dict[str, Any], context: str, position: int) -> Document:
    return Document(
        text=context,
        title=str(article.get("title", "")).replace("_", " "),
        source=str(article.get("source", "")),
        published=str(article.get("date", "")),
        path=f"eval:{position}",
    )


def read_articles(path: Path) -> list[dict[str, Any]]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        articles = data["data"]
        if not isinstance(articles, list):
            raise TypeError("data")
    except OSError as error:
        raise EvaluationError(notice("evaluation.cannot_read", path=path, error=error.strerror)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise EvaluationError(notice("evaluation.not_squad", name=path.name)) from error
    return articles


def _questions_by_id(path: Path, field: str) -> dict[str, str]:
    try:
        return {
            str(qa["id"]): qa[field]
            for article in read_articles(path)
            for paragraph in article["paragraphs"]
            for qa in paragraph["qas"]
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(notice("evaluation.no_ids", name=path.name, field=field)) from error
