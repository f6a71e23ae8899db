"""Reading SQuAD 1.1 and 2.0 files.

Such a file is JSON: ``{"data": [{"title", "paragraphs": [{"context", "qas": [{"id", "question", "answers"}]}]}]}``.
Fundstelle also reads an article's ``source`` and ``date``, and other keys of questions, such as ``question_en``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.errors import EvaluationError
from retrieval.loading.normalise import clean_document
from retrieval.messages import notice
from retrieval.types import Document


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


def read_evaluation(path: Path, *, field: str = "question", questions_from: Path | None = None) -> EvaluationSet:
    """Reads a SQuAD 1.1 or 2.0 file.

    Args:
        field: the key of the question: "question" or "question_en".
        questions_from: another file with the same ids, whose questions are asked instead.

    Raises:
        EvaluationError: a file cannot be read or does not have that form.
    """
    other = None if questions_from is None else _questions_by_id(questions_from, field)
    documents: list[Document] = []
    questions: list[EvaluationQuestion] = []
    with explain_form("evaluation.bad_file", name=path.name):
        for document, paragraph in read_paragraphs(path):
            for qa in paragraph["qas"]:
                question = qa[field] if other is None else other[str(qa["id"])]
                if not isinstance(question, str):
                    raise TypeError(f"{field} (id {qa['id']})")
                answers = () if qa.get("is_impossible") else tuple(answer["text"] for answer in qa["answers"])
                questions.append(EvaluationQuestion(str(qa["id"]), question, answers, len(documents)))
            documents.append(document)
    if not questions:
        raise EvaluationError(notice("evaluation.no_questions", name=path.name))
    return EvaluationSet(tuple(documents), tuple(questions))


def read_paragraphs(path: Path) -> Iterator[tuple[Document, dict[str, Any]]]:
    """All paragraphs of a file in order, each with its text as a document, as a collection would keep it.

    Raises:
        EvaluationError: the file cannot be read or has no list of articles.
        KeyError, TypeError, AttributeError: an article or a paragraph has another form; see ``explain_form``.
    """
    position = 0
    for article in read_articles(path):
        for paragraph in article["paragraphs"]:
            context = paragraph["context"]
            if not isinstance(context, str):
                raise TypeError("context")
            document = Document(
                text=context,
                title=str(article.get("title", "")).replace("_", " "),
                source=str(article.get("source", "")),
                published=str(article.get("date", "")),
                path=f"eval:{position}",
            )
            yield clean_document(document), paragraph
            position += 1


def read_articles(path: Path) -> list[dict[str, Any]]:
    """The articles of a file as they stand in it.

    Raises:
        EvaluationError: the file cannot be read or has no list of articles.
    """
    with explain_form("evaluation.not_squad", name=path.name):
        articles = read_json(path)["data"]
        if not isinstance(articles, list):
            raise TypeError("data")
    return articles


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        EvaluationError: the file cannot be read.
        ValueError: it is not JSON; see ``explain_form``.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EvaluationError(notice("evaluation.cannot_read", path=path, error=error.strerror)) from error


@contextmanager
def explain_form(key: str, **values: object) -> Iterator[None]:
    """Turns the errors of content that has another form into an EvaluationError with the text ``key``.

    The text gets ``values`` and ``error``, which names the key that is missing or does not fit.
    """
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise EvaluationError(notice(key, error=error, **values)) from error


def _questions_by_id(path: Path, field: str) -> dict[str, str]:
    with explain_form("evaluation.no_ids", name=path.name, field=field):
        return {
            str(qa["id"]): qa[field]
            for article in read_articles(path)
            for paragraph in article["paragraphs"]
            for qa in paragraph["qas"]
        }
