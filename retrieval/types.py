"""The values that the stages hand each other.

All of them are frozen. Offsets count characters (Python string indices) of ``Document.text``, and
``document.text[unit.start:unit.end] == unit.text`` holds for sentences, passages and answers.
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Landmark:
    """From the character ``start`` of a document's text on: its page (from 1, 0 where there are none) and heading."""

    start: int
    page: int = 0
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One article.

    ``text`` is NFC-normalised with ``\\n`` line ends; loading does this once, nothing later changes it.
    ``path`` is the absolute path of the file it came from, with ``#`` and its name there if the file holds several
    articles; ``published`` is an ISO date (``2024-05-17``).
    ``id`` is the store's row number, 0 for a document that is not stored. ``language`` is an ISO 639-1 code, empty
    when not known; ``landmarks`` are pages and headings by rising ``start``.
    """

    text: str
    title: str = ""
    source: str = ""
    url: str = ""
    published: str = ""
    path: str = ""
    id: int = 0
    language: str = ""
    landmarks: tuple[Landmark, ...] = ()

    def landmark_at(self, offset: int) -> Landmark:
        """The page and the heading that the character ``offset`` of the text stands on and under."""
        position = bisect(self.landmarks, offset, key=lambda landmark: landmark.start)
        return self.landmarks[position - 1] if position else Landmark(0)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a document."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A few neighbouring sentences of one document: what is shown and read.

    ``first_sentence`` and ``last_sentence`` are the positions (from 0, inclusive) of its sentences in the
    document. ``id`` and ``document_id`` are the store's row numbers, 0 when not stored.
    """

    text: str
    start: int
    end: int
    first_sentence: int
    last_sentence: int
    id: int = 0
    document_id: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that search found.

    ``score`` is the fused score (higher is better, comparable within one question only); ``dense`` is the
    cosine similarity of the passage's best sentence (-1..1), ``keyword`` the BM25 score (0 and up).
    """

    passage: Passage
    document: Document
    score: float
    dense: float = 0.0
    keyword: float = 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """A candidate answer inside one passage.

    ``start`` and ``end`` count characters of the passage's text. ``score`` is the sum of its start and end
    logits, ``null_score`` that of the "no answer" position in the same window (None for a reader without one).
    """

    text: str
    start: int
    end: int
    score: float
    null_score: float | None = None

    @property
    def margin(self) -> float:
        """How much the span beats "no answer", in logits; the plain score when the reader has no null class."""
        return self.score if self.null_score is None else self.score - self.null_score


@dataclass(frozen=True, slots=True)
class Answer:
    """What Fundstelle says to a question.

    ``text`` is None when the articles do not say. Otherwise ``document.text[start:end] == text`` and the
    quote lies inside ``passage``. ``confidence`` (0..1) is the estimated probability that the best span is
    right; it is given for "no answer" too. ``hits`` are the passages found, best first. ``best`` is the best
    span whatever its confidence, kept for evaluation.
    """

    question: str
    text: str | None
    confidence: float
    start: int | None = None
    end: int | None = None
    document: Document | None = None
    passage: Passage | None = None
    hits: tuple[Hit, ...] = ()
    elapsed_ms: float = 0.0
    best: str | None = None


class IndexOutcome(StrEnum):
    """What became of one article, or of a file that gave none."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FileReport:
    """One article of an ``index`` run. ``reason`` says why it failed, or which article it repeats."""

    path: str
    outcome: IndexOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """All articles of an ``index`` run, in the order of their files."""

    files: tuple[FileReport, ...] = ()
    elapsed_ms: float = field(default=0.0, compare=False)

    def count(self, outcome: IndexOutcome) -> int:
        """The number of articles with this outcome."""
        return sum(report.outcome is outcome for report in self.files)
