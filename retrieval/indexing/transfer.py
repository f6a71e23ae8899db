"""A collection as a file: a JSON object a line, an article each, from which it can be built again elsewhere."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any, Final, TextIO

from retrieval.characters import to_json
from retrieval.dates import iso_date
from retrieval.errors import LoadingError
from retrieval.index_report import ArticleReport, IndexOutcome, IndexReport
from retrieval.indexing.embedded import Embedded, described, embedded
from retrieval.indexing.indexer import Indexer
from retrieval.loading.normalise import clean_document
from retrieval.messages import notice
from retrieval.store.store import Store
from retrieval.store.stored import Past
from retrieval.types import Document, Landmark, Progress, Version

MAX_LINE_BYTES: Final = 256_000_000
#: After so many lines without an article, the file is of another kind.
_HOPELESS: Final = 1000

_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
#: What a version keeps of an article, besides its text.
_OF_VERSION: Final = ("title", "source", "url", "published", "author")


@dataclass(frozen=True, slots=True)
class Entry:
    """An article with its past."""

    document: Document
    added: str
    versions: tuple[Version, ...]
    embedded: Embedded | None


def export(store: Store, file: TextIO, progress: Progress | None = None, *, vectors: bool = False) -> int:
    """Writes all articles, those before their copies; how many they were.

    With ``vectors``, those of their sentences too, for a collection with the same embedder.
    """
    with store.snapshot():
        articles = sorted(store.articles(), key=lambda article: (article.copy_of > 0, article.document.id))
        signature = store.embedder_signature
        for number, article in enumerate(articles, 1):
            document = clean_document(article.document)  # earlier versions stored what import refuses
            line = {
                "path": document.path,
                **_described(document),
                "language": document.language,
                "added": article.added,
                "landmarks": [astuple(landmark)[: 4 if landmark.ocr else 3] for landmark in document.landmarks],
                "text": document.text,
                "versions": [
                    {**_described(earlier), "replaced_at": version.replaced_at, "text": earlier.text}
                    for version in store.versions(document.id)
                    for earlier in [clean_document(version.document)]
                ],
            }
            # Sentences count the characters of the very text that is stored.
            if vectors and document.text == article.document.text:
                line |= described(store, document, signature)
            file.write(to_json(line) + "\n")
            if progress is not None:
                progress(number, len(articles))
    return len(articles)


def take_in(path: Path, store: Store, indexer: Indexer, progress: Progress | None = None) -> IndexReport:
    """Takes up the articles of an exported file as if they were indexed, and gives them the past they had.

    Vectors in the file are taken as they are if ``indexer`` has the embedder that made them; others are passed over,
    and a notice says so. A line that is no article is reported, its ``path`` being the file's with the line's number;
    the others go on.

    Raises:
        LoadingError: the file cannot be read, or no line of it is an article.
        StoreError, ModelError: as ``Indexer.index``.
    """
    reading = _Reading(path)
    with store.writing():
        report = indexer.index_documents(
            reading.documents(), progress, total=sum(1 for _ in _lines(path)), embedded=reading.embedded
        )
        stored = [entry.path for entry in report.articles if entry.outcome is not IndexOutcome.FAILED]
        store.restore({path: reading.past[path] for path in stored if path in reading.past})
    return replace(report, articles=(*report.articles, *reading.bad))


class _Reading:
    """The articles of a file, read as they are taken up: its vectors need not fit into memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._embedded: dict[str, tuple[str, Embedded]] = {}
        self.past: dict[str, Past] = {}
        self.bad: list[ArticleReport] = []

    def documents(self) -> Iterator[Document]:
        """The articles; lines that are none go to ``bad``."""
        for number, line in _lines(self._path):
            try:
                entry = _entry(line)
            except ValueError as error:
                reason = notice("exchange.line", line=number, error=error)
                self.bad.append(ArticleReport(f"{self._path}:{number}", IndexOutcome.FAILED, reason))
                if len(self.bad) == _HOPELESS and not self.past:
                    break
                continue
            path = entry.document.path
            self.past[path] = entry.added, entry.versions
            if entry.embedded:
                self._embedded[path] = entry.document.text, entry.embedded
            yield entry.document
            self._embedded.pop(path, None)  # a copy, or nothing new
        if self.bad and not self.past:
            raise LoadingError(notice("exchange.no_export", path=self._path, reason=self.bad[0].reason))

    def embedded(self, document: Document) -> Embedded | None:
        """The sentences of the article that was read last, with their vectors, if the file has them."""
        text, found = self._embedded.get(document.path, ("", None))
        return found if text == document.text else None


def _described(document: Document) -> dict[str, str]:
    return {name: getattr(document, name) for name in _OF_VERSION}


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, each with its number; of one that is too long, the beginning."""
    try:
        with path.open("rb") as file:
            number, is_new = 0, True
            while line := file.readline(MAX_LINE_BYTES):
                if is_new:
                    number += 1
                    if line.strip():
                        yield number, line
                is_new = line.endswith(b"\n")
    except OSError as error:
        raise LoadingError(notice("exchange.cannot_read", path=path, error=error.strerror)) from error


def _entry(line: bytes) -> Entry:
    """The article in a line. Raises ValueError, with the reason for people: a Notice."""
    if len(line) == MAX_LINE_BYTES:
        raise ValueError(notice("exchange.long", limit=MAX_LINE_BYTES))
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError(notice("exchange.no_json")) from None
    if not isinstance(value, dict):
        raise ValueError(notice("exchange.no_object"))
    text = _text(value)
    document = Document(
        **_description(value),
        text=text,
        path=_string(value, "path", any_character=True),  # files are called what they are called
        language=_string(value, "language"),
        landmarks=_landmarks(value.get("landmarks", []), len(text)),
    )
    if not document.path:
        raise ValueError(notice("exchange.missing", field="path"))
    return Entry(
        document, _string(value, "added"), _versions(value.get("versions", [])), embedded(value, document.text)
    )


def _versions(value: Any) -> tuple[Version, ...]:
    if not isinstance(value, list) or not all(isinstance(version, dict) for version in value):
        raise ValueError(notice("exchange.versions"))
    return tuple(
        Version(number, Document(**_description(version), text=_text(version)), _string(version, "replaced_at"))
        for number, version in enumerate(value, 1)
    )


def _description(value: dict[str, Any]) -> dict[str, Any]:
    fields = {name: _string(value, name) for name in _OF_VERSION}
    if fields["published"] and iso_date(fields["published"]) != fields["published"]:
        raise ValueError(notice("exchange.date"))
    return fields


def _text(value: dict[str, Any]) -> str:
    text = _string(value, "text")
    if not text.strip():
        raise ValueError(notice("exchange.missing", field="text"))
    # Landmarks count the characters of this very text: mending it would move them.
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError(notice("exchange.normalised"))
    return text


def _string(value: dict[str, Any], name: str, *, any_character: bool = False) -> str:
    found = value.get(name, "")
    if not isinstance(found, str):
        raise ValueError(notice("exchange.no_text", field=name))
    try:
        found.encode()
    except UnicodeEncodeError:
        raise ValueError(notice("exchange.no_characters", field=name)) from None
    if not any_character and _CONTROL.search(found):
        raise ValueError(notice("exchange.controls", field=name))
    return found


def _landmarks(value: Any, length: int) -> tuple[Landmark, ...]:
    error = ValueError(notice("exchange.landmarks"))
    if not isinstance(value, list):
        raise error
    landmarks: list[Landmark] = []
    for row in value:
        if not isinstance(row, list) or [type(part) for part in row] not in ([int, int, str], [int, int, str, bool]):
            raise error
        start, page, heading, *ocr = row
        if not 0 <= start <= length or page < 0 or (landmarks and start < landmarks[-1].start):
            raise error
        landmarks.append(Landmark(start, page, _string({"landmarks": heading}, "landmarks"), *ocr))
    return tuple(landmarks)
