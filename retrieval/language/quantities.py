"""Numbers with their units as German text writes them: "0,5 Milliarden Euro" and "500 Mio. €" are one quantity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final

from retrieval.language.terms import keyword_term
from retrieval.language.word_lists import read_entries

UNITS: Final = "units_de.txt"

_NUMBER: Final = r"\d{1,3}(?:[. \u00a0\u202f]\d{3})+(?:,\d+)?|\d+(?:,\d+)?"
_SCALES: Final = {
    "tausend": 10**3, "tsd": 10**3, "million": 10**6, "millionen": 10**6, "mio": 10**6,
    "milliarde": 10**9, "milliarden": 10**9, "mrd": 10**9, "billion": 10**12, "billionen": 10**12,
}  # fmt: skip
_SCALED: Final = re.compile(rf"(?<![\w,.])({_NUMBER})\s*({'|'.join(sorted(_SCALES, key=len, reverse=True))})\b\.?")
_HALVES: Final = re.compile(r"\b(\w+?)(?:und)?einhalb(?=millionen|milliarden|\b)")
_HALF: Final = re.compile(r"\b(?:eine )?halbe[nr]?(?= (?:million|milliarde|stunde)\b)")
_UNIT: Final = r"[^\W\d_]+[²³]?|[€$£%‰]|°\w?"
# A point behind the number makes an ordinal of it, as in a date; with a colon it is a time of day or a result.
_QUANTITY: Final = re.compile(
    rf"(?<![\w,.:])((?:minus |[-−](?=\d))?(?:{_NUMBER}))(?![\d:]|\.\s*[\w(]|[.,]\d)[\s\u00a0\u202f-]*({_UNIT})?"
)
#: A longer text is no quantity.
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Quantity:
    """So many of a unit, in the unit that its kind is compared in (kilometres in metres); "" for a plain number.

    The keyword term of a word behind the number serves where it is no known unit: "90 Betten" are 90 of "bett".
    """

    value: Decimal
    unit: str = ""


def quantities(text: str) -> tuple[Quantity, ...]:
    """The quantities in a short text, in order; dates and times of day are none."""
    return tuple(_found(text)) if len(text) <= _LONGEST else ()


def written_unit(text: str, quantity: Quantity) -> tuple[str, Decimal]:
    """The word for the unit of a quantity in a text as it stands there, and how many of the quantity's unit it is.

    "" and 1 where there is none. "Tsd." and "Mio." are no units.
    """
    for word in re.findall(_UNIT, text):
        low = word.lower()
        factor, unit = _units().get(low) or (Decimal(1), keyword_term(low))
        if unit and unit == quantity.unit:
            return word, factor
    return "", Decimal(1)


def _found(text: str) -> Iterator[Quantity]:
    text = _HALF.sub("0,5", text.lower().replace("anderthalb", "1,5"))
    text = _HALVES.sub(lambda match: _with_half(_in_digits(match[1])), text)
    text = _SCALED.sub(lambda match: _written(_decimal(match[1]) * _SCALES[match[2]]) + " ", text)
    for match in _QUANTITY.finditer(_in_digits(text)):
        word = match[2] or ""
        factor, unit = _units().get(word) or (Decimal(1), keyword_term(word) if word else "")
        yield Quantity((_decimal(match[1]) * factor).normalize(), unit)


def _in_digits(text: str) -> str:
    """The text with its number words as digits."""
    from text_to_num import alpha2digit

    digits: str = alpha2digit(text, "de", threshold=0)
    return digits


def _with_half(number: str) -> str:
    return f"{number},5" if number.isdigit() else f"{number}einhalb"


def _decimal(number: str) -> Decimal:
    digits = number.replace("minus ", "-").replace("−", "-")
    return Decimal(re.sub(r"[. \u00a0\u202f]", "", digits).replace(",", "."))


def _written(value: Decimal) -> str:
    return f"{value.normalize():f}".replace(".", ",")


@cache
def _units() -> dict[str, tuple[Decimal, str]]:
    """By word: how many of the unit that its kind is compared in, and that unit."""
    units: dict[str, tuple[Decimal, str]] = {}
    for entry in read_entries(UNITS):
        head, _, words = entry.partition(":")
        name, factor, *base = head.split()
        units |= dict.fromkeys(words.split(), (Decimal(factor), base[0] if base else name))
    return units
