"""The words that German compounds are made of, counted in German text: ``retrieval/data/compound_parts_de.txt``.

Koehn and Knight 2003 ("Empirical Methods for Compound Splitting"): a word is a compound if the geometric mean of its
parts' frequencies is higher than its own. Here this decides which words stay in the list, from the shortest on;
splitting then needs no frequencies, only their order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from math import log

from retrieval.language.compounds import VOCABULARY, cheapest_parts
from retrieval.language.terms import keyword_term
from training.corpora import lines
from training.paths import ROOT

TEXTS = ("wikipedia_de", "bundestag_reden_de", "klexikon_de")
#: Rarer words are left out: names, foreign words, misprints.
LEAST_OFTEN = 20
#: Endings that are words or names, too, and would cut "hängenden", "Wählerschaft" and "Männchen".
ENDINGS = frozenset(
    [
        *("schaft", "end", "ell", "nisch", "iert", "isch", "chen", "zung", "lung", "kung"),
        *("tend", "bend", "lend", "eit", "ion", "ent", "ling", "stag"),
    ]
)

_WORD = re.compile(r"[^\W\d_]+")
_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+")

HEADER = """\
# What German compounds are made of: the terms (language.terms.keyword_term) of words of four and more letters that
# are no compounds themselves, the most frequent first, nouns with a capital letter. Made by training/compounds.py
# from Wikipedia articles and Bundestag speeches.
"""


def count(texts: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    """How often each word is written with a capital letter inside a sentence (a noun or a name), and small."""
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for sentence in chain.from_iterable(map(_SENTENCE_END.split, texts)):
        words = _WORD.findall(sentence)
        capital.update(word.lower() for word in words[1:] if word[0].isupper() and not word.isupper())
        small.update(word for word in words if word.islower())
    return capital, small


def choose(capital: Counter[str], small: Counter[str]) -> list[str]:
    """The entries of the list."""
    often: Counter[str] = Counter()
    as_noun: Counter[str] = Counter()
    spelling: dict[str, str] = {}
    for word, times in (capital + small).most_common():
        term = keyword_term(word)
        if len(term) > 2 and term.isalpha() and term not in ENDINGS:
            often[term] += times
            as_noun[term] += capital[word]
            spelling.setdefault(term, word)
    total = often.total()
    costs: dict[str, float] = {}
    nouns: set[str] = set()
    for term in sorted((term for term in often if often[term] >= LEAST_OFTEN), key=len):
        parts = cheapest_parts(spelling[term], costs, nouns)
        cost = log(total / often[term])
        if len(spelling[term]) >= 4 and not (parts and sum(costs[part] for part in parts) / len(parts) < cost):
            costs[term] = cost
            if as_noun[term] > often[term] / 2:
                nouns.add(term)
    return [
        term.capitalize() if term in nouns else term for term in sorted(costs, key=lambda term: (costs[term], term))
    ]


def main() -> None:
    entries = choose(*count(line for name in TEXTS for line in lines(name)))
    path = ROOT / "retrieval" / "data" / VOCABULARY
    path.write_text(HEADER + "\n".join(entries) + "\n", encoding="utf-8")
    print(f"{len(entries):,} words, {path.stat().st_size / 1e6:.2f} MB: {path}")


if __name__ == "__main__":
    main()
