"""From the content of a file to documents: what its reader finds, normalised and completed from the text itself."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from retrieval.dates import iso_date
from retrieval.errors import LoadingError
from retrieval.loading.formats import FORMATS
from retrieval.loading.limits import MAX_TEXT_CHARS
from retrieval.loading.metadata import source_and_date, title_line
from retrieval.loading.normalise import clean_document, compose, one_line
from retrieval.loading.parsed import Article, Refused, Skipped
from retrieval.messages import notice
from retrieval.types import Document

logger = logging.getLogger(__name__)

_WEB_ADDRESS: Final = re.compile(r"https?://\S+")
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
            yield Member(_document(article, name), article.member)
        except LoadingError as error:
            yield Refused(str(error), article.member)


def _document(article: Article, name: str) -> Document:
    text, landmarks = compose(article.blocks)
    if not text:
        if article.member:
            raise LoadingError(notice("loading.no_text_in_member", name=name, member=article.member))
        raise LoadingError(notice("loading.no_text", name=name))
    if len(text) > MAX_TEXT_CHARS:
        raise LoadingError(notice("loading.long_text", name=name, limit=MAX_TEXT_CHARS // 1_000_000))
    named_source, named_date = source_and_date(text)
    title = article.title or title_line(text) or PurePosixPath(name).stem.replace("_", " ")
    document = Document(
        text=text,
        title=title,
        source=one_line(article.source) or named_source,
        url=_web_address(article.url, name),
        published=_date(article.published, name) or named_date,
        author=article.author,
        language=_language(article.language),
        landmarks=landmarks,
    )
    return clean_document(document)


def _date(value: str, name: str) -> str:
    published = iso_date(value)
    if value and not published:
        logger.warning("%s: the date %r cannot be understood and stays empty", name, value)
    return published


def _web_address(value: str, name: str) -> str:
    """A web address, which will be shown as a link; "" for anything else."""
    if value and not _WEB_ADDRESS.fullmatch(value):
        logger.warning("%s: %r is no web address and stays empty", name, value)
        return ""
    return value


def _language(tag: str) -> str:
    """The ISO 639-1 code of a language tag ("de" of "de-AT"), "" if it has none."""
    found = _LANGUAGE.fullmatch(tag.strip())
    return found[1].lower() if found else ""
