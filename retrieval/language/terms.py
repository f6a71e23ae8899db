"""The terms that texts and questions share in keyword search: German stems, without stop words."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cache, lru_cache
from typing import Any

from retrieval.language.umlauts import spelled_out
from retrieval.language.word_lists import read_words

# Words and numbers, "U2" and "5G". A number keeps its decimal comma, clock and date points: "0,5", "9.30", "1.3.2024".
_TERM = re.compile(r"\d+[^\W\d_]\b|\d+(?:[.,:]\d+)*|[^\W\d_]+\d*")
_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+")
# Letters that Unicode does not decompose into a base letter and a mark.
_FOLDED = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "a", "œ": "o", "ı": "i"})
_INVISIBLE = re.compile("[\u00ad\u200b\u200c\u200d\u2060\ufeff]")

#: Letters of the longest word that counts as one.
LONGEST_WORD = 60

_stemming = threading.Lock()


def keyword_terms(text: str) -> list[str]:
    """The terms of ``text`` for keyword search, in order and with repetitions.

    Lower case; German and English stop words and single letters left out; German snowball stems; umlauts, "ß" and
    accents folded, so that "Größe", "Groesse" and "GRÖSSE" are one term. Numbers stay as they are ("0,5", "9.30")
    but for points between thousands ("160.000" becomes "160000"). A term holds no blanks.
    """
    words = keyword_words(text)
    # What is longer is no word, and would only fill the cache.
    return [term for word in words if (term := (keyword_term if len(word) <= LONGEST_WORD else _term)(word))]


def keyword_words(text: str) -> list[str]:
    """The lower-case words and numbers of ``text`` that ``keyword_terms`` makes terms of."""
    return _TERM.findall(_INVISIBLE.sub("", unicodedata.normalize("NFC", text)).lower())


@lru_cache(maxsize=200_000)
def keyword_term(word: str) -> str:
    """The term of one of the ``keyword_words``, "" when it is left out."""
    return _term(word)


def _term(word: str) -> str:
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
    return words | set(map(spelled_out, words))
