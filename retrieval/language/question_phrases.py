"""A question's words and phrases, as far as word lists and capitals show them: what follow-ups are completed with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from retrieval.language.detection import Language
from retrieval.language.word_lists import read_entries, read_words

_TOKEN = re.compile(r"\w+(?:[-.,:’'/]\w+)*")
_CLOSING = '“”"»«’'
_YEAR = re.compile(r"(?:1[0-9]|20|21)\d\d")
_LONGEST_LEAD = 5
# Adjectives of places and peoples name what a question is about; most others do not.
_NAMING_ADJECTIVE = re.compile(r"\w{3,}isch(?:e[nmrs]?)?")


@dataclass(frozen=True, slots=True)
class Words:
    """The word lists of one language: ``retrieval/data/followup_words_*.txt`` by name, and its stop words."""

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
            any(self.has(name, word) for name in ("relational", "verb", "time", "group"))
            or word.endswith(tuple(self.lists["role"]))
            or (word.endswith("s") and word[:-1] in self.lists["role"])
        )


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


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase at ``start``..``end`` of a question.

    ``preposition`` is the one before it, "" for none; ``noun`` is where its words begin behind preposition and
    article. ``kind`` is "time", "group", "number" or "other".
    """

    start: int
    end: int
    preposition: str
    article: str
    noun: int
    kind: str


@cache
def words_of(language: Language) -> Words:
    """The word lists of a language."""
    lists: dict[str, set[str]] = {}
    for entry in read_entries(f"followup_words_{language}.txt"):
        name, _, words = entry.partition(":")
        lists.setdefault(name, set()).update(words.split())
    return Words(
        language,
        {name: frozenset(words) for name, words in lists.items()},
        read_words(f"stop_words_{language}.txt"),
    )


def tokens(question: str) -> list[Token]:
    """The words and numbers of a question."""
    return [Token(m[0], m.start(), m.end(), not position) for position, m in enumerate(_TOKEN.finditer(question))]


def without_lead(question: str, words: Words) -> str:
    """The question without "und", "what about" and the like before it."""
    question = question.strip()
    found = tokens(question)
    for length in range(min(_LONGEST_LEAD, len(found) - 1), 0, -1):
        if words.has("lead", "_".join(token.low for token in found[:length])):
            rest = question[found[length].start :]
            return without_lead(rest[0].upper() + rest[1:] if question[0].isupper() else rest, words)
    return question


def asking(found: Sequence[Token], words: Words) -> int:
    """How many words from the first on are the question phrase ("An welchen Tagen", "Wie viele Störe"); 0 for none."""
    position = 0
    if found and words.is_preposition(found[0].low) and len(found) > 1:
        position = 1
    if position == len(found):
        return 0
    word = found[position].low
    if words.has("how", word):
        if position + 1 == len(found):
            return position + 1
        if not words.has("measure", found[position + 1].low):
            return position + 1
        position += 2
        counts = found[position - 1].low in {"viel", "viele", "vielen", "vieler", "much", "many"}
        return _nouns_end(found, position, words) if counts else position
    if words.has("which", word) or (word in {"what", "whose", "wessen"} and _takes_noun(found, position + 1, words)):
        return _nouns_end(found, position + 1, words)
    return position + 1 if words.has("alone", word) else 0


def phrases(question: str, found: Sequence[Token], words: Words, begin: int = 0) -> list[Phrase]:
    """The noun phrases of a question from its word number ``begin`` on, each with preposition and article."""
    listed: list[Phrase] = []
    position = begin
    while position < len(found):
        first = position
        preposition = article = ""
        if words.is_preposition(found[position].low):
            preposition = found[position].low
            position += 1
        if position < len(found) and any(words.has(name, found[position].low) for name in ("article", "possessive")):
            article = found[position].low
            position += 1
        end = _noun_phrase_end(question, found, position, words)
        if end == position:
            position = first + 1
            continue
        inner = found[position:end]
        listed.append(
            Phrase(
                found[first].start,
                _closed(question, found[first].start, inner[-1].end),
                preposition,
                article,
                inner[0].start,
                _kind(inner, words),
            )
        )
        position = end
    return listed


def naming(found: Sequence[Token], words: Words, known: frozenset[str]) -> list[Token]:
    """The words that name a subject: not helping words, not relational, not ``known`` from before."""
    return [token for token in found if _names(token, found, words) and not _is_known(token.low, known)]


def content(found: Sequence[Token], words: Words) -> Iterator[Token]:
    """The words that are nouns as far as one can see: by capitals, else by what is no helping word."""
    for token in found:
        if _carries(token, found, words):
            yield token


def _carries(token: Token, found: Sequence[Token], words: Words) -> bool:
    if _capitals_tell(found, words):
        return token.capital
    return token.capital or (token.low not in words.stop and len(token.low) > 1 and not _helps(token.low, words))


def _capitals_tell(found: Sequence[Token], words: Words) -> bool:
    """Whether nouns are known by their capitals: in German, unless somebody writes everything in lower case."""
    return words.language == "de" and any(token.text[0].isupper() for token in found)


def _helps(word: str, words: Words) -> bool:
    return any(words.has(name, word) for name in ("measure", "extra", "lead", "alone", "which", "how"))


def _names(token: Token, found: Sequence[Token], words: Words) -> bool:
    if words.language == "de" and not token.capital and _NAMING_ADJECTIVE.fullmatch(token.low):
        return True
    return _carries(token, found, words) and not words.is_relational(token.low)


def _is_known(word: str, known: frozenset[str]) -> bool:
    """Whether it is derived from a word of before, as "ghanaisch" from "Ghana". The word itself names its subject."""
    return any(len(word) > len(other) + 1 and len(other) >= 4 and word.startswith(other[:-1]) for other in known)


def _takes_noun(found: Sequence[Token], position: int, words: Words) -> bool:
    """Whether "what" goes with a noun: no helping verb follows."""
    return position < len(found) and found[position].low not in words.stop


def _nouns_end(found: Sequence[Token], position: int, words: Words) -> int:
    """Where the nouns that belong to a question word end."""
    if words.language == "en":
        begin = position
        while position < len(found) and not _ends_nouns(found[position].low, words):
            position += 1
        # The word before an article is a verb: "Which city hosts the games?".
        verb = position - begin > 1 and position < len(found) and words.has("article", found[position].low)
        return position - verb
    seen = False
    while position < len(found):
        token = found[position]
        if token.capital:
            seen = True
        elif seen and words.is_preposition(token.low) and position + 1 < len(found) and found[position + 1].capital:
            pass  # "Fälle je 100.000 Einwohner"
        elif seen or not _adjective_before_noun(found, position, words):
            break
        position += 1
    return position


def _ends_nouns(word: str, words: Words) -> bool:
    return (word in words.stop and word != "of") or words.has("verb", word) or word.endswith(("ed", "ing"))


def _adjective_before_noun(found: Sequence[Token], position: int, words: Words) -> bool:
    """Whether lower-case words with the endings of adjectives lead to a noun: "neuen", "junge finnische"."""
    while position < len(found) and not found[position].capital:
        low = found[position].low
        if low in words.stop or not low.endswith(("e", "en", "er", "es", "em")):
            return False
        position += 1
    return position < len(found)


def _noun_phrase_end(question: str, found: Sequence[Token], position: int, words: Words) -> int:
    """Where the noun phrase that begins at ``position`` ends; ``position`` itself if none does."""
    end = position
    while end < len(found):
        token = found[end]
        if end > position and re.search(r"[,;:?!()]", question[found[end - 1].end : token.start]):
            break
        if end > position and _YEAR.fullmatch(token.text):
            break  # "Ghana 2023"
        if (
            token.capital
            or (_carries(token, found, words) and not _ends_nouns(token.low, words))
            or (words.has("time", token.low) and end == position)
        ):
            end += 1
        elif end > position and words.has("joint", token.low) and _noun_follows(found, end + 1, words):
            end += 2  # "Haus der Gezeiten", "House of Tides"
        elif end == position and _capitals_tell(found, words) and _adjective_before_noun(found, end, words):
            end += 1
            while not found[end].capital:
                end += 1
        else:
            break
    return end


def _noun_follows(found: Sequence[Token], position: int, words: Words) -> bool:
    if position >= len(found):
        return False
    token = found[position]
    return token.capital or (words.language == "en" and _carries(token, found, words))


def _kind(inner: Sequence[Token], words: Words) -> str:
    if any(words.has("time", token.low) or _YEAR.fullmatch(token.text) for token in inner):
        return "time"
    # "adult admission" is no group of people, "all young children" is.
    if words.has("group", inner[-1].low):
        return "group"
    return "number" if inner[0].text[0].isdigit() else "other"


def _closed(question: str, start: int, end: int) -> int:
    """``end``, or one more where that closes a quotation mark opened in the phrase."""
    opened = any(letter in '„"“»«' for letter in question[start:end])
    return end + 1 if opened and end < len(question) and question[end] in _CLOSING else end
