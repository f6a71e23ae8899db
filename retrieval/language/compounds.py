"""German compounds: a "Handelsziel" is a "Ziel" and has to do with "Handel"."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from retrieval.language.terms import LONGEST_WORD, keyword_term, keyword_terms, keyword_words
from retrieval.language.umlauts import without_dots
from retrieval.language.word_lists import read_entries
from retrieval.types import Terms

#: The words that compounds are made of; ``training/compounds.py`` makes the list.
VOCABULARY = "compound_parts_de.txt"

_SHORTEST_PART = 4  # letters
_VERB_ENDINGS = frozenset({"t", "et", "st", "est", "te", "ete", "ten", "eten"})


class _Parts(NamedTuple):
    cost: float
    terms: tuple[str, ...]


def all_terms(text: str) -> Terms:
    """What ``text`` is found by, or searched with."""
    return Terms(tuple(keyword_terms(text)), tuple(part_terms(text)))


def part_terms(text: str) -> list[str]:
    """The keyword terms of the parts of all compounds in ``text``, in order and with repetitions."""
    return [term for word in keyword_words(text) if len(word) <= LONGEST_WORD for term in split(word)]


@lru_cache(maxsize=200_000)
def split(word: str) -> tuple[str, ...]:
    """The keyword terms of the parts of one lower-case word, () if it is not a compound of words that are known."""
    costs, nouns = _vocabulary()
    return () if keyword_term(word) in costs else cheapest_parts(word, costs, nouns)


def noun_in_vocabulary(word: str) -> bool | None:
    """Whether a lower-case word is a noun, as most often or as a compound; None if it is not known.

    The vocabulary holds stems: "kostet" has that of "Kost", but the ending of a verb.
    """
    pieces = keyword_words(word[-LONGEST_WORD:])
    term = keyword_term(pieces[-1]) if pieces else ""
    costs, nouns = _vocabulary()
    if term in costs:
        plain = without_dots(pieces[-1])
        return term in nouns and not (plain.startswith(term) and plain[len(term) :] in _VERB_ENDINGS)
    return True if pieces and split(pieces[-1]) else None


def cheapest_parts(word: str, costs: Mapping[str, float], nouns: Container[str]) -> tuple[str, ...]:
    """The two or more parts with the smallest sum of ``costs`` (those of their terms), the last one of ``nouns``.

    The stemmer takes a linking element off just as it does with an ending: "Handels", "Maschinen" and "Regierungs"
    have the terms of "Handel", "Maschine" and "Regierung".
    """
    if not 2 * _SHORTEST_PART <= len(word) <= LONGEST_WORD:
        return ()
    known: dict[int, _Parts | None] = {}

    def best(start: int) -> _Parts | None:
        """The best parts of what begins at ``start``; only places that parts lead to are ever asked for."""
        if start in known:
            return known[start]
        found = []
        head = keyword_term(word[start:])
        if start and head in nouns:
            found.append(_Parts(costs[head], (head,)))
        for middle in range(start + _SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
            term = keyword_term(word[start:middle])
            if term in costs and (rest := best(middle)) is not None:
                found.append(_Parts(costs[term] + rest.cost, (term, *rest.terms)))
        known[start] = min(found, default=None)
        return known[start]

    parts = best(0)
    return parts.terms if parts is not None else ()


@cache
def _vocabulary() -> tuple[dict[str, float], frozenset[str]]:
    """The costs of all terms, and which of them are nouns.

    By Zipf's law a word's frequency is about as its rank in the list, so the cost is the negative logarithm of that.
    """
    words = [word for line in read_entries(VOCABULARY) for word in line.split()]
    costs = {word.lower(): math.log((rank + 1) * math.log(len(words))) for rank, word in enumerate(words)}
    return costs, frozenset(word.lower() for word in words if word[0].isupper())
