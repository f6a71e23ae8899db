"""A question's phrases, as far as word lists and capitals show them: what follow-ups are completed with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.language.question_words import ADJECTIVE_ENDINGS, Token, Words

_CLOSING = '“”"»«’'
_YEAR = re.compile(r"(?:1[0-9]|20|21)\d\d")
# Adjectives of places and peoples name what a question is about; most others do not.
_NAMING_ADJECTIVE = re.compile(r"\w{3,}isch(?:e[nmrs]?)?")
_MOST_ADJECTIVES = 3
#: Longer words are no words; nothing is derived from them.
_LONGEST_STEM = 60


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
        counts = words.has("counting", found[position - 1].low)
        return _nouns_end(found, position, words, counts=counts) if counts else position
    if words.has("which", word) or (words.has("with_noun", word) and _takes_noun(found, position + 1, words)):
        return _nouns_end(found, position + 1, words)
    return position + 1 if words.has("alone", word) else 0


def phrases(question: str, found: Sequence[Token], words: Words, begin: int = 0) -> list[Phrase]:
    """The noun phrases of a question from its word number ``begin`` on, each with preposition and article."""
    listed: list[Phrase] = []
    nouns = _Nouns(found, words)
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
        end = nouns.phrase_end(question, position)
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
    """The words that name a subject: not helping words, not relational, not derived from the ``known`` of before."""
    tell = _capitals_tell(found, words)
    # "ghanaisch" is derived from "Ghana". The word itself names its subject.
    stems = frozenset(word[:-1] for word in known if 4 <= len(word) <= _LONGEST_STEM)
    named = []
    for position, token in enumerate(found):
        before = found[max(0, position - _MOST_ADJECTIVES - 1) : position]
        if _names(token, before, words, tell):
            low = token.low
            is_derived = any(low[:length] in stems for length in range(3, min(len(low) - 2, _LONGEST_STEM)))
            if not is_derived or (tell and _is_name(token, before, words)):
                named.append(token)
    return named


def content(found: Sequence[Token], words: Words) -> list[Token]:
    """The words that are nouns as far as one can see: by capitals, else by what is no helping word."""
    tell = _capitals_tell(found, words)
    return [token for token in found if _carries(token, words, tell)]


def nouns_before(found: Sequence[Token], words: Words, begin: int, *, naming: bool = False) -> list[bool]:
    """For each position from 0 to ``len(found)``: whether there is a noun in ``found[begin:position]``, with ``naming``
    whether there is one that names a subject."""
    seen = [False] * (len(found) + 1)
    told = listed = tell = False
    for position in range(begin, len(found)):
        token = found[position]
        tell = tell or _capitals_tell((token,), words)
        before = found[max(begin, position - _MOST_ADJECTIVES - 1) : position]
        if naming:
            told = told or _names(token, before, words, True)
            listed = listed or _names(token, before, words, False)
        else:
            told = told or _carries(token, words, True)
            listed = listed or _carries(token, words, False)
        seen[position + 1] = told if tell else listed
    return seen


def _carries(token: Token, words: Words, tell: bool) -> bool:
    """Whether a word is a noun; ``tell`` says whether capitals tell so."""
    return token.capital or (
        not tell and token.low not in words.stop and len(token.low) > 1 and not words.helps(token.low)
    )


def _capitals_tell(found: Sequence[Token], words: Words) -> bool:
    """Whether nouns are known by their capitals: in German, unless somebody writes everything in lower case."""
    return words.language == "de" and any(token.text[0].isupper() for token in found)


def _names(token: Token, before: Sequence[Token], words: Words, tell: bool) -> bool:
    """Whether a word names a subject; ``before`` are some words before it."""
    low = token.low
    if words.language == "de" and not token.capital and _NAMING_ADJECTIVE.fullmatch(low):
        return True
    if not _carries(token, words, tell):
        return False
    # "Petermann" ends like a role, but is a name without an article.
    return not words.is_relational(low) or (tell and words.ends_like_role(low) and _is_name(token, before, words))


def _is_name(token: Token, before: Sequence[Token], words: Words) -> bool:
    """Whether a German noun stands without an article and the like, as names do."""
    if words.language != "de" or not token.capital:
        return False
    for word in reversed(before):
        if any(words.has(name, word.low) for name in ("article", "possessive", "demonstrative", "which", "measure")):
            return False
        if words.has("contraction", word.low) or word.text[0].isdigit():
            return False
        if word.low in words.stop or not word.low.endswith(ADJECTIVE_ENDINGS):
            return True
    return True


def _takes_noun(found: Sequence[Token], position: int, words: Words) -> bool:
    """Whether "what" goes with a noun: no helping verb follows."""
    return position < len(found) and found[position].low not in words.stop


def _nouns_end(found: Sequence[Token], position: int, words: Words, *, counts: bool = False) -> int:
    """Where the nouns that belong to a question word end; ``counts`` says that this asks for a number of them."""
    if words.language == "en":
        begin = position
        while position < len(found) and not _ends_nouns(found[position].low, words):
            position += 1
        # The word before an article is a verb: "Which city hosts the games?".
        verb = position - begin > 1 and position < len(found) and words.has("article", found[position].low)
        return min(position - verb, _before_verb(found, begin, position, words, counts))
    nouns = _Nouns(found, words)
    seen = False
    while position < len(found):
        token = found[position]
        if token.capital:
            seen = True
        elif seen and words.is_preposition(token.low) and position + 1 < len(found) and found[position + 1].capital:
            pass  # "Fälle je 100.000 Einwohner"
        elif seen or nouns.after_adjectives(position) is None:
            break
        position += 1
    return position


def _before_verb(found: Sequence[Token], begin: int, end: int, words: Words, counts: bool) -> int:
    """Where a verb that no list holds stands in ``found[begin:end]``, as far as its place says so; ``end`` if none
    does: "How many cities border Goslar?", "Which city borders Goslar?"."""
    position = begin
    while position < end and not _is_plural(found[position].low, words):
        if position - begin > 1 and found[position].capital and not found[position - 1].capital:
            return position - 1
        position += 1
    if not counts and begin < position < end - 1:
        return position  # "city borders Goslar"; where things are counted, the plural is theirs: "apple trees"
    while position < end and _is_plural(found[position].low, words):
        position += 1
    is_verb = position < end and not words.has("joint", found[position].low) and end - position >= (1 if counts else 2)
    return position if is_verb else end


def _is_plural(word: str, words: Words) -> bool:
    return words.has("group", word) or (word.endswith("s") and not word.endswith("ss"))


def _ends_nouns(word: str, words: Words) -> bool:
    return (word in words.stop and word != "of") or words.has("verb", word) or word.endswith(("ed", "ing"))


class _Nouns:
    """Where noun phrases end in the words of one question."""

    def __init__(self, found: Sequence[Token], words: Words) -> None:
        self._found = found
        self._words = words
        self._tell = _capitals_tell(found, words)
        # For each word, the noun that it is or that lower-case words with the endings of adjectives lead to from it.
        self._noun: list[int | None] = [None] * (len(found) + 1)
        for position in range(len(found) - 1, -1, -1):
            low = found[position].low
            if found[position].capital:
                self._noun[position] = position
            elif low not in words.stop and low.endswith(ADJECTIVE_ENDINGS):
                self._noun[position] = self._noun[position + 1]

    def after_adjectives(self, position: int) -> int | None:
        """Where the noun is that "neuen", "junge finnische" from ``position`` on lead to; None if they do not."""
        return self._noun[position]

    def phrase_end(self, question: str, position: int) -> int:
        """Where the noun phrase that begins at ``position`` ends; ``position`` itself if none does."""
        found, words, end = self._found, self._words, position
        while end < len(found):
            token = found[end]
            if end > position and re.search(r"[,;:?!()]", question[found[end - 1].end : token.start]):
                break
            if end > position and _YEAR.fullmatch(token.text):
                break  # "Ghana 2023"
            if (
                token.capital
                or (_carries(token, words, self._tell) and not _ends_nouns(token.low, words))
                or (words.has("time", token.low) and end == position)
            ):
                end += 1
            elif end > position and words.has("joint", token.low) and self._noun_follows(end + 1):
                end += 2  # "Haus der Gezeiten", "House of Tides"
            elif end == position and self._tell and (noun := self.after_adjectives(end)) is not None:
                end = noun
            else:
                break
        return end

    def _noun_follows(self, position: int) -> bool:
        if position >= len(self._found):
            return False
        token = self._found[position]
        return token.capital or (self._words.language == "en" and _carries(token, self._words, self._tell))


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
