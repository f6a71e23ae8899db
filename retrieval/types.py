"""The values that the stages hand each other.

All of them are frozen. Offsets count characters (Python string indices) of ``Document.text``, and
``document.text[unit.start:unit.end] == unit.text`` holds for sentences, passages and answers.
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass, field, replace
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Landmark:
    """From the character ``start`` of a document's text on: its page (from 1, 0 where there are none) and heading.

    ``ocr`` says that a program read the text off a picture, so that letters may be wrong.
    """

    start: int
    page: int = 0
    heading: str = ""
    ocr: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """One article.

    ``text`` is NFC-normalised with ``\\n`` line ends; loading does this once, nothing later changes it.
    ``path`` is the absolute path of the file it came from, with ``#`` and its name there if the file holds several
    articles, or its web address; ``published`` is an ISO date (``2024-05-17``).
    ``id`` is the store's row number, 0 for a document that is not stored. ``language`` is an ISO 639-1 code, "other"
    for one that was only found to be neither German nor English, empty when not known; ``landmarks`` are pages and
    headings by rising ``start``.
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
    author: str = ""

    def landmark_at(self, offset: int) -> Landmark:
        """The page and the heading that the character ``offset`` of the text stands on and under."""
        position = bisect(self.landmarks, offset, key=lambda landmark: landmark.start)
        return self.landmarks[position - 1] if position else Landmark(0)

    def without_text(self, shown: int | None = None) -> Document:
        """The article without its text, and with the landmark of the character ``shown`` at most."""
        landmark = Landmark(0) if shown is None else self.landmark_at(shown)
        return replace(self, text="", landmarks=() if landmark == Landmark(0) else (landmark,))


@dataclass(frozen=True, slots=True)
class Article:
    """A document as the collection keeps it.

    ``added`` is the UTC time when it was first indexed, empty if that is not known. ``copy_of`` is the id of the
    article that says the same and is searched in its place, 0 for one that is searched itself.
    """

    document: Document
    added: str = ""
    copy_of: int = 0


@dataclass(frozen=True, slots=True)
class Version:
    """What an article said before it was corrected: ``number`` from 1, the oldest first; ``replaced_at`` in UTC."""

    number: int
    document: Document
    replaced_at: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which articles count: all that is given has to hold.

    ``source`` is a part of the source's name, ``words`` are parts of title, source or path, both in any case. ``since``
    and ``until`` are ISO dates, both inclusive; an article without a date is outside of either. ``without_ocr`` leaves
    out articles that OCR has read, be it in part. ``article`` is the id of the only one that counts, 0 for any.
    """

    source: str = ""
    since: str = ""
    until: str = ""
    words: tuple[str, ...] = ()
    without_ocr: bool = False
    article: int = 0

    def __bool__(self) -> bool:
        """Whether it asks for anything."""
        return self != Filter()


class SourceKind(StrEnum):
    """What is looked at again and again."""

    FOLDER = "folder"
    FEED = "feed"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Source:
    """A folder (absolute path), feed or web page (address), and what is known from the last look at it.

    ``etag`` and ``last_modified`` are what a server said, to be sent back; ``checked_at`` is a UTC time; ``error``
    says why the last look failed.
    """

    location: str
    kind: SourceKind
    etag: str = ""
    last_modified: str = ""
    checked_at: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class SeenEntry:
    """An entry of a feed that has been dealt with: its key in the feed, and a digest of what the feed said of it."""

    key: str
    mark: str


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
class Terms:
    """The keyword terms of a text, in order and with repetitions: of its words, and of the parts of its compounds."""

    words: tuple[str, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Segments:
    """What an article is made of for search; ``terms`` are those of each passage."""

    sentences: tuple[Sentence, ...]
    passages: tuple[Passage, ...]
    terms: tuple[Terms, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that search found.

    ``score`` is the fused score (higher is better, comparable within one question only); ``dense`` is the
    cosine similarity of the passage's best sentence (-1..1), ``keyword`` the BM25 score (0 and up). ``copies`` are the
    articles that say the same as its document, the oldest first.
    """

    passage: Passage
    document: Document
    score: float
    dense: float = 0.0
    keyword: float = 0.0
    copies: tuple[Document, ...] = ()


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
    marks in the question and literally in no passage, so that there is no answer.
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
        )


class IndexOutcome(StrEnum):
    """What became of one article, or of a file that gave none."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    REMOVED = "removed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ArticleReport:
    """One article of an ``index`` run.

    ``reason``, a Notice, says why it failed, which article it repeats, or what is odd about it.
    """

    path: str
    outcome: IndexOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SkippedPart:
    """What an ``index`` run did not read of a file or below a folder (``path``): which part, and why, both Notices."""

    path: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of an ``index`` run went, in milliseconds, and how many sentences were embedded."""

    sentences: int = 0
    parse_ms: float = 0.0
    split_ms: float = 0.0
    embed_ms: float = 0.0
    store_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class IndexReport:
    """All articles of an ``index`` run, in the order of their files, and the parts of files that were not read."""

    articles: tuple[ArticleReport, ...] = ()
    elapsed_ms: float = field(default=0.0, compare=False)
    timings: Timings = field(default=Timings(), compare=False)
    skipped: tuple[SkippedPart, ...] = ()

    def __add__(self, then: IndexReport) -> IndexReport:
        """Both runs, one after the other; the timings are those of the first."""
        articles, skipped = (*self.articles, *then.articles), (*self.skipped, *then.skipped)
        return IndexReport(articles, self.elapsed_ms + then.elapsed_ms, self.timings, skipped)

    def count(self, outcome: IndexOutcome) -> int:
        """The number of articles with this outcome."""
        return sum(report.outcome is outcome for report in self.articles)
