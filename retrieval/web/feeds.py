"""RSS and Atom: from the bytes of a feed to its entries. feedparser gets bytes, never an address to fetch."""

from __future__ import annotations

import hashlib
import html
import io
import logging
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

from retrieval.dates import iso_date
from retrieval.errors import WebError
from retrieval.messages import notice
from retrieval.web.fetching import Download

logger = logging.getLogger(__name__)

#: feedparser needs some seconds for each megabyte of a damaged feed.
MAX_BYTES: Final = 5_000_000
#: Feeds list their newest entries; one with more than this is not read any further.
MAX_ENTRIES: Final = 1000
_MAX_DATE_CHARS: Final = 100
_TAG: Final = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a feed says of an article; fields it does not state are "".

    ``key`` tells it from the feed's others: the address of its page, else its id, else a digest of what it says.
    ``link`` is an absolute web address, ``published`` an ISO date, ``content`` HTML. ``mark`` changes with any of them.
    """

    key: str
    link: str
    title: str
    published: str
    author: str
    content: str
    mark: str


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed and its entries, each key once."""

    title: str
    entries: tuple[Entry, ...]


def read_feed(download: Download) -> Feed:
    """The feed that was fetched. Raises WebError if it is none, or damaged beyond reading."""
    import feedparser

    if len(download.body) > MAX_BYTES:
        raise WebError(notice("web.large_feed", url=download.url, limit=MAX_BYTES // 1_000_000))
    headers = {"content-location": download.url, "content-type": f"application/xml; charset={download.charset}"}
    if not download.charset:
        headers["content-type"] = "application/xml"
    try:
        found = feedparser.parse(io.BytesIO(download.body), response_headers=headers)
        # Where XML is broken, entries are found all the same; but then what else is in a page of HTML is taken for one.
        if not found.get("version"):
            raise WebError(notice("web.no_feed", url=download.url))
        entries = {entry.key: entry for entry in reversed(list(_entries(found.entries[:MAX_ENTRIES], download.url)))}
        return Feed(_line(found.feed.get("title", "")), tuple(reversed(entries.values())))
    except WebError:
        raise
    except Exception as error:  # it has no errors of its own for what it cannot cope with
        logger.exception("reading %s failed", download.url)
        raise WebError(notice("web.damaged_feed", url=download.url, error=repr(error))) from error


def _entries(found: Iterable[Mapping[str, Any]], base: str) -> Iterator[Entry]:
    for entry in map(dict, found):  # feedparser's own kind of dict takes one field for another, with a warning
        contents = [part.get("value", "") for part in entry.get("content", ())]
        content = max((*contents, entry.get("summary", "")), key=len)
        link = _absolute(entry.get("link", ""), base)
        said = (entry.get("title", ""), entry.get("updated", "") or entry.get("published", ""), link, content)
        mark = hashlib.sha256("\0".join(said).encode("utf-8", "replace")).hexdigest()
        yield Entry(
            key=link or _line(entry.get("id", "")) or mark,
            link=link,
            title=_line(entry.get("title", "")),
            published=_day(entry),
            author=_line(entry.get("author", "")),
            content=content,
            mark=mark,
        )


def _absolute(link: str, base: str) -> str:
    from httpx import URL, InvalidURL

    try:
        url = URL(base).join(link.strip()).copy_with(fragment=None) if link.strip() else None
    except (InvalidURL, ValueError):
        return ""
    return str(url) if url and url.scheme in ("http", "https") and url.host else ""


def _line(text: str) -> str:
    words = html.unescape(_TAG.sub("", unicodedata.normalize("NFC", text))).split()
    # Damaged text may hold what nothing further on can store: control characters, lone surrogates.
    return "".join(character for character in " ".join(words) if character.isprintable())


def _day(entry: Mapping[str, Any]) -> str:
    """The day by the clock of the place where it was published; "" for a date that is none.

    feedparser knows only the day in Greenwich, and makes one of nearly anything.
    """
    for name in ("published", "updated"):
        stated = str(entry.get(name, ""))[:_MAX_DATE_CHARS]
        if day := iso_date(stated):
            return day
        for moment in (stated, f"{stated} 00:00"):  # a mail's date has a time
            with suppress(TypeError, ValueError, OverflowError):
                return parsedate_to_datetime(moment).date().isoformat()
    return ""
