"""What people think of answers as an evaluation file, to measure and calibrate with."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TextIO

from retrieval.characters import to_json
from retrieval.language.word_lists import read_words
from retrieval.store.feedback import Judgement, Verdict
from retrieval.types import Document


@dataclass(frozen=True, slots=True)
class Exported:
    """How many questions went into the file: with an answer, and without one; and judgements left out."""

    answered: int
    impossible: int
    left_out: int


@dataclass(slots=True)
class _Question:
    """What is known about a question to one article.

    ``votes`` counts for and against an answer, by where it begins and its text; ``nothing`` counts those who say that
    the article does not answer.
    """

    votes: Counter[tuple[int, str]] = field(default_factory=Counter)
    nothing: int = 0


#: By the article's number and the question's words.
_Questions = dict[tuple[int, str], _Question]


def export_evaluation(documents: Iterable[Document], judgements: Iterable[Judgement], file: TextIO) -> Exported:
    """Writes judgements of answers from ``documents`` as a SQuAD 2.0 file, the contexts being whole articles.

    A good quote is an answer, unless as many call it bad. A bad one counts by what was wanted instead: a text that
    stands in the article literally, or in only one of the others, or nothing. What neither says is left out, as is what
    belongs to an article that is gone or no longer says so.
    """
    by_id = {document.id: document for document in documents}
    questions: _Questions = {}
    left_out = sum(not _count(judgement, by_id, questions) for judgement in judgements)
    articles: dict[int, dict[str, Any]] = {}
    answered = impossible = 0
    for (document_id, question), known in questions.items():
        answers = [{"text": text, "answer_start": at} for (at, text), votes in known.votes.items() if votes > 0]
        if not answers and not known.nothing:
            continue
        answered, impossible = answered + bool(answers), impossible + (not answers)
        document = by_id[document_id]
        article = articles.setdefault(document_id, _article(document))
        key = hashlib.sha256(f"{document.path}\n{question}".encode()).hexdigest()[:16]
        article["paragraphs"][0]["qas"].append(
            {"id": key, "question": question, "answers": answers, "is_impossible": not answers}
        )
    file.write(to_json({"version": "v2.0", "data": list(articles.values())}, indent=1) + "\n")
    return Exported(answered, impossible, left_out)


def _article(document: Document) -> dict[str, Any]:
    """An article without questions."""
    return {
        "title": document.title,
        "source": document.source,
        "date": document.published,
        "paragraphs": [{"context": document.text, "qas": []}],
    }


def _count(judgement: Judgement, documents: Mapping[int, Document], questions: _Questions) -> bool:
    """Counts a judgement for its question; False if it says nothing that can be used."""
    document = documents.get(judgement.document_id)
    is_good = judgement.verdict is Verdict.GOOD
    wanted = "" if is_good else judgement.wanted.strip()
    if document and judgement.answer and (at := _find(judgement.answer, document, judgement.start)) >= 0:
        question = questions.setdefault((document.id, judgement.question), _Question())
        question.votes[at, judgement.answer] += 1 if is_good else -1
        if is_good:
            return True
    if document and (wanted.casefold() in _nothing_words() or (is_good and not judgement.answer)):
        questions.setdefault((document.id, judgement.question), _Question()).nothing += 1
        return True
    if not wanted:
        return False
    holders = [other for other in documents.values() if wanted in other.text]
    holder = document if document in holders else holders[0] if len(holders) == 1 else None
    if holder is None:
        return False
    at = _find(wanted, holder, judgement.start)
    questions.setdefault((holder.id, judgement.question), _Question()).votes[at, wanted] += 1
    return True


def _find(text: str, document: Document, expected: int) -> int:
    """Where ``text`` stands in the article: where it is expected, else for the first time; -1: nowhere."""
    return expected if document.text.startswith(text, expected) else document.text.find(text)


@cache
def _nothing_words() -> frozenset[str]:
    return read_words("nothing_words.txt")
