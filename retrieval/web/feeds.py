"""RSS and Atom, as they were fetched."""

from __future__ import annotations

from typing import Final

from retrieval.errors import LoadingError, WebError
from retrieval.loading import Entry, Feed, parse_feed
from retrieval.messages import notice
from retrieval.web.fetching import Download, only_known_errors

__all__ = ["MAX_BYTES", "Entry", "Feed", "read_feed"]

#: feedparser needs some seconds for each megabyte of a damaged feed.
MAX_BYTES: Final = 5_000_000


def read_feed(download: Download) -> Feed:
    """The feed that was fetched. It is parsed as files are, in a process of its own.

    Raises WebError if it is none, damaged beyond reading, or costs too much.
    """
    if len(download.body) > MAX_BYTES:
        raise WebError(notice("web.large_feed", url=download.url, limit=MAX_BYTES // 1_000_000))
    with only_known_errors(download.url):
        try:
            return parse_feed(download.body, download.url, download.charset)
        except LoadingError as error:
            raise WebError(str(error)) from error
