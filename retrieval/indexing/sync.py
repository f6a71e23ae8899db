"""One round over all that is looked at again and again: folders, feeds, pages."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from retrieval.dates import now
from retrieval.errors import LoadingError, ModelError, StoreError, WebError
from retrieval.index_report import ArticleReport, IndexOutcome, IndexReport
from retrieval.indexing.folders import sync_folder
from retrieval.indexing.web_sources import Collector
from retrieval.types import Source, SourceKind

if TYPE_CHECKING:
    from retrieval.indexing.indexer import Indexer
    from retrieval.store.store import Store
    from retrieval.web.fetching import Fetcher

logger = logging.getLogger(__name__)

#: How much is kept of an error that nobody foresaw.
MAX_ERROR_CHARS: Final = 200


def sync(store: Store, indexer: Indexer, fetcher: Fetcher) -> IndexReport:
    """Looks at every source of the collection. One that cannot be looked at is reported and never stops the others.

    Raises:
        StoreError: the store cannot be written; what was stored until then stays.
        ModelError: the embedder cannot be used.
        Exception: one that nobody foresaw, after the other sources have been looked at.
    """
    started = time.perf_counter()
    collector = Collector(store, indexer, fetcher)
    report = IndexReport()
    unforeseen: list[Exception] = []
    for source in store.sources():
        try:
            with store.claim(source.location) as mine:
                if not mine:
                    continue
                looked_at, found = _look_at(source, store, indexer, collector)
                store.update_source(replace(looked_at, checked_at=now(), error=""))
        except (StoreError, ModelError):
            raise  # no other source would fare better
        except Exception as error:
            reason = str(error)
            if not isinstance(error, LoadingError | WebError):
                logger.exception("%s failed", source.location)
                unforeseen.append(error)
                reason = f"{error!r:.{MAX_ERROR_CHARS}}"
            found = IndexReport((ArticleReport(source.location, IndexOutcome.FAILED, reason),))
            store.update_source(replace(source, checked_at=now(), error=reason))
        report += found
    if unforeseen:
        raise unforeseen[0]
    return replace(report, elapsed_ms=(time.perf_counter() - started) * 1000)


def _look_at(source: Source, store: Store, indexer: Indexer, collector: Collector) -> tuple[Source, IndexReport]:
    if source.kind is SourceKind.FOLDER:
        return source, sync_folder(source.location, store, indexer)
    check = collector.check_feed if source.kind is SourceKind.FEED else collector.check_page
    looked_at, reports = check(source)
    return looked_at, IndexReport(tuple(reports))
