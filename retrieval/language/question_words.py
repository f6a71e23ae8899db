"""A question's words, and the word lists of its language: what follow-ups are recognised by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from retrieval.language.detection import Language
from retrieval.language.umlauts import spelled_out, without_dots
from retrieval.language.word_lists import read_lists, read_words

_TOKEN = re.compile(r"\w+(?:[-.,:’'/]\w+)*")
_LONGEST_LEAD = 5
#: Of German adjectives before a noun.
ADJECTIVE_ENDINGS = ("e", "en", "er", "es", "em")


@dataclass(frozen=True, slots=True)
class Words:
    """The word lists of one language: ``retrieval/data/followup_words_*.txt`` by name, and its stop words; those with
    umlauts also as they are written without."""

    language: Language
    lists: dict[str, frozenset[str]]
    stop: frozenset[str]

    def has(self, name: str, word: str) -> bool:
        """Whether the list called ``name`` holds ``word``; a list that the language does not need is empty."""
        return word in self.lists.get(name, frozenset())

    def is_preposition(self, word: str) -> bool:
        """Whether ``word`` is one of the prepositions."""
        return any(self.has(name, word) for name in ("place", "direction", "other"))

    def is_relational(self, word: str) -> bool:
        """Whether ``word`` names no subject by itself: a part, a time, a group, or a role of something."""
        return (
            any(self.has(name, word) for name in ("relational", "verb", "time", "group", "role"))
            or self.ends_like_role(word)
            or (word.endswith("s") and self.has("role", word[:-1]))
        )

    def ends_like_role(self, word: str) -> bool:
        """Whether ``word`` is longer than a role and ends with it: "Kinderarzt"."""
        return not self.has("role", word) and word.endswith(tuple(self.lists["role"]))

    def helps(self, word: str) -> bool:
        """Whether ``word`` only helps to ask, in a text whose capitals say nothing."""
        return any(self.has(name, word) for name in ("measure", "extra", "lead", "alone", "which", "how"))


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a question at ``start``..``end``; ``low`` is its lower case, ``first`` whether the question begins
    with it."""

    text: str
    start: int
    end: int
    first: bool

    @property
    def low(self) -> str:
        """The word in lower case."""
        return self.text.lower()

    @property
    def capital(self) -> bool:
        """Whether it is a name or a German noun, or a number. The capital of a question's first word says nothing."""
        return self.text[0].isdigit() or (self.text[0].isupper() and not self.first)


@cache
def words_of(language: Language) -> Words:
    """The word lists of a language."""
    return Words(
        language,
        {name: _in_all_spellings(words) for name, words in read_lists(f"followup_words_{language}.txt").items()},
        _in_all_spellings(read_words(f"stop_words_{language}.txt")),
    )


def _in_all_spellings(words: Iterable[str]) -> frozenset[str]:
    return frozenset(form for word in words for form in (word, spelled_out(word), without_dots(word)))


def tokens(question: str) -> list[Token]:
    """The words and numbers of a question."""
    return [Token(m[0], m.start(), m.end(), not position) for position, m in enumerate(_TOKEN.finditer(question))]


def without_lead(question: str, words: Words) -> str:
    """The question without "und", "what about" and the like before it, however many of them."""
    question = question.strip()
    found = tokens(question)
    begin = 0
    while length := _lead_length(found, begin, words):
        begin += length
    if not begin:
        return question
    rest = question[found[begin].start :]
    return rest[0].upper() + rest[1:] if question[0].isupper() else rest


def _lead_length(found: Sequence[Token], begin: int, words: Words) -> int:
    """How many words from number ``begin`` on are a lead; the last word of a question is none."""
    for length in range(min(_LONGEST_LEAD, len(found) - begin - 1), 0, -1):
        if words.has("lead", "_".join(token.low for token in found[begin : begin + length])):
            return length
    return 0
