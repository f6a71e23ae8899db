"""Compounds and their parts, and that keyword search finds by them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.language.compounds import VOCABULARY, cheapest_parts, part_terms, split
from retrieval.language.terms import keyword_term
from retrieval.language.word_lists import read_entries
from retrieval.search.keyword_index import KeywordIndex
from retrieval.search.search import question_terms
from retrieval.store.store import Store
from tests.collection import put


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("handelsziel", ("handel", "ziel")),
        ("handelsvolumen", ("handel", "volum")),
        ("werkzeugmaschinenindustrie", ("werk", "zeug", "maschin", "industri")),
        ("regierungschef", ("regier", "chef")),
        ("hochhäuser", ("hoch", "haus")),
        ("schulbuch", ("schul", "buch")),
        ("straßenbahn", ("strass", "bahn")),
        ("strassenbahnen", ("strass", "bahn")),
        ("handel", ()),
        ("minister", ()),
        ("demokratie", ()),
        ("botschafter", ()),
        ("universität", ()),
        ("gesellschaft", ()),
        ("xyzzyxyzzy", ()),
        ("a" * 1000, ()),
    ],
)
def test_parts_of_a_word(word: str, parts: tuple[str, ...]) -> None:
    assert split(word) == parts


def test_the_head_has_to_be_a_noun_and_the_cheapest_parts_win() -> None:
    costs = {"stau": 5.0, "staub": 5.0, "becken": 9.0, "beck": 4.0, "eck": 4.0, "ecke": 4.0}
    assert cheapest_parts("staubecken", costs, {"beck"}) == ("stau", "beck")
    assert cheapest_parts("staubecken", costs, {"eck"}) == ("staub", "eck")
    assert cheapest_parts("staubecken", costs, {"beck", "eck"}) == ("stau", "beck")
    assert cheapest_parts("staubecken", costs, set()) == ()


def test_parts_in_a_text_come_in_order_and_with_repetitions() -> None:
    assert part_terms("Das Handelsziel, das HANDELSZIEL der Straßenbahn.") == ["handel", "ziel"] * 2 + [
        "strass",
        "bahn",
    ]


@given(st.text(max_size=80))
def test_parts_are_terms_whatever_the_text(text: str) -> None:
    assert all(term and not any(map(str.isspace, term)) for term in part_terms(text))


def test_the_vocabulary_holds_terms_each_once() -> None:
    words = [word for line in read_entries(VOCABULARY) for word in line.split()]
    assert len({word.lower() for word in words}) == len(words) > 20_000
    assert all(word.lower().isascii() and word.isalpha() for word in words)
    assert {keyword_term(word) for word in ("handel", "ziel", "maschine", "regierung")} <= {w.lower() for w in words}


@pytest.mark.parametrize(
    ("question", "article"),
    [
        ("Welches Handelsziel gibt es?", "Das Ziel für den Handel steht fest."),
        ("Wie geht es der Werkzeugmaschinenindustrie?", "Die Industrie für Werkzeugmaschinen wächst."),
        ("Wie hoch ist das Ziel?", "Das Handelsziel wurde verfehlt."),
    ],
)
def test_found_by_parts(tmp_path: Path, question: str, article: str) -> None:
    with Store(tmp_path) as store:
        put(store, "Der Bürgermeister sprach über das Wetter.", "/anderes")
        stored = put(store, article, "/gesucht")
        put(store, "In der Kirche läuten die Glocken.", "/drittes")
        hits = KeywordIndex(store).search(question_terms(question), 5)
        assert [store.passages([row])[row].document_id for row, _ in hits] == [stored.document_id]


def test_the_word_itself_counts_more_than_a_part_of_a_compound(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, "Der Zielbahnhof ist neu gebaut.", "/teil")
        whole = put(store, "Der Bahnhof hat ein Ziel erreicht.", "/wort")
        put(store, "In der Kirche läuten die Glocken.", "/drittes")
        put(store, "Am Abend kam der Regen.", "/viertes")
        put(store, "Die Brücke wird gesperrt.", "/fünftes")
        hits = KeywordIndex(store).search(question_terms("Ziel"), 5)
        assert store.passages([hits[0][0]])[hits[0][0]].document_id == whole.document_id
