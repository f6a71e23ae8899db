"""Measuring conversations: the ``dialogues`` of an evaluation file, asked turn by turn.

A paragraph's ``dialogues`` are lists of turns, each with ``id``, ``question``, ``question_en`` and ``answers`` as in
SQuAD. Later turns may have ``question_complete`` and ``question_complete_en``, in the file itself or in another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.answering.answerer import Answerer
from retrieval.errors import EvaluationError
from retrieval.evaluation.metrics import exact_match, f1
from retrieval.evaluation.squad import Progress, article_document, read_articles, temporary_search
from retrieval.inference.embedder import Embedder
from retrieval.messages import notice
from retrieval.search.search import Search
from retrieval.types import Answer, Document

_COMPLETE = "question_complete"


@dataclass(frozen=True, slots=True)
class DialogueTurn:
    """A question of a dialogue and the answers that are right; ``complete`` where it stands for itself."""

    id: str
    question: str
    answers: tuple[str, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class DialogueSet:
    """An evaluation file: all its texts as documents, and the dialogues about them."""

    documents: tuple[Document, ...]
    dialogues: tuple[tuple[DialogueTurn, ...], ...]


@dataclass(frozen=True, slots=True)
class TurnOutcome:
    """What came out for one turn, at its ``position`` (from 0) in its dialogue; ``answer`` is "" for none."""

    turn: DialogueTurn
    position: int
    answer: str
    understood: str


def read_dialogues(path: Path, *, field: str = "question", questions_from: Path | None = None) -> DialogueSet:
    """Reads the dialogues of a file.

    Args:
        field: the key of the questions: "question" or "question_en", or "question_complete" or
            "question_complete_en" for later turns as a person completed them.
        questions_from: another file with the same ids, whose questions are asked where it has the key.

    Raises:
        EvaluationError: a file cannot be read, does not have that form, or has no dialogues.
    """
    completed = field.startswith(_COMPLETE)
    first_field = field.replace(_COMPLETE, "question")
    try:
        articles = read_articles(path)
        replaced = read_articles(questions_from) if questions_from is not None else []
        other = {str(turn["id"]): turn for turn in _turns(replaced)}
        documents: list[Document] = []
        dialogues: list[tuple[DialogueTurn, ...]] = []
        for article in articles:
            for paragraph in article["paragraphs"]:
                documents.append(article_document(article, paragraph["context"], len(documents)))
                for dialogue in paragraph.get("dialogues", []):
                    turns = []
                    for position, turn in enumerate(dialogue):
                        key = field if position else first_field
                        asked = other.get(str(turn["id"]), {}).get(key) or turn[key]
                        answers = tuple(str(answer["text"]) for answer in turn["answers"])
                        turns.append(DialogueTurn(str(turn["id"]), str(asked), answers, completed))
                    dialogues.append(tuple(turns))
    except (KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(notice("evaluation.bad_dialogues", name=path.name, error=error)) from error
    if not dialogues:
        raise EvaluationError(notice("evaluation.no_dialogues", name=path.name))
    return DialogueSet(tuple(documents), tuple(dialogues))


def evaluate_dialogues(
    data: DialogueSet,
    embedder: Embedder,
    answerer: Callable[[Search], Answerer],
    converse: Callable[[Answerer], Callable[[str], Answer]],
    *,
    progress: Progress | None = None,
) -> list[TurnOutcome]:
    """All texts are indexed in a temporary home, and the turns are asked of the whole pipeline, one after the other.

    ``answerer`` makes one for a search; ``converse`` begins a conversation with it and gives the function that asks in
    it. Questions that stand for themselves are each asked in a conversation of their own.
    """
    outcomes: list[TurnOutcome] = []
    total = sum(map(len, data.dialogues))
    with temporary_search(data.documents, embedder) as search:
        answering = answerer(search)
        for dialogue in data.dialogues:
            ask = converse(answering)
            for position, turn in enumerate(dialogue):
                answer = (converse(answering) if turn.complete else ask)(turn.question)
                outcomes.append(TurnOutcome(turn, position, answer.text or "", answer.understood))
                if progress is not None:
                    progress(len(outcomes), total)
    return outcomes


def summarise_dialogues(outcomes: Sequence[TurnOutcome]) -> dict[str, float | int]:
    """The figures: ``f1`` and ``em`` (0..100) of the first and of the later turns, and how many there are of each."""
    figures: dict[str, float | int] = {}
    for name, chosen in (
        ("first", [outcome for outcome in outcomes if outcome.position == 0]),
        ("later", [outcome for outcome in outcomes if outcome.position > 0]),
    ):
        count = max(1, len(chosen))
        figures[f"{name}_n"] = len(chosen)
        figures[f"{name}_f1"] = round(sum(f1(o.answer, o.turn.answers) for o in chosen) / count, 2)
        figures[f"{name}_em"] = round(sum(exact_match(o.answer, o.turn.answers) for o in chosen) / count, 2)
    figures["completed"] = sum(bool(outcome.understood) for outcome in outcomes)
    return figures


def _turns(articles: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for article in articles:
        for paragraph in article["paragraphs"]:
            for dialogue in paragraph["dialogues"]:
                yield from dialogue
