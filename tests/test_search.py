from pathlib import Path
from typing import Any

import pytest

from retrieval.backend import backend_of
from retrieval.search.keyword_index import KeywordIndex
from retrieval.search.search import Search
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.store.store import Store
from retrieval.types import Filter
from tests.collection import BREST, PERM, put
from tests.doubles import HashEmbedder


@pytest.fixture
def store(empty_store: Store) -> Store:
    return empty_store


def searching(store: Store) -> Search:
    backend = backend_of(store)
    return Search(store, HashEmbedder(), backend.vectors, backend.keywords)


def test_the_passage_that_shares_words_comes_first(store: Store) -> None:
    put(store, PERM, "perm.txt")
    put(store, BREST, "brest.txt")
    hits = searching(store).search("Wer ist Gouverneur von Perm?")
    assert hits[0].passage.text.startswith("Dmitri Machonin ist Gouverneur")
    assert hits[0].document.path == "perm.txt"
    assert hits[0].keyword > 0
    assert 0 < hits[0].dense <= 1
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_every_hit_keeps_the_offset_contract(store: Store) -> None:
    put(store, PERM, "perm.txt")
    for hit in searching(store).search("Wann war der Besuch in Minsk?"):
        assert hit.document.text[hit.passage.start : hit.passage.end] == hit.passage.text


def test_near_equal_passages_are_shown_once(store: Store) -> None:
    put(store, PERM, "perm.txt")
    put(store, PERM.replace(".", " .") + "\nEnde der Meldung.", "again.txt")
    put(store, "Der Gouverneur von Perm reist.\nEr reist weit.", "other.txt")
    hits = searching(store).search("Gouverneur der Region Perm")
    texts = [hit.passage.text for hit in hits]
    assert sum("Machonin ist Gouverneur" in text for text in texts) == 1
    assert any("reist weit" in text for text in texts)


def test_a_favoured_article_comes_before_others(store: Store) -> None:
    perm, brest = (put(store, text, path).document_id for text, path in ((PERM, "perm.txt"), (BREST, "brest.txt")))
    search = searching(store)
    for favoured in (perm, brest):
        hits = search.search("Was war in Minsk?", favoured=favoured)
        assert hits[0].document.id == favoured
        assert {hit.document.id for hit in hits} == {perm, brest}
    elsewhere = search.search("Was war in Minsk?", favoured=brest, within=Filter(words=("perm",)))
    assert {hit.document.id for hit in elsewhere} == {perm}
    # What is plainly said elsewhere is not pulled to it.
    assert search.search("Wer ist Gouverneur der Region Perm?", favoured=brest)[0].document.id == perm


def test_limit(store: Store) -> None:
    put(store, PERM, "perm.txt")
    put(store, BREST, "brest.txt")
    assert len(searching(store).search("Minsk", limit=1)) == 1


def test_an_empty_collection_has_no_hits_and_loads_nothing(store: Store) -> None:
    assert searching(store).search("Wer?") == []


def test_a_question_of_stop_words_still_finds_something_by_meaning(store: Store) -> None:
    put(store, PERM, "perm.txt")
    assert searching(store).search("und wer oder was?")


def test_articles_that_vanish_during_the_search_are_left_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, PERM, "perm.txt")
    backend = backend_of(store)
    find = backend.vectors.search

    def vanishing(*arguments: Any) -> list[tuple[int, float]]:
        found = find(*arguments)
        assert found
        store.remove(1)
        return found

    monkeypatch.setattr(backend.vectors, "search", vanishing)
    search = Search(store, HashEmbedder(), backend.vectors, backend.keywords)
    assert search.search("Wer ist Gouverneur von Perm?") == []


def test_loading_repairs_both_indexes_before_the_first_question(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, PERM, "perm.txt")
        FaissVectorIndex(store, recent_rows=0).load()
        for path in store.home.glob("vectors-*.faiss"):
            path.write_bytes(b"damaged")
        with store.database.transaction() as connection:
            connection.execute("INSERT INTO keywords (keywords) VALUES ('delete-all')")
        assert KeywordIndex(store).search(["gouverneur"], 5) == []  # the damage does not show
        notices: list[str] = []
        vectors = FaissVectorIndex(store, notices.append, recent_rows=0)
        keywords = KeywordIndex(store, notices.append)
        search = Search(store, HashEmbedder(), vectors, keywords)
        search.load()
        assert len(notices) == 2 and "Stichwortindex" in notices[0] and "Vektorindex" in notices[1]
        assert search.search("Gouverneur")[0].keyword > 0
        assert len(notices) == 2


def test_an_empty_collection_can_be_loaded(store: Store) -> None:
    search = searching(store)
    search.load()
    put(store, PERM, "perm.txt")
    assert search.search("Gouverneur")
