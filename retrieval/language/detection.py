"""Which language a question or an article is in, by telling words and endings."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Literal

from retrieval.language.word_lists import read_words

#: The languages that questions are asked in.
Language = Literal["de", "en"]

_WORD = re.compile(r"[^\W\d_]+")
_UMLAUT = re.compile("[äöüß]")
_FOREIGN = re.compile("[^a-zäöüß]")

# Articles in German and English have 0.6 to 1.1 points a word, in other languages up to 0.3 when their own letters
# count against them.
_LEAST_POINTS = 0.45
_ENOUGH_WORDS = 20
_TELLING_CHARS = 4000
_LONGEST_WORD = 60  # of one that is longer, the end tells


def question_language(text: str, default: Language = "de") -> Language:
    """The language of a question, by telling words and endings; ``default`` where they do not decide."""
    german, english = _points(_words(text))
    if english == german:
        return default
    return "en" if english > german else "de"


def text_language(text: str) -> Literal["de", "en", "other"]:
    """The language of an article, by the telling words and endings of its beginning.

    "other" where there are few of either language in enough words to tell; "de" where nothing decides.
    """
    words = _words(text[:_TELLING_CHARS])
    german, english = _points(words)
    foreign = sum(2 for word in words if _FOREIGN.search(word))
    if len(words) >= _ENOUGH_WORDS and max(german, english) - foreign < _LEAST_POINTS * len(words):
        return "other"
    return "en" if english > german else "de"


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())


def _points(words: list[str]) -> tuple[int, int]:
    """How much speaks for German and for English."""
    clues = [_clues(word[-_LONGEST_WORD:]) for word in words]
    return sum(german for german, _ in clues), sum(english for _, english in clues)


@lru_cache(maxsize=20_000)
def _clues(word: str) -> tuple[int, int]:
    """How much one lower-case word speaks for German and for English."""
    points = []
    for words, endings in (_clue_words("de"), _clue_words("en")):
        points.append(2 if word in words else int(len(word) > 4 and word.endswith(endings)))
    return points[0] + 2 * bool(_UMLAUT.search(word)), points[1]


@cache
def _clue_words(language: str) -> tuple[frozenset[str], tuple[str, ...]]:
    entries = read_words(f"clue_words_{language}.txt")
    return frozenset(entries), tuple(entry[1:] for entry in entries if entry.startswith("-"))
