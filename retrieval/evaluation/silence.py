"""Measuring silence: questions that a collection does not answer, asked of the whole pipeline.

A file of such questions is JSON: a list of objects with ``question``, and ``question_en``, ``kind`` and ``id`` where
they have them; an object with such a list under ``questions`` or ``data``; or a SQuAD file, whose contexts do not
count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from retrieval.answer import Answer
from retrieval.answering.answerer import Answerer
from retrieval.answering.calibration import Calibration
from retrieval.errors import EvaluationError
from retrieval.evaluation.runs import check_question, mean, temporary_search, track
from retrieval.evaluation.squad import explain_form, read_json, read_paragraphs
from retrieval.index_report import ArticleReport
from retrieval.inference.embedder import Embedder
from retrieval.inference.reader import Reader
from retrieval.loading import find_files, load_documents
from retrieval.messages import notice
from retrieval.types import Document, Progress


@dataclass(frozen=True, slots=True)
class SilenceQuestion:
    """A question that the articles do not answer; ``kind`` is "" where the file names none."""

    id: str
    question: str
    kind: str


@dataclass(frozen=True, slots=True)
class SilenceOutcome:
    """What the pipeline says to a question; silence is an answer without text."""

    question: SilenceQuestion
    answer: Answer


def read_silence_questions(path: Path, *, field: str = "question") -> tuple[SilenceQuestion, ...]:
    """Reads the questions of a file; those without an ``id`` are numbered from 1.

    Args:
        field: the key of the question: "question" or "question_en".

    Raises:
        EvaluationError: the file cannot be read, does not have one of the forms, or holds no questions.
    """
    questions: list[SilenceQuestion] = []
    with explain_form("evaluation.bad_silence", name=path.name):
        for number, entry in enumerate(_entries(read_json(path)), 1):
            question, kind = entry[field], entry.get("kind") or ""
            key = str(entry.get("id", number))
            if not isinstance(question, str):
                raise TypeError(f"{field} (id {key})")
            questions.append(SilenceQuestion(key, question, str(kind)))
    if not questions:
        raise EvaluationError(notice("evaluation.no_questions", name=path.name))
    return tuple(questions)


def read_collection(paths: Sequence[Path]) -> tuple[list[Document], list[ArticleReport]]:
    """The articles in files and folders, and what could not be read there.

    A SQuAD file stands for its texts, any other file for what ``retrieval.loading`` makes of it.

    Raises:
        LoadingError: a path is missing, or a folder holds no known file.
        EvaluationError: a SQuAD file has a text of another form, or there is no article.
    """
    documents: list[Document] = []
    failed: list[ArticleReport] = []
    files = [path for path in paths if not _is_squad(path)]
    for path in paths:
        if path not in files:
            with explain_form("evaluation.bad_file", name=path.name):
                # Two of these files number their texts alike.
                documents += [replace(text, path=f"{path}#{text.path}") for text, _ in read_paragraphs(path)]
    for file in find_files(files):
        for loaded in load_documents(file):
            if isinstance(loaded, Document):
                documents.append(loaded)
            elif isinstance(loaded, ArticleReport):
                failed.append(loaded)
    if not documents:
        raise EvaluationError(notice("evaluation.no_articles", paths=", ".join(map(str, paths))))
    return documents, failed


def evaluate_silence(
    questions: Sequence[SilenceQuestion],
    documents: Sequence[Document],
    embedder: Embedder,
    reader: Reader,
    calibration: Calibration,
    threshold: float,
    *,
    top_k: int = 5,
    progress: Progress | None = None,
) -> list[SilenceOutcome]:
    """Indexes the documents in a temporary home, and asks the whole pipeline each question.

    Raises:
        EvaluationError: a question is empty or too long.
        ModelError: a model cannot be used.
    """
    with temporary_search(documents, embedder) as search:
        answerer = Answerer(search, reader, calibration, threshold=threshold)
        return [
            SilenceOutcome(question, answerer.ask(check_question(question.id, question.question), top_k=top_k))
            for question in track(questions, progress)
        ]


def summarise_silence(outcomes: Sequence[SilenceOutcome]) -> dict[str, Any]:
    """The figures: ``n`` questions, ``answered_share`` (0..100) of them, and the same for each of the ``kinds``.

    Questions without a kind count in all only.
    """
    kinds = sorted({outcome.question.kind for outcome in outcomes} - {""})
    by_kind = {kind: [outcome for outcome in outcomes if outcome.question.kind == kind] for kind in kinds}
    return {**_shares(outcomes), "kinds": {kind: _shares(chosen) for kind, chosen in by_kind.items()}}


def _shares(outcomes: Sequence[SilenceOutcome]) -> dict[str, float | int | None]:
    return {"n": len(outcomes), "answered_share": mean(100.0 * (o.answer.text is not None) for o in outcomes)}


def _entries(content: Any) -> Iterator[dict[str, Any]]:
    """The objects of the questions, whichever form the file has."""
    if isinstance(content, list):
        yield from content
    elif not isinstance(content, dict):
        raise TypeError("questions")
    elif "questions" in content:
        yield from content["questions"]
    else:
        for entry in content["data"]:
            if "paragraphs" not in entry:
                yield entry
                continue
            for paragraph in entry["paragraphs"]:
                yield from paragraph["qas"]


def _is_squad(path: Path) -> bool:
    """Whether a file is a SQuAD file: they, too, are called .json, as are articles."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    try:
        content = read_json(path)
    except (EvaluationError, ValueError):
        return False  # loading says what is wrong
    articles = content.get("data") if isinstance(content, dict) else None
    return isinstance(articles, list) and all(isinstance(a, dict) and "paragraphs" in a for a in articles)
