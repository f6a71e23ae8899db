"""Words with one slip of the fingers: a letter too many, missing, wrong, or in its neighbour's place."""

from __future__ import annotations

import re
from functools import cache

from retrieval.language.compounds import VOCABULARY
from retrieval.language.word_lists import read_entries

#: Words with a slip have so many letters at least. In shorter ones than ``LONG`` a wrong letter makes another word as
#: often as not.
SHORTEST, LONG = 5, 8

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_OF_ENDINGS = "aeimnorstu"
_LONGEST_ENDING = 5
_PLAIN = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "s"})


def slip_weight(typed: str, right: str) -> int:
    """How surely ``typed`` is ``right`` with one slip in it, both in lower case, rather than another word or another
    form of it: 2 where two letters changed places, or a doubled one is single or the other way round; 1 for another
    slip, 0 for none or several.

    Other slips count only in words that are long, and not at their beginning and end, where prefixes and endings differ
    like this; or where they lead to letters that German words do not have in a row.
    """
    if typed == right or abs(len(typed) - len(right)) > 1 or not is_mendable(typed):
        return 0
    start, end = _agreeing(typed, right)
    one, other = typed[start : len(typed) - end], right[start : len(right) - end]
    if len(one) > 1 or len(other) > 1:
        return 2 if len(one) == 2 and one == other[::-1] else 0
    longer = typed if len(one) > len(other) else right
    if len(typed) != len(right) and start and longer[start] == longer[start - 1]:
        return 2
    is_inside = start > 0 and (end > 1 or (one or other) not in _OF_ENDINGS)
    return int((len(right) >= LONG and is_inside) or _is_odd(typed))


def is_mendable(word: str) -> bool:
    """Whether a lower-case word is long enough for its slip to be told, and has no letters that are typed with care."""
    return len(word) >= SHORTEST and word.translate(_PLAIN).isascii()


def may_share_stem(stem: str, typed: str) -> bool:
    """Whether a ``stem`` may be that of a word of which a slip makes ``typed``; both begin with the same letter."""
    if len(stem) < len(typed) - _LONGEST_ENDING:
        return False
    start, _ = _agreeing(typed, stem)
    rest, here = stem[start:], typed[start:]
    return start > 0 and (
        here.startswith(rest[1:])
        or here[1:].startswith(rest[1:])
        or here[1:].startswith(rest)
        or (rest[:2] == here[1::-1] and here[2:].startswith(rest[2:]))
    )


def early_slips(typed: str) -> list[str]:
    """What a slip in one of the first three letters may have made ``typed`` of: up to 170 words.

    Of a short one's first letter only that it changed places: another first letter makes another word.
    """
    found = [typed[1::-1] + typed[2:]]
    for place in range(int(len(typed) < LONG), 3):
        before, here, after = typed[:place], typed[place : place + 1], typed[place + 1 :]
        found += [before + after, before + after[:1] + here + after[1:]]
        found += [before + letter + rest for letter in _ALPHABET for rest in (after, here + after)]
    return [word for word in dict.fromkeys(found) if word and word != typed]


def _agreeing(one: str, other: str) -> tuple[int, int]:
    """How many letters two words have in common at their beginning, and behind that at their end."""
    start, shorter = 0, min(len(one), len(other))
    while start < shorter and one[start] == other[start]:
        start += 1
    end = 0
    while end < shorter - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return start, end


def _is_odd(word: str) -> bool:
    """Whether it has three letters in a row, or two at its beginning, that no German word has."""
    spelled = "\n" + word.translate(_PLAIN)
    return any(spelled[i : i + 3] not in _german_letters() for i in range(len(spelled) - 2))


@cache
def _german_letters() -> str:
    """The vocabulary, a word a line."""
    return "\n" + re.sub(r"\s+", "\n", "\n".join(read_entries(VOCABULARY)).lower())
