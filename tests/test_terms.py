"""Keyword terms."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.language.terms import keyword_terms


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Welches Handelsvolumen wird mittelfristig angestrebt?", ["handelsvolum", "mittelfrist", "angestrebt"]),
        ("Wer ist Gouverneur der Region Perm?", ["gouverneur", "region", "perm"]),
        ("what trade target was named?", ["trad", "targ", "named"]),
        ("Wie hoch ist die Arbeitslosenquote in Minsk?", ["hoch", "arbeitslosenquot", "minsk"]),
        ("Größe, Groesse, GRÖSSE, Grösse", ["gross"] * 4),
        ("Straße Strasse STRASSE Straßen", ["strass"] * 4),
        ("Müller Mueller Muller", ["mull"] * 3),
        ("Wirt\u00adschaft wirtschaft", ["wirtschaft"] * 2),
        ("Café Cafe\u0301 Łódź", ["caf", "caf", "lodz"]),
        ("0,5 Milliarden Dollar am 1.3.2024 um 9.30 Uhr", ["0,5", "milliard", "dollar", "1.3.2024", "9.30", "uhr"]),
        ("160.000 km², 1.234.567", ["160000", "km2", "1234567"]),
        ("Platz 10.", ["platz", "10"]),
        ("US-Präsident, 25-Meter-Becken, 5G, U2", ["us", "prasident", "25", "met", "beck", "5g", "u2"]),
        ("fuer für FÜR wofür wofuer", []),
        ("Haus Häuser Haeuser", ["haus"] * 3),
        ("A B c", []),
        ("„…“ – ?! 🙂", []),
        ("", []),
    ],
)
def test_keyword_terms(text: str, terms: list[str]) -> None:
    assert keyword_terms(text) == terms


@given(st.text(max_size=60))
def test_terms_are_clean_whatever_the_text(text: str) -> None:
    terms = keyword_terms(text)
    assert terms == keyword_terms(unicodedata.normalize("NFD", text))
    for term in terms:
        assert term
        assert not any(character.isspace() for character in term)
        assert term == term.lower()


def test_stemming_from_several_threads_gives_the_same_terms() -> None:
    texts = [f"Häuser{letter}{other}ungen" for letter in "abcdefghij" for other in "klmnopqrst"]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(keyword_terms, texts * 4))
    assert together == [keyword_terms(text) for text in texts] * 4
