"""What is looked at again and again, and files that need not be read again."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.indexing.indexer import Indexer
from retrieval.language.sentences import SentenceSplitter
from retrieval.store.store import Store
from retrieval.types import Source, SourceKind
from tests.collection import BREST, PERM, put
from tests.doubles import HashEmbedder


@pytest.fixture
def store(empty_store: Store) -> Store:
    return empty_store


def test_sources_come_back_as_they_were_put(store: Store) -> None:
    feed = Source("https://x.by/feed", SourceKind.FEED, '"abc"', "Fri, 17 May 2024", "2024-05-17T08:30:00Z", "zu spät")
    page = Source("https://x.by/", SourceKind.PAGE)
    store.put_source(page)
    store.put_source(feed)
    assert store.sources() == [page, feed]
    assert store.sources(SourceKind.FEED) == [feed]
    store.put_source(replace(feed, error=""))
    assert store.sources(SourceKind.FEED) == [replace(feed, error="")]
    assert store.remove_source(feed.location)
    assert not store.remove_source(feed.location)
    assert store.sources() == [page]


def test_indexed_folders_are_remembered(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "perm.txt").write_text(PERM)
    indexer = Indexer(store, SentenceSplitter(), HashEmbedder())
    indexer.index([folder / "perm.txt"])
    assert store.sources() == []
    indexer.index([folder])
    (source,) = store.sources()
    assert (source.location, source.kind, source.error) == (str(folder), SourceKind.FOLDER, "")
    store.put_source(replace(source, error="weg"))
    indexer.index([folder])
    assert store.sources() == [replace(source, error="weg")]


def test_a_file_is_skipped_as_long_as_it_and_its_articles_are_the_same(store: Store) -> None:
    old = time.time_ns() - 60_000_000_000
    put(store, PERM, "/a.zip#eins")
    put(store, BREST, "/a.zip#zwei")
    store.put_file("/a.zip", 100, old, ["/a.zip#eins", "/a.zip#zwei"])
    assert store.is_read("/a.zip", 100, old)
    assert not store.is_read("/a.zip", 101, old)
    assert not store.is_read("/a.zip", 100, old + 1)
    store.put_file("/a.zip", 101, old + 1, ["/a.zip#eins", "/a.zip#zwei"])
    assert not store.is_read("/a.zip", 100, old)
    assert store.is_read("/a.zip", 101, old + 1)
    store.remove(2)
    assert not store.is_read("/a.zip", 101, old + 1)


def test_a_file_that_has_just_changed_is_read_again(store: Store) -> None:
    put(store, PERM, "/a")
    now = time.time_ns()
    store.put_file("/a", 100, now, ["/a"])
    assert not store.is_read("/a", 100, now)
