"""From what was fetched to documents."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from retrieval.errors import LoadingError, WebError
from retrieval.loading import SUFFIXES, read_document
from retrieval.messages import notice
from retrieval.types import Document
from retrieval.web.feeds import Entry
from retrieval.web.fetching import Download, only_known_errors

#: An entry's own text takes the place of its page from this many characters on; a teaser is no article.
MIN_CONTENT_CHARS: Final = 400

# Of a content type in a message.
_MAX_KIND_CHARS: Final = 100

_SUFFIX_OF: Final = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "application/pdf": ".pdf",
}


def read_page(download: Download) -> Document:
    """The article at a web address; its path is that address.

    Raises:
        WebError: it is of a type that is not read.
        LoadingError: there is no article in it.
    """
    suffix = _SUFFIX_OF.get(download.content_type, "")
    if suffix not in SUFFIXES:
        kind = download.content_type[:_MAX_KIND_CHARS] or notice("web.unknown_type")
        raise WebError(notice("web.perhaps_a_feed" if "xml" in kind else "web.no_page", url=download.url, kind=kind))
    with only_known_errors(download.url):
        where = urlsplit(download.url)
        name = PurePosixPath(unquote(where.path)).stem or where.hostname or ""
        document = read_document(_recoded(download), Path(name.replace("\0", "")[:100] + suffix))
        return replace(document, path=download.url, url=download.url, source=document.source or where.hostname or "")


def read_content(entry: Entry, feed: str) -> Document:
    """The article that an entry itself holds. Raises LoadingError if there is none, or a short one."""
    page = f"<html><head><meta charset='utf-8'></head><body><article>{entry.content}</article></body></html>"
    raw = page.encode("utf-8", "replace")
    document = read_document(raw, Path("Eintrag.html"))
    if len(document.text) < MIN_CONTENT_CHARS:
        raise LoadingError(notice("web.short_entry", url=feed, count=len(document.text)))
    return replace(document, path=entry.link or f"{feed}#{entry.key}", url=entry.link)


def described(document: Document, entry: Entry, feed_title: str) -> Document:
    """The article with what the feed knows of it."""
    return replace(
        document,
        title=entry.title or document.title,
        source=feed_title or document.source,
        published=entry.published or document.published,
        author=entry.author or document.author,
    )


def _recoded(download: Download) -> bytes:
    """The content in UTF-8 if it is not and the server has named the encoding; loading knows nothing of servers."""
    try:
        download.body.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return download.body.decode(download.charset or "utf-8").encode()
        except (LookupError, UnicodeError):
            pass
    return download.body
