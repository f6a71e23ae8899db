"""Whether characters beyond ASCII stand where German text has them: what tells one old encoding from another.

A byte that is "ä" in one encoding is "„" or "Š" in the next, and either is seldom right at the same place.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from retrieval.language.word_lists import read_entries

#: What no German text has there: a quotation mark within a word, a capital letter after a small one.
IMPOSSIBLE: Final = -3.0
_UNLIKELY: Final = -0.5
_GROUPS: Final = {"frequent": 2.0, "common": 1.5, "rare": 0.8}
_UMLAUTS: Final = frozenset("äöüßÄÖÜ")
# Letters of foreign names and words, the most frequent first.
_FOREIGN: Final = {
    **dict.fromkeys("éÉ", 0.8),
    **dict.fromkeys("èêáàçñóíúëïôâîåøæšžčćłńśğşıőűæœÁÅØŠŽČŁŞİÇÓÀÈ", 0.2),
}
_OPENING: Final = frozenset("„‚")
_QUOTES: Final = frozenset("“”‘»«›‹")
_DASHES: Final = frozenset("–—")
_AFTER_NUMBERS: Final = frozenset("°²³½¼%‰×·")
_AFTER_WORDS: Final = frozenset("…®™©²³·•")
_ALONE: Final = frozenset("°•·…©×±½¼")
# Of drawn tables: neither for nor against an encoding.
_LINES: Final = frozenset("│─┌┐└┘├┤┬┴┼║═╔╗╚╝█▌▐▀▄■")
_BLANKS: Final = " \t\n\r\xa0\f\v"
_BRACKETS: Final = "([{/\"'-"


def weight(before: str, character: str, after: str) -> float:
    """How well a character beyond ASCII stands between what is around it (up to two characters), from -3 to 2.

    IMPOSSIBLE is the least; a letter of a frequent German word has the most.
    """
    if character == "§":
        return _paragraph_sign(before, after)
    if character == "€":
        return _euro_sign(before, after)
    if character == "’":
        return _apostrophe(before, after)
    before, after = before[-1:], after[:1]
    if character in _UMLAUTS:
        return _umlaut(before, character, after)
    if character < "\xa0":
        return IMPOSSIBLE
    if character.isalpha() and character not in "ªº":
        return _letter(before, character, after)
    return _symbol(before, character, after)


def _umlaut(before: str, character: str, after: str) -> float:
    within = before.isalpha()
    if character.isupper():
        if within:  # "MÜNCHEN", not "MÜnchen"
            return 1.2 if before.isupper() and not after.islower() else IMPOSSIBLE
        if not after.isalpha():
            return IMPOSSIBLE if before.isdigit() or after.isdigit() else _UNLIKELY  # a letter alone
    elif within and before.isupper() and after.isupper() and character != "ß":
        return IMPOSSIBLE
    elif not within and (after.isupper() or not after.isalpha()):
        return IMPOSSIBLE if after.isupper() or before.isdigit() or after.isdigit() else 0.1
    context = (before if within else "_") + character + (after if after.isalpha() else "_")
    return _contexts().get(context.lower(), 0.3 if within and after.isalpha() else _UNLIKELY)


def _letter(before: str, character: str, after: str) -> float:
    if character.isupper():
        if before.isalpha() and (before.islower() or after.islower()):
            return IMPOSSIBLE
        if not before.isalpha() and not after.isalpha():
            return IMPOSSIBLE
    elif not before.isalpha():
        if after.isupper() or before.isdigit() or (not after.isalpha() and character != "à"):
            return IMPOSSIBLE
    elif before.isupper() and after.isupper():
        return IMPOSSIBLE
    if character == "à" and not before.isalpha() and not after.isalpha():
        return 1.0 if before in _BLANKS and after in _BLANKS else IMPOSSIBLE
    if character in "ﬁﬂ":
        return 0.4
    return _FOREIGN.get(character, _UNLIKELY)


def _symbol(before: str, character: str, after: str) -> float:
    starts, ends = not before or before in _BLANKS + _BRACKETS, not after or after in _BLANKS
    if character in "\xa0\xad":
        return 0.3
    if character in _OPENING:
        if not (starts or before in "»«–„‚“") or ends:
            return IMPOSSIBLE
        return 1.5 if after.isupper() else 0.4
    if character in _QUOTES:
        # They close or open: a word on one side only.
        if before.isalnum() and after.isalnum():
            return IMPOSSIBLE
        return _UNLIKELY if starts and ends else 1.2
    if character in _DASHES:
        if before.isalpha() and after.islower():
            return 0.2
        return 1.2 if (starts and ends) or (before.isalnum() and after.isalnum()) else 0.5
    if before.isalpha() and after.isalpha():
        return IMPOSSIBLE if character != "…" else _UNLIKELY
    if before.isdigit() and character in _AFTER_NUMBERS and not after.isalpha():
        return 1.0
    if character == "°" and starts and after in ("C", "F"):
        return 1.0
    if character in _AFTER_WORDS and before.isalpha() and not after.isalnum():
        return 0.8 if character == "…" else 0.3
    if character in _ALONE and starts and ends:
        return 0.5
    if character == "…" and before in _BRACKETS:
        return 0.8
    if before.isalpha() or after.isalpha():
        return IMPOSSIBLE
    return 0.0 if character in _LINES else _UNLIKELY


def _paragraph_sign(before: str, after: str) -> float:
    if before[-1:].isalnum() or after[:1].isalpha():
        return IMPOSSIBLE
    return 1.2 if after.strip(_BLANKS)[:1].isdigit() or "§" in (before[-1:], after[:1]) else 0.0


def _euro_sign(before: str, after: str) -> float:
    if before[-1:].isalpha() or after[:1].isalpha():
        return IMPOSSIBLE
    return 1.2 if before.strip(_BLANKS)[-1:].isdigit() or before.endswith("-") else 0.0


def _apostrophe(before: str, after: str) -> float:
    if before[-1:].isalpha() and after[:1].isalpha():  # "geht’s", "d’accord", "O’Neill"
        return 1.0 if (after[0] in "sn" and not after[1:].isalpha()) or not before[:-1].isalpha() else 0.2
    return 1.0 if before[-1:].isalnum() or before[-1:] in tuple(",.!?") else _UNLIKELY


@cache
def _contexts() -> dict[str, float]:
    contexts = {}
    for line in read_entries("umlaut_neighbours_de.txt"):
        group, _, entries = line.partition(":")
        contexts.update(dict.fromkeys(entries.split(), _GROUPS[group]))
    return contexts
