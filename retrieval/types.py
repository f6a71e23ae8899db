"""The values that the stages hand each other.

All of them are frozen. Offsets count characters (Python string indices) of ``Document.text``, and
``document.text[unit.start:unit.end] == unit.text`` holds for sentences, passages and answers.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum

#: Gets how much is done, and how much there is to do.
Progress = Callable[[int, int], None]


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


class Standing(IntEnum):
    """What somebody's corrections count for: those of owners come first, those of who has no access are not shown."""

    OWNER = 0
    MEMBER = 1
    NONE = 2


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

    @property
    def distinct(self) -> frozenset[str]:
        """All of them, each once."""
        return frozenset((*self.words, *self.parts))


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
