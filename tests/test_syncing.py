from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.index_report import IndexReport
from retrieval.indexing.indexer import Indexer
from retrieval.indexing.sync import sync
from retrieval.indexing.web_sources import Collector
from retrieval.language.sentences import SentenceSplitter
from retrieval.store.store import Store
from tests.collection import PERM
from tests.doubles import HashEmbedder
from tests.feeds import article, news
from tests.website import Page, Website, fetcher, website


@pytest.fixture
def site() -> Iterator[Website]:
    with website() as running:
        news(running)
        running.pages["/seite"] = article("In Gomel wird gebaut. Die Brücke ist bald wieder fertig.")
        yield running


def test_one_round(site: Website, empty_store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "perm.txt").write_text(PERM)
    store = empty_store
    indexer = Indexer(store, SentenceSplitter(), HashEmbedder())

    def outcomes() -> list[str]:
        report: IndexReport = sync(store, indexer, fetcher(site))
        return [f"{Path(file.path).name} {file.outcome.value}" for file in report.articles]

    assert outcomes() == []
    indexer.index([folder])
    collector = Collector(store, indexer, fetcher(site))
    collector.index_page(site.url("/seite"))
    collector.add_feed(site.url("/feed"))
    assert outcomes() == ["perm.txt unchanged", "bad added", "messe added", "seite unchanged"]
    assert all(source.checked_at and not source.error for source in store.sources())

    # One that fails does not stop the others, and what is known of it stays.
    site.pages |= {"/feed": Page(status=404), "/seite": article("In Gomel ist die Brücke endlich fertig geworden.")}
    (folder / "perm.txt").unlink()
    assert outcomes() == ["articles failed", "feed failed", "seite updated"]
    errors = {Path(source.location).name: source.error for source in store.sources()}
    assert "liegt keine Datei" in errors["articles"]
    assert "gibt es nicht" in errors["feed"]
    assert errors["seite"] == ""
    assert store.article_count() == 4

    news(site)
    (folder / "neu.txt").write_text("In Brest wird gefeiert.\nDas Fest dauert bis zum Abend.")
    assert outcomes() == ["perm.txt unchanged", "neu.txt added", "seite unchanged"]
    assert outcomes() == ["perm.txt removed", "neu.txt unchanged", "seite unchanged"]
    assert not any(source.error for source in store.sources())
