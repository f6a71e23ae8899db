from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.keywords import KeywordIndex
from retrieval.search import Search
from retrieval.store import Store
from retrieval.vectors import FaissVectorIndex
from tests.collection import BREST, PERM, put
from tests.doubles import HashEmbedder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as store:
        yield store


def searching(store: Store) -> Search:
    return Search(store, HashEmbedder(), FaissVectorIndex(store), KeywordIndex(store))


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


def test_limit(store: Store) -> None:
    put(store, PERM, "perm.txt")
    put(store, BREST, "brest.txt")
    assert len(searching(store).search("Minsk", limit=1)) == 1


def test_an_empty_collection_has_no_hits_and_loads_nothing(store: Store) -> None:
    assert searching(store).search("Wer?") == []


def test_a_question_of_stop_words_still_finds_something_by_meaning(store: Store) -> None:
    put(store, PERM, "perm.txt")
    assert searching(store).search("und wer oder was?")
