"""Searching in some of the articles only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.access.filters import filter_from
from bot.errors import FilterError
from bot.render.wording import describe_filter
from retrieval.backend import backend_of
from retrieval.language.terms import keyword_terms
from retrieval.search import keyword_index
from retrieval.search.filter_scope import Scopes
from retrieval.search.keyword_index import KeywordIndex
from retrieval.search.search import PASSAGE_CANDIDATES, SENTENCE_CANDIDATES, Search
from retrieval.store.rows import from_document
from retrieval.store.store import Store
from retrieval.types import Document, Filter, Landmark
from tests.collection import BREST, PERM, put
from tests.doubles import HashEmbedder


@pytest.fixture
def store(empty_store: Store) -> Store:
    return filled(empty_store)


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as store:
        yield filled(store)


def filled(store: Store) -> Store:
    put(store, PERM, "/perm.txt", title="Perm", source="BelTA", published="2024-05-17")
    put(store, BREST, "/brest.txt", title="Messe", source="dpa/ÄRZTE", published="2024-06-01")
    put(store, "Ohne Datum reist der Gouverneur.\nEr reist weit.", "/ohne.txt", title="Reise", source="BelTA")
    return store


@pytest.mark.parametrize(
    ("within", "ids"),
    [
        (Filter(), [1, 2, 3]),
        (Filter(source="elt"), [1, 3]),
        (Filter(source="ärzte"), [2]),
        (Filter(source="%"), []),
        (Filter(since="2024-05-17"), [1, 2]),
        (Filter(since="2024-05-18"), [2]),
        (Filter(until="2024-05-17"), [1]),
        (Filter(until="2030-01-01"), [1, 2]),
        (Filter(since="2024-05-17", until="2024-05-31", source="belta"), [1]),
        (Filter(words=("belta", "PERM")), [1]),
        (Filter(words=("perm", "messe")), []),
        (Filter(words=("perm", "p", "%", '"', "\\")), []),
        (Filter(words=("belta", *("perm" * n for n in range(2)), *("P",) * 3000)), [1]),
        (Filter(words=tuple(f"perm{n}" for n in range(3000))), []),
    ],
)
def test_which_articles_match(store: Store, within: Filter, ids: list[int]) -> None:
    assert store.matching_ids(within) == ids
    assert [article.document.id for article in store.articles(within)] == ids
    assert bool(within) == (within != Filter())


def test_articles_that_ocr_read_are_left_out(store: Store) -> None:
    marked = (Landmark(0, 1), Landmark(9, 2, 'Kopf", true]', ocr=True))
    put(store, "Ein Scan sagt etwas.", "/scan.pdf", landmarks=marked)
    put(store, "Ein Text sagt es auch, nur anders.", "/text.pdf", landmarks=(Landmark(0, 1, 'Kopf", true]'),))
    assert store.matching_ids(Filter(without_ocr=True)) == [1, 2, 3, 5]
    assert store.matching_ids(Filter(source="belta", without_ocr=True)) == [1, 3]
    assert store.articles(Filter())[3].document.landmarks == marked
    scan, text = store.articles(Filter())[3:]
    assert from_document(scan.document)["landmarks"].endswith(", true]]")
    assert from_document(text.document)["landmarks"] == '[[0, 1, "Kopf\\", true]"]]'


def searching(store: Store) -> Search:
    backend = backend_of(store)
    return Search(store, HashEmbedder(), backend.vectors, backend.keywords)


def test_few_among_many_are_found(store: Store) -> None:
    for number in range(SENTENCE_CANDIDATES // 2 + 20):  # all nearer to the question than the one that counts
        text = f"Gouverneur Machonin Perm Nummer {number}.\nGouverneur von Perm, Teil {number}."
        put(store, text, f"/{number}", source="Viel")
    search = searching(store)
    question = "Gouverneur Machonin Perm Nummer?"
    assert PASSAGE_CANDIDATES < 80
    assert {hit.document.source for hit in search.search(question, limit=50)} == {"Viel"}
    hits = search.search(question, limit=50, within=Filter(source="BelTA"))
    assert {hit.document.id for hit in hits} == {1, 3}
    assert hits[0].document.id == 1
    assert hits[0].keyword > 0
    assert search.search(question, within=Filter(source="niemand")) == []


def test_both_indexes_keep_to_the_chosen_articles(store: Store) -> None:
    backend = backend_of(store)
    terms = keyword_terms("Gouverneur Minsk")
    everywhere = dict(backend.keywords.search(terms, 10))
    chosen = backend.keywords.search(terms, 10, article=2)
    assert [passage.document_id for passage in store.passages(row for row, _ in chosen).values()] == [2]
    assert all(everywhere[row] == score for row, score in chosen)
    assert backend.keywords.search(terms, 10, Filter(source="dpa")) == chosen
    query = HashEmbedder().embed_questions(["Wer ist Gouverneur?"])[0]
    assert store.sentence_ids([2, 3]).tolist() == [4, 5, 6, 7]
    index, dated = backend.vectors, Filter(since="2024-06-01")
    assert [row for row, _ in index.search(query, 3)] == [row for row, _ in index.search(query, 3, Filter())]
    assert sorted(row for row, _ in index.search(query, 10, dated)) == [4, 5]
    assert sorted(row for row, _ in index.search(query, 10, dated, 2)) == [4, 5]
    assert sorted(row for row, _ in index.search(query, 10, article=3)) == [6, 7]
    assert index.search(query, 10, dated, 3) == []  # it has no date
    assert index.search(query, 10, Filter(source="niemand")) == []


@pytest.mark.parametrize("reserve", [1, 2, 8])
def test_many_articles_are_searched_as_few_are(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch, reserve: int
) -> None:
    store = sqlite_store
    for number in range(30):
        put(store, f"Gouverneur Nummer {number}.\nIn Minsk.", f"/{number}", source="Viel" if number % 2 else "Mehr")
    terms, among = keyword_terms("Gouverneur Minsk"), frozenset(store.matching_ids(Filter(source="Viel")))
    index = KeywordIndex(store)
    expected = {k: index.best(terms, k, among) for k in (1, 5, 15, 40)}
    assert len(expected[40]) == 15
    monkeypatch.setattr(keyword_index, "MANY_ARTICLES", 3)
    monkeypatch.setattr(keyword_index, "RESERVE", reserve)
    assert {k: index.best(terms, k, among) for k in (1, 5, 15, 40)} == expected


def test_what_a_filter_lets_through_is_kept_while_nothing_changes(sqlite_store: Store) -> None:
    store = sqlite_store
    scopes, within = Scopes(store), Filter(source="AFP")
    assert not scopes.of(within).articles
    assert scopes.of(within) is scopes.of(within)
    store.store_without_embedding(Document(PERM, "Abschrift", "AFP", path="/kopie.txt"))
    assert (scopes.of(within).articles, scopes.of(within).sentences.tolist()) == ({1}, [1, 2, 3])
    store.store_without_embedding(
        Document(PERM, "Abschrift", "dpa", path="/kopie.txt")
    )  # the copy's source is corrected
    assert not scopes.of(within).articles
    put(store, "Ein ganz anderer Artikel.\nEr handelt von Wien.", "/neu.txt", source="AFP")
    assert scopes.of(within).articles == {5}
    assert scopes.of(Filter(source="BelTA")).articles == {1, 3}
    store.remove(5)
    assert not scopes.of(within).articles


def test_an_article_counts_if_a_copy_does(store: Store) -> None:
    store.store_without_embedding(Document(PERM, "Abschrift", "AFP", published="2024-07-01", path="/kopie.txt"))
    search = searching(store)
    hits = search.search("Wer ist Gouverneur?", within=Filter(source="AFP"))
    assert {hit.document.id for hit in hits} == {1}
    assert [copy.source for copy in hits[0].copies] == ["AFP"]
    assert store.matching_ids(Filter(since="2024-07-01")) == [1]
    assert [article.document.path for article in store.articles(Filter(source="AFP"))] == ["/kopie.txt"]


def test_dates_as_germans_write_them() -> None:
    assert filter_from(" dpa ", "17. Mai 2024", "1.6.2024", "de") == Filter("dpa", "2024-05-17", "2024-06-01")
    assert filter_from(None, None, None, "de", no_ocr=True) == Filter(without_ocr=True)
    assert describe_filter(Filter("dpa", without_ocr=True), "de") == "Quelle: dpa, ohne Texterkennung"
    assert filter_from(None, None, None, "de", ["Wort"]) == Filter(words=("Wort",))
    assert describe_filter(filter_from("dpa", "2024-05-17", None, "de"), "de") == "Quelle: dpa, seit 17. Mai 2024"
    assert describe_filter(filter_from(None, None, "2024-05-17", "en"), "en") == "until 17 May 2024"
    assert describe_filter(Filter(), "de") == ""


@pytest.mark.parametrize("wrong", ["gestern", "2024-02-30", "17.5.", "2024-13", "Foo 2024"])
def test_what_is_no_date_is_said(wrong: str) -> None:
    for dates in ((wrong, None), (None, wrong)):
        with pytest.raises(FilterError, match=f"„{wrong}“ ist kein Datum"):
            filter_from(None, *dates, "de")


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        *(("2025", "2025-01-01", "2025-12-31"), ("Mai 2024", "2024-05-01", "2024-05-31")),
        *(("Feb. 2024", "2024-02-01", "2024-02-29"), ("Jänner 2023", "2023-01-01", "2023-01-31")),
        *(("5/2024", "2024-05-01", "2024-05-31"), ("2024-11", "2024-11-01", "2024-11-30")),
        *(("May 2024", "2024-05-01", "2024-05-31"), ("17.5.2024", "2024-05-17", "2024-05-17")),
    ],
)
def test_a_month_or_a_year_is_from_its_first_day_to_its_last(value: str, first: str, last: str) -> None:
    assert filter_from(None, value, value, "de") == Filter("", first, last)


def test_an_end_before_the_beginning_is_said() -> None:
    with pytest.raises(FilterError, match=r"2024-05-16.*vor.*2024-05-17"):
        filter_from(None, "2024-05-17", "2024-05-16", "de")
