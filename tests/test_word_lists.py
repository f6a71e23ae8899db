"""The word lists in ``retrieval/data``."""

from __future__ import annotations

from importlib.resources import files

import pytest

from retrieval.language.word_lists import read_entries, read_words

LISTS = (
    *("stop_words_de.txt", "stop_words_en.txt", "clue_words_de.txt", "clue_words_en.txt"),
    *("sentence_starters_de.txt", "number_nouns_de.txt", "abbreviations_de.txt", "abbreviations_not_final_de.txt"),
    *("nothing_words.txt", "self_test_de.txt", "suspended_hyphen_followers_de.txt", "umlaut_pairs_de.txt"),
    *("umlaut_neighbours_de.txt", "publications_de.txt", "references_de.txt"),
)


@pytest.mark.parametrize("name", LISTS)
def test_word_lists_say_what_they_are_for_and_repeat_nothing(name: str) -> None:
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
