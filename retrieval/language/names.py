"""Names in a question that an article does not have: then it may be about another place or person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import Final

from retrieval.language.compounds import noun_in_vocabulary, split
from retrieval.language.detection import question_language
from retrieval.language.word_lists import read_words

#: Made by ``training/names.py``.
NAMES: Final = "names_de.txt"

_WORD = re.compile(r"[^\W\d_]+")
#: What every German article is about without saying so.
_EVERYWHERE: Final = frozenset({"deutschland", "deutschlands", "europa", "europas"})
#: Countries whose adjective begins otherwise, and how it does.
_ADJECTIVES: Final = {
    "frankreich": "franz", "grossbritannien": "brit", "dänemark": "dän", "polen": "poln", "griechenland": "griech",
}  # fmt: skip
_ENDINGS = re.compile(r"(?:lands?|ien|iens|en|n|a|s)$")
#: What a place has before it, without an article.
_PLACING: Final = frozenset({"in", "aus", "bei", "nach"})
_SHORTEST_STEM: Final = 4  # letters


@lru_cache(maxsize=1_000)
def names_in(question: str) -> tuple[str, ...]:
    """The names in a question, German or English, as far as they are spelled as in German."""
    # What an English question names is mostly spelled otherwise in German, so there only what is known counts.
    placing = _PLACING if question_language(question) == "de" else ()
    names = (
        word
        for before, word in pairwise(["", *_WORD.findall(question)])
        if word in _names() or (before in placing and _is_unknown(word))
    )
    return tuple(dict.fromkeys(name for name in names if name.casefold() not in _EVERYWHERE))


def strange_names(question: str, text: str) -> tuple[str, ...]:
    """The names in a question that a text does not have, in any form ("Bayern" stands in "bayerisch")."""
    names = names_in(question)
    there = text.casefold() if names else ""  # most questions name nothing, and articles can be long
    return tuple(name for name in names if _stem(name.casefold()) not in there)


def together(names: Sequence[str], question: str) -> tuple[str, ...]:
    """Words of names as the question has them: those that follow each other are one name ("Olaf Scholz")."""
    name = "|".join(map(re.escape, names))
    return tuple(dict.fromkeys(re.findall(rf"\b(?:{name})(?: (?:{name}))*\b", question))) if names else ()


def _is_unknown(word: str) -> bool:
    """Whether a word is a noun or a name of which nothing is known."""
    small = word.lower()
    return word[0].isupper() and noun_in_vocabulary(small) is None and not split(small)


def _stem(name: str) -> str:
    """What all forms of a name begin with."""
    adjective = _ADJECTIVES.get(name.removesuffix("s"))
    if adjective:
        return adjective
    stem = _ENDINGS.sub("", name)
    return stem if len(stem) >= _SHORTEST_STEM else name.removesuffix("s")


@cache
def _names() -> frozenset[str]:
    return read_words(NAMES)
