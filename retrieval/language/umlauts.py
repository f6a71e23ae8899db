"""Words without their umlauts: with what stands for them ("Koeln", "Strasse"), or just without the dots ("Koln")."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from retrieval.language.word_lists import read_words

# What stands for one letter with an umlaut, as the German stemmer sees it: the "ue" of "neue" and "Quelle" does not.
_UNIT = re.compile(r"ae|oe|(?<![aeiouyäöüq])ue|ss|.", re.DOTALL)
_UMLAUT = re.compile("[äöüß]")
_SPELLED_OUT = re.compile("[aou]e")
_SPELLING = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_PLAIN = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"})
_FOLDED = {"ae": "a", "oe": "o", "ue": "u", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "a", "œ": "o", "ı": "i"}


def fold(word: str) -> str:
    """A word in lower case without umlauts and accents, however they are spelled: "grosse" for "Größe", "Groesse"."""
    return "".join(folded for _, folded in _units(word.lower()))


def spelled_out(word: str) -> str:
    """A word in lower case as it is written where there are no umlauts: "koeln"."""
    return word.translate(_SPELLING)


def without_dots(word: str) -> str:
    """A word in lower case with its umlauts just left out: "koln"."""
    return word.translate(_PLAIN)


def spells_out(word: str) -> bool:
    """Whether something in a word may stand for an umlaut: "ae", "oe", "ue"."""
    return bool(_SPELLED_OUT.search(word.lower()))


def is_right_plain(word: str) -> bool:
    """Whether a word, maybe in the genitive, is another one without the umlaut or "ß" than with it: "Laden"."""
    return bool({word.lower(), word.lower().removesuffix("s")} & _pairs())


def is_german_spelling(word: str) -> bool:
    """Whether a lower-case word has no accents but umlauts."""
    return _UMLAUT.sub("", word).isascii()


def with_umlauts(typed: str, form: str, *, missing: bool = False, stem: int | None = None) -> str | None:
    """``typed`` with the umlauts, accents and "ß" of ``form``, in lower case; None where it is another word, or the
    same in all letters.

    What stands for them becomes what it stands for; a letter that merely lacks its dots does so only if they may be
    ``missing``. With ``stem`` only the first so many letters have to agree, and ``typed`` keeps its ending.
    """
    said, known = _units(typed.lower()), _units(form.lower())
    letters, agreeing = [], 0
    for (letter, folded), (other, other_folded) in zip(said, known, strict=False):
        if folded != other_folded:
            break
        if letter != other and (not letter.isascii() or other.isascii() or (len(letter) == 1 and not missing)):
            return None
        letters.append(other)
        agreeing += len(folded)
    if agreeing < stem if stem is not None else not len(letters) == len(said) == len(known):
        return None
    restored = "".join(letters) + "".join(letter for letter, _ in said[len(letters) :])
    return restored if restored != typed.lower() else None


def _units(word: str) -> list[tuple[str, str]]:
    """The letters of a lower-case word, each with what it is without umlaut and accent."""
    return [(unit, unit if unit.isascii() and unit not in _FOLDED else _plain(unit)) for unit in _UNIT.findall(word)]


def _plain(unit: str) -> str:
    return _FOLDED.get(unit) or unicodedata.normalize("NFKD", unit)[0]


@cache
def _pairs() -> frozenset[str]:
    return read_words("umlaut_pairs_de.txt")
