"""Questions typed without the capitals that German nouns have, or all in capitals, as they would be written with care.

What follow-ups are recognised by counts on nouns and names having capitals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from retrieval.language.compounds import noun_in_vocabulary
from retrieval.language.question_words import ADJECTIVE_ENDINGS, Token, Words, tokens

# Lists whose words are no nouns.
_NO_NOUNS = (
    *("lead", "alone", "which", "how", "measure", "extra", "place", "direction", "other", "article"),
    *("personal", "possessive", "demonstrative", "there"),
)
_LONGEST_NOUN_PHRASE = 4


def recased(question: str, words: Words) -> str:
    """The question with its capitals where they belong: an English one in lower case, a German one with its nouns and
    whatever is not known, which will be a name. As it is where its capitals tell something."""
    found = tokens(question)
    is_shouted = _is_shouted(question, found, words)
    is_flat = words.language == "de" and not any(token.text[0].isupper() for token in found[1:])
    if not found or not (is_shouted or is_flat):
        return question
    plain = question.lower() if is_shouted else question
    if words.language == "en" or len(plain) != len(question):
        return plain
    letters = list(plain)
    for start in {found[position].start for position in (0, *_nouns(question, found, words))}:
        letters[start] = letters[start].upper() if len(letters[start].upper()) == 1 else letters[start]
    return "".join(letters)


def is_noun(word: str, words: Words) -> bool:
    """Whether a German word in lower case is a noun or a name, as far as one can see without its sentence."""
    if word in words.stop or not word[0].isalpha() or any(words.has(name, word) for name in _NO_NOUNS):
        return False
    if words.is_relational(word) and not words.has("verb", word):
        return True
    known = noun_in_vocabulary(word)
    return True if known is None else known


def _nouns(question: str, found: Sequence[Token], words: Words) -> Iterator[int]:
    """The positions of nouns, of names, and of "sie" where somebody is spoken to."""
    nouns = [is_noun(token.low, words) for token in found]
    verb = _verb(found, nouns, words)
    for position, token in enumerate(found):
        is_address = position == 1 and words.has("address", token.low) and words.has("polite", found[0].low)
        is_particle = position - 1 == verb and words.has("particle", token.low)
        if is_address or (nouns[position] and position != verb and not is_particle):
            yield position
        asks = words.has("which", token.low) or words.has("several", token.low)
        if asks or any(words.has(name, token.low) for name in ("article", "possessive", "contraction")):
            phrase = _phrase(question, found, position, words)
            if phrase and phrase[0] != verb and not any(nouns[inner] for inner in phrase):
                yield phrase[0 if asks else -1]  # in a question the verb follows: "Welche Weite erreichte …"


def _verb(found: Sequence[Token], nouns: Sequence[bool], words: Words) -> int:
    """The position of a question's verb, which may also be a noun, as far as its place says so; -1 if it does not."""
    begin = 1 if len(found) > 1 and words.is_preposition(found[0].low) else 0
    head, following = (found[at].low if at < len(found) else "" for at in (begin, begin + 1))
    if words.has("alone", head) and not words.has("with_noun", head):
        return begin + 1  # "Woher kam es?"
    if words.has("how", head) and not words.has("counting", following):
        return begin + 1 + words.has("measure", following)
    if words.has("several", following) and _is_plural_verb(found, begin + 2, words):
        return begin + 2  # "Wie viele kamen?", "Wie viele nahmen teil?"
    if any(words.has(name, head) for name in ("how", "which", "with_noun")):
        first = next((position for position, noun in enumerate(nouns) if noun), len(found))
        # "Wie viele Tiere leben vor Sylt?" A unit is followed by what it measures: "Wie viele Liter Milch".
        return -1 if first >= len(found) or words.has("unit", found[first].low) else first + 1
    return -1


def _is_plural_verb(found: Sequence[Token], position: int, words: Words) -> bool:
    """Whether the word after "viele" is the verb and not what is counted: no noun that is known, and none behind it."""
    if position >= len(found) or not found[position].low.endswith("n"):
        return False
    word, following = found[position].low, found[position + 1].low if position + 1 < len(found) else ""
    if not words.has("plural_verb", word) and noun_in_vocabulary(word):
        return False
    return not following or following in words.stop or words.has("particle", following)


def _phrase(question: str, found: Sequence[Token], article: int, words: Words) -> list[int]:
    """The positions of the words that go with an article, the noun last: "die neuen Fähren", "der Fahrer"."""
    phrase: list[int] = []
    for position in range(article + 1, min(article + 1 + _LONGEST_NOUN_PHRASE, len(found))):
        token = found[position]
        between = question[found[position - 1].end : token.start]
        if token.low in words.stop or not between.isspace():
            break
        phrase.append(position)
    while len(phrase) > 1 and not found[phrase[-1]].low.endswith(ADJECTIVE_ENDINGS):
        phrase.pop()
    # "Wer hat das gesagt?", "Was studieren die meisten?"
    if len(phrase) == 1:
        word = found[phrase[0]].low
        is_participle = word.startswith("ge") and word.endswith(("t", "en"))
        if words.has("rest", word) or (words.has("alone_demonstrative", found[article].low) and is_participle):
            return []
    return phrase


def _is_shouted(question: str, found: Sequence[Token], words: Words) -> bool:
    """Whether all words begin with a capital, also those that do not inside a sentence."""
    rest = [token for token in found[1:] if token.text[0].isalpha()]
    if not rest or not all(token.text[0].isupper() for token in rest):
        return False
    return question.isupper() or any(_is_small(token.low, words) for token in rest)


def _is_small(word: str, words: Words) -> bool:
    """Whether a word begins with a capital only where a sentence does; "Sie" may speak to somebody."""
    if word in words.stop:
        return not words.has("personal", word)
    return words.language == "de" and noun_in_vocabulary(word) is False
