"""RSS and Atom: from the bytes of a feed to its entries, in the process that reads files and with its limits."""

from __future__ import annotations

import hashlib
import html
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

from retrieval.dates import iso_date
from retrieval.errors import LoadingError
from retrieval.loading.decoding import declared_charset, decode
from retrieval.loading.limits import (
    MAX_CONTENT_CHARS,
    MAX_ENTRIES,
    MAX_FEED_CONTENT_CHARS,
    MAX_LINK_CHARS,
    MAX_RAW_LINE_CHARS,
)
from retrieval.loading.normalise import one_line
from retrieval.messages import notice

_MAX_DATE_CHARS: Final = 100
_FIRST_ELEMENT: Final = re.compile(r"<\w")


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


def parse_feed(raw: bytes, address: str, charset: str = "") -> Feed:
    """The feed that was fetched from ``address``; ``charset`` is what its server says.

    Lines are cut to their limit; an address or a content that is longer than its own is left out, and so is the content
    of what comes after MAX_FEED_CONTENT_CHARS. Raises LoadingError if it is no feed.
    """
    no_feed = LoadingError(notice("web.no_feed", url=address))
    try:
        text = decode(raw, address, charset=charset or declared_charset(raw))
    except LoadingError:
        raise no_feed from None
    root = _FIRST_ELEMENT.search(text)
    if root is None:
        raise no_feed
    import feedparser

    # What stands before the first element is left out, and with it any DOCTYPE: no entity is declared. feedparser
    # itself would need a minute to look for one in 25 KB of blank lines.
    body = io.BytesIO(text[root.start() :].encode())
    headers = {"content-location": address, "content-type": "application/xml; charset=utf-8"}
    found = feedparser.parse(body, response_headers=headers)
    # Where XML is broken, entries are found all the same; but then what else is in a page of HTML is taken for one.
    if not found.get("version"):
        raise no_feed
    entries: dict[str, Entry] = {}
    for entry in _entries(found.entries[:MAX_ENTRIES], address):
        entries.setdefault(entry.key, entry)
    return Feed(_line(found.feed.get("title", "")), tuple(entries.values()))


def _entries(found: Iterable[Mapping[str, Any]], base: str) -> Iterator[Entry]:
    left = MAX_FEED_CONTENT_CHARS
    for entry in map(dict, found):  # feedparser's own kind of dict takes one field for another, with a warning
        contents = [part.get("value", "") for part in entry.get("content", ())]
        content = max((*contents, entry.get("summary", "")), key=len)
        link = _absolute(entry.get("link", ""), base)
        said = (entry.get("title", ""), entry.get("updated", "") or entry.get("published", ""), link, content)
        mark = hashlib.sha256("\0".join(said).encode("utf-8", "replace")).hexdigest()
        if len(content) > min(left, MAX_CONTENT_CHARS):
            content = ""
        left -= len(content)
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

    stated = link.strip()
    if not stated or len(stated) > MAX_LINK_CHARS:
        return ""
    try:
        url = URL(base).join(stated).copy_with(fragment=None)
    except (InvalidURL, ValueError):
        return ""
    return str(url) if url.scheme in ("http", "https") and url.host else ""


def _line(text: str) -> str:
    plain = one_line(html.unescape(_without_tags(text[:MAX_RAW_LINE_CHARS])))
    # Damaged text may hold what nothing further on can store: control characters, lone surrogates.
    return "".join(character for character in plain if character.isprintable())


def _without_tags(text: str) -> str:
    """Without what stands between "<" and the next ">". A regular expression takes the square of the time for "<<<"."""
    parts: list[str] = []
    end = 0
    while (start := text.find("<", end)) >= 0 and (close := text.find(">", start)) >= 0:
        parts.append(text[end:start])
        end = close + 1
    return "".join((*parts, text[end:]))


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
