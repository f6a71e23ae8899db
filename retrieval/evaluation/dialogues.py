"""Measuring conversations on the ``dialogues`` of an evaluation file.

A paragraph's ``dialogues`` are lists of turns, each with ``id``, ``question``, ``question_en`` and ``answers`` as in
SQuAD. Later turns may have ``question_complete`` and ``question_complete_en``, in the file itself or in another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.answer import Answer
from retrieval.answering.answerer import Answerer
from retrieval.errors import EvaluationError
from retrieval.evaluation.metrics import exact_match, f1
from retrieval.evaluation.runs import temporary_search, track
from retrieval.evaluation.squad import explain_form, read_articles, read_paragraphs
from retrieval.inference.embedder import Embedder
from retrieval.messages import notice
from retrieval.search.search import Search
from retrieval.types import Document, Progress

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
    documents: list[Document] = []
    dialogues: list[tuple[DialogueTurn, ...]] = []
    with explain_form("evaluation.bad_dialogues", name=path.name):
        paragraphs = list(read_paragraphs(path))
        other = {} if questions_from is None else {str(turn["id"]): turn for turn in _turns(questions_from)}
        for document, paragraph in paragraphs:
            documents.append(document)
            for dialogue in paragraph.get("dialogues", []):
                turns = []
                for position, turn in enumerate(dialogue):
                    key = field if position else first_field
                    question = other.get(str(turn["id"]), {}).get(key) or turn[key]
                    answers = tuple(str(answer["text"]) for answer in turn["answers"])
                    turns.append(DialogueTurn(str(turn["id"]), str(question), answers, completed))
                dialogues.append(tuple(turns))
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
    """Indexes all texts in a temporary home, and asks the whole pipeline the turns, one after the other.

    ``answerer`` makes an Answerer for a search, and ``converse`` begins a conversation with it: it returns the function
    that asks. A question that stands for itself gets a conversation of its own.

    Raises:
        QuestionError: a question is empty or too long.
        ModelError: a model cannot be used.
    """
    turns = [(position, turn) for dialogue in data.dialogues for position, turn in enumerate(dialogue)]
    outcomes: list[TurnOutcome] = []
    with temporary_search(data.documents, embedder) as search:
        made = answerer(search)
        ask = converse(made)
        for position, turn in track(turns, progress):
            if position == 0 or turn.complete:
                ask = converse(made)
            answer = ask(turn.question)
            outcomes.append(TurnOutcome(turn, position, answer.text or "", answer.understood))
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


def _turns(path: Path) -> Iterator[dict[str, Any]]:
    for article in read_articles(path):
        for paragraph in article["paragraphs"]:
            for dialogue in paragraph["dialogues"]:
                yield from dialogue
