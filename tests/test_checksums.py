"""Damage that SQLite does not see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.errors import StoreError
from retrieval.index_report import IndexOutcome
from retrieval.indexing.indexer import Indexer
from retrieval.language.sentences import SentenceSplitter
from retrieval.search.keyword_index import KeywordIndex
from retrieval.search.search import Search
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.store.store import Store
from retrieval.types import Document
from tests.collection import BREST, PERM
from tests.doubles import HashEmbedder

PLAIN = Document(PERM, "Perm", "BelTA", language="de", path="/perm")
COPY = Document(PERM, "Abschrift", language="de", path="/kopie")
SEEN_IN_AN_ANSWER = (
    "UPDATE documents SET text = replace(text, '17.', '16.') WHERE id = 1",
    "UPDATE documents SET title = 'Pern' WHERE id = 1",
    "UPDATE documents SET source = 'BelTB' WHERE id = 1",
    "UPDATE documents SET published = '2025-05-17' WHERE id = 1",
    "UPDATE documents SET title = CAST(x'41ff' AS TEXT) WHERE id = 1",
    "UPDATE documents SET landmarks = '[[0' WHERE id = 1",
    "UPDATE documents SET seal = x'00' WHERE id = 1",
    "UPDATE documents SET title = 'Abschrieb' WHERE id = 2",
    "UPDATE sentences SET vector = x'00' || substr(vector, 2) WHERE id = 2",
    "UPDATE sentences SET vector = substr(vector, 3) WHERE document_id = 1",
    "UPDATE sentences SET vector = 'x' WHERE id = 2",
)
SEEN_BY_THE_CHECK = (
    'UPDATE sentences SET "start" = 7 WHERE id = 2',
    "DELETE FROM sentences WHERE id = 3",
    'UPDATE passages SET "end" = "end" - 1 WHERE document_id = 1',
    "UPDATE passages SET last_sentence = 0 WHERE document_id = 1",
    "UPDATE passages SET terms = replace(terms, 'perm', 'pern')",
    "UPDATE part_seals SET seal = x'00' WHERE document_id = 1",
    "DELETE FROM part_seals WHERE document_id = 1",
)
NOT_MENDED_BY_INDEXING = ("UPDATE versions SET text = 'Etwas anderes.'",)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "home") as store:
        index(store, Document("Vorher stand hier etwas über Perm.", language="de", path="/perm"))
        index(store, PLAIN, COPY, Document(BREST, "Brest", language="de", path="/brest"))
        store.check()
        yield store


def index(store: Store, *documents: Document) -> list[IndexOutcome]:
    report = Indexer(store, SentenceSplitter(), HashEmbedder()).index_documents(documents)
    return [entry.outcome for entry in report.articles]


def ask(store: Store) -> list[str]:
    search = Search(store, HashEmbedder(), FaissVectorIndex(store), KeywordIndex(store))
    return [hit.document.title for hit in search.search("Wer ist Gouverneur der Region Perm?")]


def damage(store: Store, sql: str) -> None:
    with store.database.transaction() as connection:
        assert connection.execute(sql).rowcount > 0
    store.database.check()  # to SQLite this is all in order
    with pytest.raises(StoreError, match=r"Artikel [12] .*neu einlesen oder .*entfernen"):
        store.check()


@pytest.mark.parametrize("sql", SEEN_IN_AN_ANSWER)
def test_it_is_not_answered_from(store: Store, sql: str) -> None:
    damage(store, sql)
    with pytest.raises(StoreError, match=r"Artikel [12] .*beschädigt"):
        ask(store)


@pytest.mark.parametrize("sql", (*SEEN_IN_AN_ANSWER, *SEEN_BY_THE_CHECK))
def test_indexing_again_mends_it(store: Store, sql: str) -> None:
    damage(store, sql)
    index(store, PLAIN, COPY)
    store.check()
    assert ask(store)[0] == "Perm"
    assert {article.document.path for article in store.articles()} == {"/perm", "/kopie", "/brest"}
    assert [version.document.text for version in store.versions(1)] == ["Vorher stand hier etwas über Perm."]
    assert index(store, PLAIN, COPY) == [IndexOutcome.UNCHANGED, IndexOutcome.DUPLICATE]


@pytest.mark.parametrize("sql", (*SEEN_IN_AN_ANSWER, *SEEN_BY_THE_CHECK, *NOT_MENDED_BY_INDEXING))
def test_removing_it_mends_it(store: Store, sql: str) -> None:
    damage(store, sql)
    for article in store.articles(even_damaged=True):
        if article.document.path in ("/perm", "/kopie"):
            store.remove(article.document.id)
    KeywordIndex(store).load()
    store.check()
    index(store, PLAIN)
    assert ask(store)[0] == "Perm"
