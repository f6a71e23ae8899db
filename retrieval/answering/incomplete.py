"""Whether a question stands for itself, or what it lacks: a verb, a subject, or what a pronoun means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from retrieval.language.capitals import is_noun
from retrieval.language.question_phrases import Phrase, naming, nouns_before, phrases
from retrieval.language.question_words import Token, Words, tokens

#: A fragment is no longer than this; behind "und" or "what about" it may be.
_FRAGMENT_WORDS, _LED_FRAGMENT_WORDS = 4, 7
#: A sentence of more words says what it is about, in words that no list holds.
_SHORT = 9


def is_bare(question: str, bare: str, found: Sequence[Token], asked: int, words: Words) -> bool:
    """Whether there is only a question word, with its noun and "genau", "davon", "of it" at most."""
    if any(not words.has("extra", token.low) and not words.has("partitive", token.low) for token in found[asked:]):
        return False
    # English verbs look like nouns: "What surrounds chloroplasts?"
    return words.language == "de" or is_led(question, bare) or asked <= 2 or words.has("how", found[0].low)


def is_led(question: str, bare: str) -> bool:
    """Whether "und", "what about" and the like stood before the question."""
    return len(bare) < len(question.strip())


def fragment(question: str, bare: str, words: Words) -> list[Phrase]:
    """The phrases of a question that consists of nothing else ("Und für Kinder?"); empty when there is more."""
    found = tokens(bare)
    led = is_led(question, bare)
    if len(found) > (_LED_FRAGMENT_WORDS if led else _FRAGMENT_WORDS):
        return []
    # Here the first word's capital does count, unless no noun is written like it: no sentence begins with it.
    found = [replace(token, first=token.first and not _may_be_noun(token, len(found), words)) for token in found]
    listed = phrases(bare, found, words)
    inside = {token for token in found if any(phrase.start <= token.start < phrase.end for phrase in listed)}
    if not listed or any(token not in inside and not words.has("extra", token.low) for token in found):
        return []
    if words.language == "en" and any(words.has("verb", token.low) for token in found):
        return []
    return listed if led or listed[0].preposition or (len(found) == 1 and question.rstrip().endswith("?")) else []


def _may_be_noun(token: Token, count: int, words: Words) -> bool:
    """Whether the first of ``count`` words may be a noun or a name: "Kommt" is neither, but where it stands alone."""
    return token.low not in words.stop and (words.language == "en" or count == 1 or is_noun(token.low, words))


def lacks_subject(bare: str, found: Sequence[Token], asked: int, before: str, words: Words) -> bool:
    """Whether a sentence leaves open what it is about: a pronoun for something named before, or nothing named.

    ``before`` is what was said before; a word derived from one of those names nothing new.
    """
    known = frozenset(token.low for token in tokens(before))
    if len(found) <= _SHORT and not _defines(found, words) and not naming(found, words, known):
        return True
    pronouns = _Pronouns(bare, found, asked, words)
    return any(pronouns.points_back(position) for position in range(len(found)))


def _defines(found: Sequence[Token], words: Words) -> bool:
    """Whether it asks what a word means: "Was sind Bauleiter?"."""
    return len(found) == 3 and words.has("meaning", found[0].low) and found[2].low not in words.stop


class _Pronouns:
    """The words of a question that stand for something: for what it names itself, or for what was named before it."""

    def __init__(self, bare: str, found: Sequence[Token], asked: int, words: Words) -> None:
        self._found, self._words = found, words
        # What is asked for ("Welchen Preis") is not what a pronoun of the same clause means ("bekam sie").
        comma = bare.find(",")
        self._clause = next((at for at, token in enumerate(found) if 0 <= comma < token.start), len(found))
        self._nouns = (nouns_before(found, words, asked), nouns_before(found, words, 0))
        self._names = (
            nouns_before(found, words, asked, naming=True),
            nouns_before(found, words, 0, naming=True),
        )

    def points_back(self, position: int) -> bool:
        """Whether the word at ``position`` stands for something that the question itself does not name before it."""
        found, words, token = self._found, self._words, self._found[position]
        if token.text[0].isupper() and not token.first:
            return False  # "Sie" speaks to somebody
        word = token.low
        following = found[position + 1].low if position + 1 < len(found) else ""
        other_clause = position >= self._clause
        inside = self._nouns[other_clause][position]
        if words.has("personal", word):
            return not inside
        if words.has("possessive", word):
            return not self._nouns[1][position] and position > 0
        if words.has("there", word):
            before = found[position - 1].low if position else ""
            stands = words.language == "de" or (not following and position > 0 and not words.has("be", before))
            stands = stands or words.has("from", before)
            return stands and not self._names[other_clause][position]
        if words.has("alone_demonstrative", word):
            return position > 0 and not following and not inside
        if words.has("demonstrative", word):
            # "In diesem Jahr" points to the calendar, "those who" to what follows.
            return not inside and not (words.has("forward", following) or words.has("time", following))
        return False
