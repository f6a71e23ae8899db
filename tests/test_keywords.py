from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.backend import backend_of
from retrieval.errors import StoreError
from retrieval.language.terms import keyword_terms
from retrieval.search.indexes import Keywords
from retrieval.search.keyword_index import KeywordIndex
from retrieval.store.store import Store
from retrieval.types import Document, Passage, Segments, Terms
from tests.collection import BREST, PERM, put, sentences_of
from tests.doubles import HashEmbedder

NOTICE = "Der Stichwortindex war beschädigt und wurde aus der Datenbank neu aufgebaut."


@pytest.fixture
def filled(empty_store: Store) -> Store:
    put(empty_store, PERM, "/perm")  # passages 1 and 2
    put(empty_store, BREST, "/brest")  # passage 3
    put(empty_store, "Der Minister sprach.\nDie Größe zählt.", "/rest")  # passage 4
    return empty_store


@pytest.fixture
def store(empty_store: Store) -> Store:
    put(empty_store, PERM, "/perm")
    put(empty_store, BREST, "/brest")
    return empty_store


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as store:
        put(store, PERM, "/perm")
        put(store, BREST, "/brest")
        yield store


def words(store: Store) -> Keywords:
    return backend_of(store).keywords


def found(index: Keywords, question: str, k: int = 10) -> list[int]:
    return [passage for passage, _ in index.search(keyword_terms(question), k)]


def test_passages_with_any_of_the_terms_best_first(filled: Store) -> None:
    index = words(filled)
    hits = index.search(keyword_terms("Gouverneur der Region Perm oder eine Messe?"), 10)
    assert [passage for passage, _ in hits] == [1, 3]
    assert hits[0][1] > hits[1][1] > 0
    assert found(index, "groesse") == [4]
    assert found(index, "Gouverneur der Region Perm oder eine Messe?", k=1) == [1]
    assert found(index, "Arbeitslosenquote") == []
    assert index.search([], 5) == index.search(["perm"], 0) == index.search(["", " ", "\0"], 5) == []


def test_scores_are_fts5s_bm25(filled: Store) -> None:
    # N = 4 passages of 5.25 terms on average, the term once in one of 5 terms:
    # ln((4 - 1 + 0.5) / (1 + 0.5)) * (1.2 + 1) / (1 + 1.2 * (1 - 0.75 + 0.75 * 5 / 5.25))
    lengths = [len(terms.split()) for (terms,) in filled.database.rows("SELECT terms FROM passages ORDER BY id")]
    average = sum(lengths) / 4
    expected = 0.8472978603872037 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * lengths[2] / average))
    assert words(filled).search(["mess"], 5) == [(3, pytest.approx(expected))]


@pytest.mark.parametrize(
    "term",
    ['"', 'a" OR "perm', "perm*", "NOT", "NEAR(perm minsk)", "terms:perm", "^perm", "(", "perm -minsk", "\0perm\0x"],
)
def test_a_term_is_never_syntax(filled: Store, term: str) -> None:
    assert words(filled).search([term], 10) == []


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(), max_size=8))
def test_no_term_can_break_a_query(filled: Store, terms: list[str]) -> None:
    terms = [term.encode("utf-8", "ignore").decode() for term in terms]
    hits = words(filled).search(["perm", *terms], 10)
    assert 1 in [passage for passage, _ in hits]


def test_terms_are_split_at_blanks_only(store: Store) -> None:
    sentences = sentences_of("x")
    vectors = HashEmbedder().embed_texts(["x"])
    store.put(Document("x", path="/x"), Segments(sentences, (), ()), vectors, signature="hash-64")
    text = "Ein Satz."
    only = sentences_of(text)
    passage = Passage(text, 0, 9, 0, 0)
    terms = Terms(("0,5", "c++", "a-b", "@minsk", "größe", "👩"), ())
    segments = Segments(only, (passage,), (terms,))
    stored = store.put(Document(text, path="/y"), segments, HashEmbedder().embed_texts([text]), signature="hash-64")
    index = words(store)
    for term in terms.words:
        ((hit, _),) = index.search([term], 5)
        assert store.passages([hit])[hit].document_id == stored.document_id
    for part in ("0", "5", "c", "a", "b", "minsk", "große"):
        assert stored.document_id not in [store.passages([p])[p].document_id for p, _ in index.search([part], 9)]


def test_a_very_long_question(filled: Store) -> None:
    assert words(filled).search([*(f"wort{i}" for i in range(5000)), "perm"], 5)[0][0] == 1


def test_many_passages_come_in_a_fixed_order(store: Store) -> None:
    for i in range(5):
        put(store, f"Gleich lang, Ort{i}.", f"/{i}")
    hits = words(store).search(["lang"], 10)
    assert [passage for passage, _ in hits] == sorted(passage for passage, _ in hits)
    assert len(hits) == 5


def damage(store: Store, sql: str) -> None:
    with store.database.transaction() as connection:
        connection.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE keywords",
        "UPDATE keywords_data SET block = randomblob(length(block)) WHERE id > 10",
        "UPDATE keywords_data SET block = x'00' WHERE id = 10",
        "DELETE FROM keywords_data WHERE id > 10",
        "DELETE FROM keywords_data",
        "DROP TABLE keywords_data",
        "DROP TABLE keywords_idx",
        "DROP TABLE keywords_docsize",
        "DROP TABLE keywords_config",
        "UPDATE keywords_config SET v = 9",
        "INSERT INTO keywords (keywords) VALUES ('delete-all')",
        "INSERT INTO keywords (rowid, terms) VALUES (99, 'perm')",
    ],
)
def test_a_damaged_index_is_rebuilt_and_said_so(tmp_path: Path, sql: str) -> None:
    with Store(tmp_path) as store:
        put(store, PERM, "/perm")
        put(store, BREST, "/brest")
        damage(store, sql)
    with Store(tmp_path) as store:  # the articles themselves are whole
        notices: list[str] = []
        index = KeywordIndex(store, notices.append)
        assert not index.check()
        index.load()
        assert notices == [NOTICE]
        assert index.check()
        assert found(index, "Perm") == [1]
        index.load()
        assert notices == [NOTICE]


def test_damage_that_shows_in_a_search_is_mended_there(sqlite_store: Store) -> None:
    store = sqlite_store
    notices: list[str] = []
    index = KeywordIndex(store, notices.append)
    damage(store, "DROP TABLE keywords")
    assert found(index, "Perm") == [1]
    assert notices == [NOTICE]


def test_removed_articles_are_not_found(store: Store) -> None:
    notices: list[str] = []
    put(store, "Ganz anderes.", "/perm")
    assert found(words(store), "Perm") == []
    backend_of(store, notices.append).check()
    assert notices == []


def test_other_errors_are_not_taken_for_damage(sqlite_store: Store) -> None:
    store = sqlite_store
    with Store(store.home, busy_timeout=0.05) as reader, store.database.transaction():
        with pytest.raises(StoreError, match="von einem anderen Prozess"):
            KeywordIndex(reader).load()
        assert found(KeywordIndex(reader), "Perm") == [1]  # searching goes on
