"""What Fundstelle knows about German: keyword terms, and the language of a question or an article.

The word lists lie in ``retrieval/data``, with their reasons.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

#: The languages that questions are asked in.
Language = Literal["de", "en"]

# Words and numbers, "U2" and "5G". A number keeps its decimal comma, clock and date points: "0,5", "9.30", "1.3.2024".
_TERM = re.compile(r"\d+[^\W\d_]\b|\d+(?:[.,:]\d+)*|[^\W\d_]+\d*")
_WORD = re.compile(r"[^\W\d_]+")
_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+")
_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
# Letters that Unicode does not decompose into a base letter and a mark.
_FOLDED = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "a", "œ": "o", "ı": "i"})
_INVISIBLE = re.compile("[\u00ad\u200b\u200c\u200d\u2060\ufeff]")
_UMLAUT = re.compile("[äöüß]")
_FOREIGN = re.compile("[^a-zäöüß]")

# Articles in German and English have 0.6 to 1.1 points a word, in other languages up to 0.3 when their own letters
# count against them.
_LEAST_POINTS = 0.45
_ENOUGH_WORDS = 20
_TELLING_CHARS = 4000

_stemming = threading.Lock()


def read_entries(name: str) -> list[str]:
    """The lines of a word list in ``retrieval/data``, without comments ("#") and empty lines."""
    lines = files("retrieval").joinpath("data", name).read_text(encoding="utf-8").split("\n")
    entries = (line.partition("#")[0].strip() for line in lines)
    return [entry for entry in entries if entry]


def read_words(name: str) -> frozenset[str]:
    """The words of a list in ``retrieval/data`` that are separated by blanks or line ends."""
    return frozenset(word for entry in read_entries(name) for word in entry.split())


def keyword_terms(text: str) -> list[str]:
    """The terms of ``text`` for keyword search, in order and with repetitions.

    Lower case; German and English stop words and single letters left out; German snowball stems; umlauts, "ß" and
    accents folded, so that "Größe", "Groesse" and "GRÖSSE" are one term. Numbers stay as they are ("0,5", "9.30")
    but for points between thousands ("160.000" becomes "160000"). A term holds no blanks.
    """
    return [term for word in keyword_words(text) if (term := keyword_term(word))]


def keyword_words(text: str) -> list[str]:
    """The lower-case words and numbers of ``text`` that ``keyword_terms`` makes terms of."""
    return _TERM.findall(_INVISIBLE.sub("", unicodedata.normalize("NFC", text)).lower())


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
    clues = [_clues(word) for word in words]
    return sum(german for german, _ in clues), sum(english for _, english in clues)


@lru_cache(maxsize=200_000)
def keyword_term(word: str) -> str:
    """The term of one of the ``keyword_words``, "" when it is left out."""
    if word[0].isdigit():
        return word.replace(".", "") if _THOUSANDS.fullmatch(word) else word
    if len(word) == 1 or word in _stop_words():
        return ""
    if not word.isascii():
        word = "".join(letter if letter in "äöüß" else _plain(letter) for letter in word)
    # The stemmer takes umlauts and their spelled-out forms ("ae") to one stem. The lock, because one stemmer must not
    # be used by two threads; the cache makes it a rare stop.
    with _stemming:
        stem: str = _stemmer().stemWord(word)
    return stem if stem.isascii() else "".join(map(_plain, stem))


def _plain(letter: str) -> str:
    """A letter without its accent, as lower-case letters and digits."""
    decomposed = unicodedata.normalize("NFKD", letter.translate(_FOLDED)).lower()
    return "".join(part for part in decomposed if part.isalnum())


@cache
def _stemmer() -> Any:
    from Stemmer import Stemmer

    return Stemmer("german", 0)  # without its own cache: ours is in front of it


@cache
def _stop_words() -> frozenset[str]:
    words = read_words("stop_words_de.txt") | read_words("stop_words_en.txt")
    return words | {word.translate(_SPELLED_OUT) for word in words}


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
