"""Whether a question asks for several things: "Welche Orte sind betroffen?", "Wer war alles dabei?"."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from retrieval.language.capitals import recased
from retrieval.language.detection import question_language
from retrieval.language.question_phrases import asking
from retrieval.language.question_words import ADJECTIVE_ENDINGS, Token, Words, tokens, without_lead, words_of
from retrieval.language.word_lists import read_lists

_PLURAL_ENDINGS = ("en", "ern", "eln", "er", "el", "s")
#: These end feminine nouns: "Ministerin", "Nation", "Erlaubnis".
_SINGULAR_ENDINGS = ("ss", "nis", "sis", "xis", "us", "is")
#: So far behind the question word "alles" may stand: "Wer war bei dem Treffen alles dabei?" has another sense.
_NEAR = 3


def asks_for_several(question: str) -> bool:
    """Whether more than one thing is asked for by the form of the question; a number of them is one thing."""
    language = question_language(question)
    words = words_of(language)
    found = tokens(recased(without_lead(question, words), words))
    if not found:
        return False
    first = 1 if words.is_preposition(found[0].low) and len(found) > 1 else 0
    if found[0].low in _list("request"):
        return _requests_several(found, words)
    if first and found[0].low in ("zwischen", "between"):
        return True
    word = found[first].low
    if word in _list("made_of"):
        return True
    if words.has("how", word) or word == "how":
        return _names_several(found[first + 1 :], words)
    if not (words.has("alone", word) or words.has("which", word)):
        return False
    if any(token.low in _list("everything") for token in found[first + 1 : first + 1 + _NEAR]):
        return True
    if words.has("which", word) or (words.has("with_noun", word) and language == "en"):
        return _several_of(found, first, words)
    if word == "was" and len(found) > first + 2 and found[first + 1].low == "für":
        return _is_plural_phrase(found[first + 2 :], words)
    return word in ("wer", "who", "was", "what") and _names_several(found[first + 1 :], words)


def _names_several(found: Sequence[Token], words: Words) -> bool:
    """Behind "wer", "was" and "wie": "sind die Gründe", "heißen die Orte". "Was sind Bauleiter?" asks for a meaning."""
    if len(found) < 2 or found[0].low not in _list("plural_verb") or found[0].low == "gibt":
        return False
    return any(words.has(name, found[1].low) for name in ("article", "possessive", "demonstrative")) or found[
        1
    ].low in _list("several")


def _several_of(found: Sequence[Token], first: int, words: Words) -> bool:
    """Behind "welche", "which" and "what"."""
    word, rest = found[first].low, found[first + 1 :]
    if not rest or word in ("welches", "welchem", "whose", "welcher"):
        return False
    if rest[0].low in _list("plural_verb") or rest[0].low in ("der", "von", "davon", "of"):
        return rest[0].low != "gibt"
    if words.language == "en":
        end = asking(found, words)
        nouns = found[first + 1 : end] or rest[:1]
        noun = next(
            (nouns[position - 1] for position in range(1, len(nouns)) if nouns[position].low == "of"), nouns[-1]
        )
        if rest[0].low in _list("several"):
            return True
        # "What causes fires?" has a verb there.
        behind = found[end].low if 0 < end < len(found) else ""
        sure = word == "which" or noun is not nouns[-1] or _in("plural", noun.low)
        return _is_plural(noun.low) and (sure or behind in _list("auxiliary") or behind.endswith("ed"))
    return _is_plural_phrase(rest, words, verb=True)


def _requests_several(found: Sequence[Token], words: Words) -> bool:
    rest = list(found[1:])
    while rest and rest[0].low in _list("between"):
        rest = rest[1:]
    if rest and words.has("article", rest[0].low) and rest[0].low not in _list("several"):
        noun = next((token for token in rest if token.capital), rest[-1])
        if rest[0].low != "die" and not (rest[0].low == "den" and noun.low.endswith(("n", "s"))):
            return False
        rest = rest[1:]
    if words.language == "de":
        return bool(rest) and _is_plural_phrase(rest, words)
    return any(token.low in _list("several") or _is_plural(token.low) for token in rest[:3])


def _is_plural_phrase(rest: Sequence[Token], words: Words, *, verb: bool = False) -> bool:
    """Whether a German noun phrase without its article is a plural; ``verb`` says that one may follow and tell."""
    for position, token in enumerate(rest):
        low = token.low
        if low in _list("several"):
            return True
        if token.capital or not low.endswith(ADJECTIVE_ENDINGS) or low in words.stop:
            if not token.text[0].isalpha():
                return token.text.isdigit()
            if low.endswith("e") and not (_in("plural", low) or _in("singular", low)):
                behind = rest[position + 1].low if position + 1 < len(rest) else ""
                return verb and behind in _list("plural_verb")
            return _is_plural(low)
        if low.endswith("en"):
            return True  # "welche neuen Regeln", but "welche neue Regel"
    return False


def _is_plural(noun: str) -> bool:
    if _in("singular", noun):
        return False
    if _in("plural", noun):
        return True
    return noun.endswith(_PLURAL_ENDINGS) and not noun.endswith(_SINGULAR_ENDINGS)


def _in(name: str, noun: str) -> bool:
    return noun.endswith(tuple(_list(name)))


@cache
def _list(name: str) -> frozenset[str]:
    return read_lists("plural_words.txt")[name]
