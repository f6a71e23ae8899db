"""One round over all that is looked at again and again: folders, feeds, pages."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from retrieval.dates import now
from retrieval.errors import LoadingError, WebError
from retrieval.indexing.folders import sync_folder
from retrieval.indexing.web_sources import Collector
from retrieval.types import ArticleReport, IndexOutcome, IndexReport, Source, SourceKind

if TYPE_CHECKING:
    from retrieval.indexing.indexer import Indexer
    from retrieval.store.store import Store
    from retrieval.web.fetching import Fetcher


def sync(store: Store, indexer: Indexer, fetcher: Fetcher) -> IndexReport:
    """Looks at every source of the collection. One that cannot be looked at is reported and never stops the others.

    Raises:
        StoreError: the store cannot be written; what was stored until then stays.
        ModelError: the embedder cannot be used.
    """
    started = time.perf_counter()
    collector = Collector(store, indexer, fetcher)
    reports: list[ArticleReport] = []
    for source in store.sources():
        try:
            looked_at, found = _look_at(source, store, indexer, collector)
            store.update_source(replace(looked_at, checked_at=now(), error=""))
        except (LoadingError, WebError) as error:
            found = [ArticleReport(source.location, IndexOutcome.FAILED, str(error))]
            store.update_source(replace(source, checked_at=now(), error=str(error)))
        reports += found
    return IndexReport(tuple(reports), elapsed_ms=(time.perf_counter() - started) * 1000)


def _look_at(
    source: Source, store: Store, indexer: Indexer, collector: Collector
) -> tuple[Source, list[ArticleReport]]:
    if source.kind is SourceKind.FEED:
        return collector.check_feed(source)
    if source.kind is SourceKind.PAGE:
        return collector.check_page(source)
    return source, sync_folder(source.location, store, indexer)
