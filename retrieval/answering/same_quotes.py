"""Whether two quotes say the same, or two things of one kind: numbers as numbers, names and times as words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

from retrieval.dates import iso_date
from retrieval.language.normalise import normalise
from retrieval.language.quantities import Quantity, quantities
from retrieval.language.question_words import words_of

_WORD = re.compile(r"[^\W\d_]+")


def say_the_same(one: str, other: str) -> bool:
    """Whether two quotes give one answer: an equal amount or day, the same words in any order, or one within the other.

    "0,5 Milliarden Euro" is "500 Mio. €", "Anna Weber" is "Bürgermeisterin Anna Weber", but "500" is not "500.000".
    """
    if not _says_time(one):
        counted, other_counted = quantities(one), quantities(other)
        if counted and set(counted) == set(other_counted):
            return True
        if counted and other_counted and not _have_common(counted, other_counted):
            return False
    day, other_day = iso_date(one), iso_date(other)
    if day and other_day:
        return day == other_day
    said, other_said = normalise(one), normalise(other)
    if f" {said} " in f" {other_said} " or f" {other_said} " in f" {said} ":
        return True
    return sorted(_names_of(said)) == sorted(_names_of(other_said))


def same_kind(one: str, other: str) -> bool:
    """Whether two quotes are two numbers of one unit, two times, or two names: one of them may be wrong."""
    if _says_time(one) or _says_time(other):
        return _says_time(one) and _says_time(other)
    counted, other_counted = quantities(one), quantities(other)
    if bool(counted) != bool(other_counted):
        return False
    if counted:
        units, other_units = ({found.unit for found in found_in} - {""} for found_in in (counted, other_counted))
        return not units or not other_units or bool(units & other_units)
    words, other_words = (frozenset(_WORD.findall(quote.lower())) for quote in (one, other))
    return _is_name(one) and _is_name(other) and not words & other_words


def _have_common(counted: Sequence[Quantity], other_counted: Sequence[Quantity]) -> bool:
    """Whether an amount is in both; one without a unit is one of any."""
    return any(
        one.value == other.value and (one.unit == other.unit or not one.unit or not other.unit)
        for one, other in product(counted, other_counted)
    )


def _names_of(said: str) -> list[str]:
    """The words of a normalised quote, without those that join the items of a list."""
    return [word for word in said.split() if word not in ("und", "sowie", "and")]


def _says_time(quote: str) -> bool:
    return any(words_of("de").has("time", word) for word in _WORD.findall(quote.lower()))


def _is_name(quote: str) -> bool:
    words = quote.split()
    return len(words) > 1 and all(word[0].isupper() for word in words)
