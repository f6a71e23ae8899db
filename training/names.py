"""The proper names in German text, counted: ``retrieval/data/names_de.txt``.

A common noun mostly has an article, an adjective or a number before it, and a name ("in Goslar", "sagt Merkel") mostly
has none. Names that do ("die Elbe", "die Schweiz") are not told from nouns by this, and are left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain

from retrieval.language.names import NAMES
from retrieval.language.word_lists import read_words
from training.compounds import TEXTS
from training.corpora import lines, questions
from training.paths import ROOT

LEAST_OFTEN = 8
#: Of its occurrences, so few may have something before them that belongs to a noun, or be written small.
MOST_AS_NOUN = 0.16
MOST_SMALL = 0.1
#: So often a word may stand in the English text by chance.
CHANCE = 2
ARTICLES = re.compile(
    r"d(?:e[rnms]|as|ie)|(?:[kms]?ein|dies|jed|all|welch|solch|manch|ihr|unser)(?:e[rnms]?)?"
    r"|[ai]ns|[ai]m|zu[mr]|vom|beim|aufs|viele[rn]?|mehr(?:eren?)?|einigen?"
)
#: Where a question may be English, "Germany" and "Day" are no names that German text would have.
ENGLISH = ("squad11_en", "squadshifts_new_wiki_en", "qamr_dev_en")
#: Nouns that seldom have an article, as they are used in fixed phrases.
PHRASES = frozenset(["Augenhöhe", "Bord", "Celsius", "GmbH", "Heil", "Herren", "Kollegen", "Tisch", "Weihnachten"])

_TOKEN = re.compile(r"[^\W_][\w'-]*|[.!?:;,„“\"()–]")

HEADER = """\
# Proper names as they are written in German text: of places and people above all. Made by training/names.py from
# Wikipedia articles and Bundestag speeches.
"""


def count(texts: Iterable[str]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """How often each word stands in a sentence with a capital letter, how often as a noun does, and how often small."""
    capital: Counter[str] = Counter()
    as_noun: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for tokens in map(_TOKEN.findall, texts):
        for before, word in zip(chain(".", tokens), tokens, strict=False):
            if word[0].islower():
                small[word] += 1
            elif word[0].isupper() and len(word) > 2 and before[0].isalnum():
                capital[word] += 1
                adjective = before[0].islower() and len(before) > 4 and before.endswith(("e", "en", "er", "es", "em"))
                as_noun[word] += before[0].isdigit() or adjective or bool(ARTICLES.fullmatch(before))
    return capital, as_noun, small


def choose(capital: Counter[str], as_noun: Counter[str], small: Counter[str], english: Counter[str]) -> list[str]:
    """The entries of the list, in alphabetical order; what is more frequent in English text is none of them."""
    common = PHRASES | {word.capitalize() for word in read_words("stop_words_de.txt")}
    share = english.total() / capital.total()
    return sorted(
        word
        for word, times in capital.items()
        if times >= LEAST_OFTEN
        and as_noun[word] <= MOST_AS_NOUN * times
        and small[word.lower()] <= MOST_SMALL * times
        and english[word] <= share * times + CHANCE
        and word not in common
    )


def main() -> None:
    english, _, _ = count({example.context for name in ENGLISH for example in questions(name)})
    entries = choose(*count(line for name in TEXTS for line in lines(name)), english)
    path = ROOT / "retrieval" / "data" / NAMES
    path.write_text(HEADER + "\n".join(entries) + "\n", encoding="utf-8")
    print(f"{len(entries):,} names, {path.stat().st_size / 1e6:.2f} MB: {path}")


if __name__ == "__main__":
    main()
