"""From the content of a file to documents: what its reader finds, normalised and completed from the text itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from retrieval.dates import iso_date
from retrieval.errors import LoadingError
from retrieval.loading.formats import FORMATS
from retrieval.loading.limits import MAX_TEXT_CHARS
from retrieval.loading.metadata import stated_in_text, title_line
from retrieval.loading.normalise import clean_document, compose, one_line, shown_line
from retrieval.loading.parsed import Article, Refused, Skipped
from retrieval.messages import notice
from retrieval.types import Document

_WEB_ADDRESS: Final = re.compile(r"https?://\S+")
_MAX_SHOWN: Final = 60
_LANGUAGE: Final = re.compile(r"([a-z]{2})(?:[-_].*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Member:
    """A document without a path, and its name within its file, empty if the file holds one article."""

    document: Document
    name: str = ""


def read_documents(raw: bytes, name: str) -> Iterator[Member | Refused | Skipped]:
    """The articles in a file with this content; ``name`` tells its type, which is one of FORMATS.

    Raises LoadingError if nothing in it can be read.
    """
    for article in FORMATS[PurePosixPath(name).suffix.lower()].read(raw, name):
        if isinstance(article, Refused | Skipped):
            yield article
            continue
        try:
            document = _document(article, name)
        except LoadingError as error:
            yield Refused(str(error), article.member)
            continue
        yield from _not_understood(article)
        if lost := document.text.count("\ufffd"):
            yield Skipped(notice("loading.part_lost", count=lost), notice("loading.lost_before"), article.member)
        yield Member(document, article.member)


def _not_understood(article: Article) -> Iterator[Skipped]:
    """What a file states of its article in a way that cannot be used."""
    if article.published and not iso_date(article.published):
        what = notice("loading.part_date", date=shown_line(article.published, _MAX_SHOWN))
        yield Skipped(what, notice("loading.no_day"), article.member)
    if article.url and not _WEB_ADDRESS.fullmatch(article.url):
        what = notice("loading.part_address", address=shown_line(article.url, _MAX_SHOWN))
        yield Skipped(what, notice("loading.no_web_address"), article.member)


def _document(article: Article, name: str) -> Document:
    text, landmarks = compose(article.blocks)
    if not text:
        if article.member:
            raise LoadingError(notice("loading.no_text_in_member", name=name, member=article.member))
        raise LoadingError(notice("loading.no_text", name=name))
    if len(text) > MAX_TEXT_CHARS:
        raise LoadingError(notice("loading.long_text", name=name, limit=MAX_TEXT_CHARS // 1_000_000))
    named = stated_in_text(text)
    title = article.title or title_line(text) or PurePosixPath(name).stem.replace("_", " ")
    document = Document(
        text=text,
        title=title,
        source=one_line(article.source) or named.source,
        url=article.url if _WEB_ADDRESS.fullmatch(article.url) else "",
        published=iso_date(article.published) or named.published,
        author=one_line(article.author) or named.author,
        language=_language(article.language),
        landmarks=landmarks,
    )
    return clean_document(document)


def _language(tag: str) -> str:
    """The ISO 639-1 code of a language tag ("de" of "de-AT"), "" if it has none."""
    found = _LANGUAGE.fullmatch(tag.strip())
    return found[1].lower() if found else ""
