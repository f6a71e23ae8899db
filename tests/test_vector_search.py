"""The nearest sentences, on both engines: all compared one by one, and through the index that many need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.backend import backend_of, open_backend
from retrieval.errors import StoreError
from retrieval.search.indexes import VectorIndex
from retrieval.search.search import SENTENCE_CANDIDATES
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.store.database import Database
from retrieval.store.store import Store
from retrieval.store.stored import Prepared
from retrieval.types import Document, Filter, Segments
from tests.collection import BREST, PERM, put, sentences_of
from tests.doubles import HashEmbedder

Opened = Callable[[], VectorIndex]


@pytest.fixture
def store(empty_store: Store) -> Store:
    return empty_store


@pytest.fixture(params=["compared", "indexed"])
def opened(request: pytest.FixtureRequest, store: Store, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Opens the vector index of the store as a process does that starts."""
    indexed = request.param == "indexed"
    if not isinstance(store.database, Database):
        from retrieval.postgres import vectors

        monkeypatch.setattr(vectors, "EXACT_SENTENCES", 0 if indexed else 20_000)

    def opening() -> VectorIndex:
        if not isinstance(store.database, Database):
            backend = backend_of(store)
            backend.after_writing()
            assert backend.size()[1] > 0 or not indexed or not store.sentence_count()
            return backend.vectors
        index = FaissVectorIndex(store, recent_rows=0 if indexed else 20_000)
        index.load()
        return index

    return opening


def vector(text: str) -> NDArray[np.float32]:
    return HashEmbedder().embed_questions([text])[0]


def assert_right(index: VectorIndex, store: Store) -> None:
    """Every sentence finds itself first, and the index has no others."""
    ids = store.sentence_ids().tolist()
    assert len(index) == len(ids)
    for block_ids, vectors in store.all_vectors():
        for sentence_id, row in zip(block_ids, vectors, strict=True):
            hits = index.search(row, len(ids) + 10)
            assert hits[0] == (sentence_id, pytest.approx(1.0, abs=0.03))
            assert sorted(hit for hit, _ in hits) == ids


def test_the_nearest_sentences_with_their_cosines(store: Store, opened: Opened) -> None:
    put(store, PERM, "/perm")
    put(store, BREST, "/brest")
    index, query = opened(), vector("Gouverneur der Region Perm")
    expected = HashEmbedder().embed_texts([s.text for text in (PERM, BREST) for s in sentences_of(text)]) @ query
    hits = index.search(query, 2)
    assert hits[0] == (1, pytest.approx(expected[0], abs=0.03))
    assert [score for _, score in hits] == pytest.approx(sorted(expected, reverse=True)[:2], abs=0.03)
    assert_right(index, store)


def test_more_than_there_are_and_none(store: Store, opened: Opened) -> None:
    put(store, PERM, "/perm")
    put(store, BREST, "/brest")
    index = opened()
    assert sorted(hit for hit, _ in index.search(vector("Perm"), 1000)) == [1, 2, 3, 4, 5]
    assert index.search(vector("Perm"), 0) == []
    with pytest.raises(ValueError, match="32 dimensions"):
        index.search(np.ones(32, dtype=np.float32), 5)


def test_an_empty_store(store: Store, opened: Opened) -> None:
    index = opened()
    assert (index.search(vector("Perm"), 5), len(index)) == ([], 0)
    put(store, PERM, "/perm")
    assert index.search(vector("Gouverneur"), 1)[0][0] == 1


def test_what_another_process_adds_and_removes_is_noticed(store: Store, opened: Opened, database_url: str) -> None:
    put(store, PERM, "/perm")
    put(store, BREST, "/brest")
    index = opened()
    with open_backend(store.home, database_url).store as other:
        put(other, "Neu ist der Flughafen in Gomel.", "/neu")
        assert index.search(vector("Flughafen Gomel"), 1)[0][0] == 6
        put(other, "Etwas anderes.", "/perm")
    assert_right(index, store)
    assert store.sentence_ids().tolist() == [4, 5, 6, 7]
    assert_right(opened(), store)


def test_all_articles_may_go(store: Store, opened: Opened) -> None:
    put(store, PERM, "/perm")
    index = opened()
    store.remove(1)
    assert index.search(vector("Perm"), 5) == []
    assert len(opened()) == 0
    put(store, PERM, "/perm")
    assert_right(index, store)


def test_another_embedder_meanwhile(store: Store, opened: Opened) -> None:
    put(store, PERM, "/perm")
    index = opened()
    index.search(vector("Perm"), 5)
    with store.change() as connection:
        store.set_meta(connection, "embedder_signature", "other-64")
    with pytest.raises(StoreError, match=r"anderes Vektormodell umgestellt \(other-64\).*neu öffnen"):
        index.search(vector("Perm"), 5)
    assert_right(opened(), store)


TOPICS, DIMENSION = 60, 64


def fill_with_topics(store: Store, rng: np.random.Generator, centres: NDArray[np.float32]) -> None:
    """160 articles of 50 sentences, each about a topic; all of a topic are of one source."""
    articles = []
    for number in range(160):
        text = "\n".join(f"Satz {i} in Artikel{number} sagt {rng.integers(1 << 60)}." for i in range(50))
        source = "Wenige" if number % 20 == 19 else "Manche" if number % 20 >= 12 else "Viele"
        document = Document(text, source=source, path=f"/{number}")
        segments = Segments(sentences_of(text), (), ())
        articles.append(Prepared(document, segments, around(centres[number % TOPICS], 50, 0.7, rng)))
    store.put_all(articles, signature="topics-64")


def around(centre: NDArray[np.float32], count: int, spread: float, rng: np.random.Generator) -> NDArray[np.float32]:
    rows = centre + spread * rng.normal(size=(count, DIMENSION))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_hnsw_finds_nearly_all_that_comparing_finds(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from retrieval.postgres import vectors

    rng = np.random.default_rng(7)
    centres = rng.normal(size=(TOPICS, DIMENSION)).astype(np.float32)
    # So few sentences would rather be sorted; where there are millions, PostgreSQL goes through the index.
    backend = open_backend(Path("/nowhere"), f"{postgres_url}&options=-c%20enable_sort%3Doff")
    with backend.store as store:
        fill_with_topics(store, rng, centres)
        queries = [around(centres[rng.integers(TOPICS)], 1, 0.9, rng)[0] for _ in range(100)]
        scopes = [None, *(Filter(source=source) for source in ("Viele", "Manche", "Wenige"))]
        exact = [[backend.vectors.search(query, 10, within) for query in queries] for within in scopes]
        monkeypatch.setattr(vectors, "EXACT_SENTENCES", 300)
        assert backend.index_state() == "behind"
        backend.after_writing()
        backend.after_writing()  # there is nothing more to do
        assert backend.index_state() == "current"
        assert backend.size()[1] > 0

        def through_the_index(sql: str, parameters: Sequence[object] = ()) -> list[Any]:
            if "<=>" in sql:
                plan = [line for (line,) in rows(f"EXPLAIN {sql}", parameters)]
                assert any("Index Scan using sentences_near_64" in line for line in plan), plan
            return rows(sql, parameters)

        rows = store.database.rows
        monkeypatch.setattr(store.database, "rows", through_the_index)
        for within, expected in zip(scopes, exact, strict=True):
            common = 0
            for query, nearest in zip(queries, expected, strict=True):
                found = backend.vectors.search(query, 10, within)
                scores = [score for _, score in found]
                assert scores == sorted(scores, reverse=True)
                common += len({row for row, _ in found} & {row for row, _ in nearest})
            assert common >= 0.98 * 10 * len(queries), within
            # As many as a question asks for, best first, too.
            scores = [score for _, score in backend.vectors.search(queries[0], SENTENCE_CANDIDATES, within)]
            assert scores == sorted(scores, reverse=True)
            assert len(scores) == SENTENCE_CANDIDATES
