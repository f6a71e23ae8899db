"""Keyword terms and the language of a question."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.language.terms import keyword_terms, question_language, read_entries, read_words, text_language

LISTS = (
    *("stop_words_de.txt", "stop_words_en.txt", "clue_words_de.txt", "clue_words_en.txt"),
    *("sentence_starters_de.txt", "number_nouns_de.txt", "abbreviations_de.txt", "abbreviations_not_final_de.txt"),
)


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


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Welches Handelsvolumen wird mittelfristig angestrebt?", "de"),
        ("what trade target was named?", "en"),
        ("Wer ist Gouverneur der Region Perm?", "de"),
        ("Which ministry is responsible for the cooperation in forestry?", "en"),
        ("Was will man in Minsk?", "de"),
        ("How many people live in Gießen?", "en"),
        ("Who is Dmitri Krutoi?", "en"),
        ("Was sagte der Sprecher von Apple Inc.?", "de"),
        ("Und Perm?", "de"),
        ("and Perm?", "en"),
        ("Arbeitslosenquote Minsk", "de"),
        ("trade volume target of Belarus", "en"),
        ("Botschafter?", "de"),
        ("", "de"),
        ("12 345", "de"),
    ],
)
def test_question_language(question: str, language: str) -> None:
    assert question_language(question) == language


@given(st.text(max_size=60))
def test_question_language_is_always_one_of_two(text: str) -> None:
    assert question_language(text) in ("de", "en")


@pytest.mark.parametrize("name", LISTS)
def test_word_lists_say_what_they_are_for_and_repeat_nothing(name: str) -> None:
    from importlib.resources import files

    lines = files("retrieval").joinpath("data", name).read_text(encoding="utf-8").split("\n")
    assert lines[0].startswith("# ")
    entries = read_entries(name)
    assert entries
    assert all("#" not in entry for entry in entries)


def test_clue_words_of_the_two_languages_do_not_overlap() -> None:
    assert read_words("clue_words_de.txt") & read_words("clue_words_en.txt") == frozenset()


def test_question_words_are_stop_words() -> None:
    stop_words = read_words("stop_words_de.txt") | read_words("stop_words_en.txt")
    assert {"wer", "wann", "welche", "warum", "who", "when", "which", "why"} <= stop_words
    assert not {"not", "gift", "rat"} & stop_words


TEXTS = {
    "Börsenkurse Frankfurt: DAX minus 0,4 Prozent, MDAX plus 0,2 Prozent. Gewinner: Siemens, Allianz, Bayer. "
    "Umsätze schwach, Anleger zurückhaltend vor Zinsentscheid der Notenbank in der kommenden Woche.": "de",
    "Siemens": "de",
    "": "de",
    "The mayor said that the new swimming pool will open next year, and that costs are lower than expected. "
    "Residents are happy with the decision.": "en",
    "De regering heeft maandag bekendgemaakt dat het nieuwe zwembad in Utrecht volgend jaar wordt geopend. "
    "Volgens de burgemeester zijn de kosten lager dan verwacht.": "other",
    "Le gouvernement a annoncé lundi que la nouvelle piscine de Lyon ouvrira l'année prochaine. Selon le maire, "
    "les travaux ont beaucoup avancé ces derniers mois.": "other",
    "Regeringen meddelade på måndagen att den nya simhallen i Uppsala öppnar nästa år. Enligt borgmästaren har "
    "arbetet gått framåt mycket under de senaste månaderna.": "other",
    "Hükümet pazartesi günü Ankara'daki yeni yüzme havuzunun gelecek yıl açılacağını duyurdu. Belediye başkanına "
    "göre çalışmalar son aylarda çok ilerledi ve maliyetler düşük.": "other",
    "Правительство сообщило в понедельник, что новый бассейн в Перми откроется в следующем году. По словам мэра, "
    "работы сильно продвинулись за последние месяцы, и жители довольны.": "other",
}


@pytest.mark.parametrize("text", TEXTS)
def test_text_language(text: str) -> None:
    assert text_language(text) == TEXTS[text]
