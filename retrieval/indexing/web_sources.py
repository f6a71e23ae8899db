"""Web pages and feeds of the collection: taking them up, and looking at them again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from retrieval.dates import now
from retrieval.errors import LoadingError, UnreachableError, WebError
from retrieval.index_report import ArticleReport, IndexOutcome, IndexReport
from retrieval.indexing.feed_articles import Brought, FeedArticles
from retrieval.messages import notice
from retrieval.types import Document, SeenEntry, Source, SourceKind
from retrieval.web.feeds import Entry, Feed, read_feed
from retrieval.web.pages import described, read_content, read_page

if TYPE_CHECKING:
    from retrieval.indexing.indexer import Indexer
    from retrieval.store.store import Store
    from retrieval.web.fetching import Download, Fetcher

#: Entries whose articles are taken up together: what was fetched until then is kept, whatever happens.
TAKEN_TOGETHER: Final = 20


class Collector:
    """Fetches for a collection and takes up what it finds."""

    def __init__(self, store: Store, indexer: Indexer, fetcher: Fetcher) -> None:
        self._store = store
        self._indexer = indexer
        self._fetcher = fetcher

    def index_pages(self, addresses: Sequence[str]) -> IndexReport:
        """Adds these pages, one after the other; one that fails does not stop the others."""
        started = time.perf_counter()
        reports = tuple(self.index_page(address) for address in addresses)
        return IndexReport(reports, elapsed_ms=(time.perf_counter() - started) * 1000)

    def index_page(self, address: str) -> ArticleReport:
        """Takes up the page at ``address``, and remembers it by the address that redirects lead to."""
        try:
            download = self._fetcher.fetch(address)
        except WebError as error:
            return ArticleReport(address, IndexOutcome.FAILED, str(error))
        return self.index_download(download)

    def index_download(self, download: Download) -> ArticleReport:
        """Takes up a page that has been fetched, and remembers it."""
        try:
            report = self._index(read_page(download))
        except (WebError, LoadingError) as error:
            return ArticleReport(download.url, IndexOutcome.FAILED, str(error))
        if report.outcome is not IndexOutcome.FAILED:
            self._store.put_source(
                Source(download.url, SourceKind.PAGE, download.etag, download.last_modified, checked_at=now())
            )
        return report

    def check_page(self, source: Source) -> tuple[Source, list[ArticleReport]]:
        """Looks at a page again. It keeps its address, wherever that leads by now. Raises WebError, LoadingError."""
        download = self._fetcher.fetch(source.location, etag=source.etag, last_modified=source.last_modified)
        if download.unchanged:
            return source, [ArticleReport(source.location, IndexOutcome.UNCHANGED)]
        report = self._index(read_page(replace(download, url=source.location)))
        return replace(source, etag=download.etag, last_modified=download.last_modified), [report]

    def add_feed(self, address: str) -> tuple[Source, Feed]:
        """Remembers the feed at ``address``; its entries are taken up by ``check_feed``.

        Raises:
            WebError: there is no feed to be had.
        """
        download = self._fetcher.fetch(address)
        feed = read_feed(download)
        # Without the server's marks: the next look is to find all entries.
        source = Source(download.url, SourceKind.FEED)
        if not any(known.location == source.location for known in self._store.sources(SourceKind.FEED)):
            self._store.put_source(source)
        return source, feed

    def check_feed(self, source: Source) -> tuple[Source, list[ArticleReport]]:
        """Takes up what is new or has changed in a feed. Raises WebError, LoadingError.

        An entry that failed for good is not tried again until it changes; one that may work another time is. Articles
        that came from elsewhere stay as they are.
        """
        download = self._fetcher.fetch(source.location, etag=source.etag, last_modified=source.last_modified)
        articles = FeedArticles(self._store, source.location)
        if download.unchanged:
            return source, []
        feed = read_feed(download)
        seen = self._store.seen_entries(source.location)
        current = {entry: SeenEntry(entry.key, entry.mark) for entry in feed.entries}
        new = [entry for entry in feed.entries if current[entry] not in seen]
        done = seen.intersection(current.values())
        reports: list[ArticleReport] = []
        for start in range(0, len(new), TAKEN_TOGETHER):
            batch = new[start : start + TAKEN_TOGETHER]
            taken, later = self._take_up(batch, source.location, feed.title, articles)
            articles.keep({entry.key for entry in feed.entries})
            reports += taken
            done |= {current[entry] for entry in batch if entry not in later}
            self._store.put_seen_entries(source.location, done)
        self._store.put_seen_entries(source.location, done)
        if len(done) < len(current):  # the server's marks would hide what has to be tried again
            return replace(source, etag="", last_modified=""), reports
        return replace(source, etag=download.etag, last_modified=download.last_modified), reports

    def _take_up(
        self, entries: Sequence[Entry], feed: str, title: str, articles: FeedArticles
    ) -> tuple[list[ArticleReport], set[Entry]]:
        """The reports, and the entries that are worth another attempt."""
        found: dict[str, tuple[Document, Brought]] = {}
        reports: list[ArticleReport] = []
        later: set[Entry] = set()
        for entry in entries:
            place = entry.link or f"{feed}#{entry.key}"
            try:
                article = self._article(entry, feed, articles)
            except (WebError, LoadingError) as error:
                reports.append(ArticleReport(place, IndexOutcome.FAILED, str(error)))
                if isinstance(error, UnreachableError):
                    later.add(entry)
                continue
            if article is None:
                reports.append(ArticleReport(place, IndexOutcome.UNCHANGED, notice("web.not_of_feed", url=feed)))
                continue
            document, is_excerpt = article
            found.setdefault(document.path, (described(document, entry, title), Brought(entry.key, is_excerpt)))
        if found:
            added = self._indexer.index_documents([document for document, _ in found.values()]).articles
            for report in added:
                if report.outcome is not IndexOutcome.FAILED:
                    articles.add(report.path, found[report.path][1])
            reports += added
        return reports, later

    def _article(self, entry: Entry, feed: str, articles: FeedArticles) -> tuple[Document, bool] | None:
        """The article of an entry, and whether it is only what the feed itself holds.

        None if it is there already and came from elsewhere.
        """
        if not articles.may_change(entry.link):
            return None
        document, is_excerpt = self._page_or_content(entry, feed, articles)
        return (document, is_excerpt) if articles.may_change(document.path) else None

    def _page_or_content(self, entry: Entry, feed: str, articles: FeedArticles) -> tuple[Document, bool]:
        """The page that an entry links to; where there is none, what the feed itself holds of it, and True.

        Raises:
            UnreachableError: the page cannot be had now. If it is an article already, any failure counts as that.
            WebError, LoadingError: there is no article to be had.
        """
        if not entry.link:
            return read_content(entry, feed), True
        try:
            return read_page(self._fetcher.fetch(entry.link)), False
        except UnreachableError:
            raise
        except (WebError, LoadingError) as error:
            if articles.has_page_of(entry.key, entry.link):
                raise UnreachableError(str(error)) from error
            try:
                return read_content(entry, feed), True
            except LoadingError:
                raise error from None

    def _index(self, document: Document) -> ArticleReport:
        return self._indexer.index_documents([document]).articles[0]
