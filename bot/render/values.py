"""The numbers among all answers to a question: of each quote, and those of one unit over time."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.messages import text
from bot.render.text import amount
from retrieval.answering.all_answers import AllAnswers, Finding, Mention
from retrieval.language.quantities import Quantity, quantities, written_unit
from retrieval.language.question_words import words_of

_WORD = re.compile(r"[^\W\d_]+")
# A number without a unit that looks like one.
_YEAR = re.compile(r"(?<![\w.,])(?:19|20)\d\d(?![\w]|[.,]\d)")
#: Fewer values are read faster in the list; they need two days at least.
LEAST_VALUES, LEAST_DAYS = 3, 2
#: What a number is written in from its size on: key of the texts, and how many it is.
_SCALES = (("billion", Decimal(10**9)), ("million", Decimal(10**6)))


@dataclass(frozen=True, slots=True)
class Value:
    """The number of a quote. ``amount`` counts ``unit``, a word as the quote has it, "" for a plain number.

    ``factor`` is how many of the quantity's unit one of that is.
    """

    amount: Decimal
    unit: str
    quantity: Quantity
    factor: Decimal


@dataclass(frozen=True, slots=True)
class Point:
    """A value of a day. ``is_first`` says that it is the finding's oldest mention, ``finding`` which one it is of.

    ``is_surest`` says that no other value of that day is as sure.
    """

    day: date
    amount: Decimal
    finding: Finding
    is_first: bool
    is_surest: bool


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one unit by day: at least LEAST_VALUES on LEAST_DAYS, by rising days.

    ``unit`` is a word as the articles have it, "" for plain numbers; the amounts count it.
    """

    unit: str
    points: tuple[Point, ...]

    def scale(self, language: str) -> tuple[str, Decimal]:
        """What the values are written in ("Mio. Euro"), and how many units one of that is."""
        largest = max(abs(point.amount) for point in self.points)
        for name, factor in _SCALES:
            if largest >= factor:
                return f"{text(f'chart.{name}', language)} {self.unit}".strip(), factor
        return self.unit, Decimal(1)

    def of(self, finding: Finding) -> Decimal | None:
        """The amount of a finding, None for one that has no place in the series."""
        return next((point.amount for point in self.points if point.finding is finding), None)


def value_of(quote: str) -> Value | None:
    """The number that a quote says; None for none and for several, and for a time ("September 2025", "2026")."""
    found = quantities(quote)
    if len(found) != 1 or (not found[0].unit and _says_time(quote)):
        return None
    unit, factor = written_unit(quote, found[0])
    return Value(found[0].value / factor, unit, found[0], factor)


def value_cells(quote: str) -> tuple[Decimal | None, str | None]:
    """The number of a quote and its unit as cells of a table; None twice where there is none."""
    value = value_of(quote)
    return (None, None) if value is None else (value.amount, value.unit)


def series(answers: AllAnswers) -> Series | None:
    """The dated values of the unit that most of them have; None for too few, and for those of one day only.

    A number without a unit counts where the others have one: "120" beside "350 Menschen".
    """
    found = [
        (day, value, mention, finding)
        for finding in answers.findings
        for mention in finding.mentions
        if (day := _day(mention)) and (value := value_of(mention.text))
    ]
    kinds = Counter(value.quantity.unit for _, value, _, _ in found if value.quantity.unit)
    kind = kinds.most_common(1)[0][0] if kinds else ""
    found = [one for one in found if one[1].quantity.unit in (kind, "")]
    units = Counter((value.unit, value.factor) for _, value, _, _ in found if value.unit)
    unit, factor = units.most_common(1)[0][0] if units else ("", Decimal(1))
    points: dict[tuple[date, Decimal], Point] = {}
    surest = {day: max(m.confidence for d, _, m, _ in found if d == day) for day in {day for day, *_ in found}}
    for day, value, mention, finding in sorted(found, key=lambda one: (one[0], -one[2].confidence)):
        base = value.quantity.value if value.quantity.unit else value.amount * factor
        point = Point(day, base / factor, finding, mention is finding.first, mention.confidence == surest[day])
        points.setdefault((day, base), point)
    if len(points) < LEAST_VALUES or len({day for day, _ in points}) < LEAST_DAYS:
        return None
    return Series(unit, tuple(points.values()))


def written(value: Decimal, factor: Decimal, language: str) -> str:
    """An amount in units of ``factor`` with the language's signs ("1.234,5")."""
    return amount(value / factor, language)


def _says_time(quote: str) -> bool:
    words = _WORD.findall(quote.lower())
    return bool(_YEAR.search(quote)) or any(words_of("de").has("time", word) for word in words)


def _day(mention: Mention) -> date | None:
    try:
        return date.fromisoformat(mention.document.published[:10])
    except ValueError:
        return None
