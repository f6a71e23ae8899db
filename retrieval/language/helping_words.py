"""Words that any question may hold, whatever it is about."""

from __future__ import annotations

from functools import cache

from retrieval.language.detection import Language
from retrieval.language.question_words import words_of
from retrieval.language.umlauts import fold, is_right_plain, spelled_out
from retrieval.language.word_lists import read_words


@cache
def listed_words(language: Language) -> frozenset[str]:
    """The words in all the lists of a language."""
    words = words_of(language)
    return words.stop.union(read_words(f"clue_words_{language}.txt"), *words.lists.values())


@cache
def helping_words() -> frozenset[str]:
    """German words that help to ask; keyword search leaves most of them out."""
    words = read_words("stop_words_de.txt") | read_words("clue_words_de.txt")
    return frozenset(word for word in words if word.isalpha())


def plain_helping_word(typed: str) -> str | None:
    """The German helping word that ``typed`` in lower case is without its umlauts: "fuer", "wahrend"."""
    return _plain_helping_words().get(typed)


@cache
def _plain_helping_words() -> dict[str, str]:
    words = helping_words()
    ways = {way: word for word in words if not word.isascii() for way in (fold(word), spelled_out(word))}
    others = words | read_words("stop_words_en.txt")
    return {way: word for way, word in ways.items() if way not in others and not is_right_plain(way)}
