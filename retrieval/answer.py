"""What is answered to a question, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from retrieval.types import Document, Hit, Passage


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
class Alternative:
    """Another quote that answers a question nearly as surely; ``document.text[start:end] == text``.

    ``contradicts`` says that another article names a different thing of the same kind as the answer.
    """

    text: str
    start: int
    end: int
    document: Document
    passage: Passage
    confidence: float
    contradicts: bool = False


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody gave as right for the same question, where it stands; ``document.text[start:end] == text``.

    ``excerpt`` is shown of ``passage`` as for an Answer, and ``link`` leads to the words where an address is known.
    ``by_owner`` says that it is from an owner of the collection.
    """

    text: str
    start: int
    end: int
    document: Document
    passage: Passage
    excerpt: Passage
    link: str = ""
    by_owner: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list that answers a question as a whole; ``document.text[start:end] == text``."""

    text: str
    start: int
    end: int


class SmallTalk(StrEnum):
    """What an input is that asks nothing of the articles."""

    GREETING = "greeting"
    THANKS = "thanks"
    ABOUT = "about"  # who are you, what can you do
    COUNT = "count"  # how many articles do you know
    NOISE = "noise"  # no word at all: emoji, "???"


class Certainty(StrEnum):
    """How sure an answer is: one scale for all outputs."""

    SURE = "sure"
    FAIRLY_SURE = "fairly_sure"
    UNSURE = "unsure"

    @classmethod
    def of(cls, confidence: float) -> Certainty:
        """A confidence (0..1) in words."""
        return cls.SURE if confidence >= 0.75 else cls.FAIRLY_SURE if confidence >= 0.5 else cls.UNSURE


class ArticleField(StrEnum):
    """What an article states of itself."""

    PUBLISHED = "published"
    AUTHOR = "author"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Answer:
    """What Fundstelle says to a question.

    ``text`` is None when the articles do not say. Otherwise ``document.text[start:end] == text`` and the quote lies
    inside ``passage``; but with ``field`` it is no quote, but what ``document`` states of itself, to a question such as
    "Wer hat den Artikel geschrieben?", and there is no passage. ``excerpt`` is what is shown of the passage: the
    quote's sentence and its neighbours, as far as they are of one paragraph. ``confidence`` (0..1) is the estimated
    probability that the best span is right; it is given for "no answer" too. ``copies`` are the articles that say the
    same as ``document``. ``hits`` are the passages found, the likeliest to hold the answer first. ``best`` is the best
    span whatever its confidence, kept for evaluation. ``alternatives`` are up to two other quotes, the surest first.
    ``understood`` is the complete question that was asked in the place of a follow-up, empty otherwise. ``small_talk``
    says what the question was if it asked nothing of the articles; then ``article_count`` says how many there are, and
    ``suggestions``, notices, which questions they do answer. ``link`` is the web address of ``document``, leading to
    the quote's words where it can; empty where no address is known. ``absent`` are the words that stand in quotation
    marks in the question and literally in no passage, so that there is no answer; ``unknown_names`` are names in it
    that stand in no article, given without an answer only. ``corrections`` are up to two quotes that people gave as
    right for this question after an answer was wrong.
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
    copies: tuple[Document, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    understood: str = ""
    small_talk: SmallTalk | None = None
    article_count: int = 0
    suggestions: tuple[str, ...] = ()
    field: ArticleField | None = None
    excerpt: Passage | None = None
    link: str = ""
    absent: tuple[str, ...] = ()
    unknown_names: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    corrections: tuple[Correction, ...] = ()

    @property
    def quote(self) -> str:
        """The literal quote, "" for an answer without one."""
        return self.text or "" if self.field is None else ""

    @property
    def certainty(self) -> Certainty:
        """The confidence in words."""
        return Certainty.of(self.confidence)

    @property
    def is_missed(self) -> bool:
        """Whether it was a question, and the articles do not say."""
        return self.text is None and self.small_talk is None

    @property
    def complete_question(self) -> str:
        """The question as it was searched for: of a follow-up, the complete one."""
        return self.understood or self.question

    def without_texts(self) -> Answer:
        """The answer with all that is shown of it, but without the texts of its articles, which may be long.

        Of their landmarks, only those that the quotes and passages stand at are left.
        """
        return replace(
            self,
            document=self.document and self.document.without_text(self.start),
            copies=tuple(copy.without_text() for copy in self.copies),
            hits=tuple(
                replace(
                    hit,
                    document=hit.document.without_text(hit.passage.start),
                    copies=tuple(copy.without_text() for copy in hit.copies),
                )
                for hit in self.hits
            ),
            alternatives=tuple(
                replace(other, document=other.document.without_text(other.start)) for other in self.alternatives
            ),
            corrections=tuple(
                replace(other, document=other.document.without_text(other.start)) for other in self.corrections
            ),
        )
