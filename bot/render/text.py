"""What all outputs share and needs no words of its own: the parts of an answer, cutting, dates and numbers."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

from babel.dates import format_date, format_timedelta
from babel.numbers import format_decimal, format_percent

from retrieval.answer import Answer, Correction
from retrieval.types import Hit, Passage

ELLIPSIS = "…"
#: The longest title or source line, and the longest passage in short, in UTF-16 units.
TITLE_LIMIT = 200
SHORT_LIMIT = 160
#: So many other passages are shown at most, those whose score is at least this share of the best one's.
FURTHER = 3
NEAR = 0.9
# British English: day before month, as the German articles have it.
_LOCALES = {"de": "de", "en": "en_GB"}


def split_at_quote(answer: Answer) -> tuple[str, str, str]:
    """The answer's excerpt cut in three: what stands before the quote, the quote, and what follows.

    Raises ValueError for an answer that the articles do not give.
    """
    shown = answer.excerpt or answer.passage
    if shown is None or answer.start is None or answer.end is None:
        raise ValueError("no quote in an answer that the articles do not give")
    return _split(shown, answer.start, answer.end)


def split_at_correction(correction: Correction) -> tuple[str, str, str]:
    """The excerpt of a correction, likewise."""
    return _split(correction.excerpt, correction.start, correction.end)


def _split(shown: Passage, start: int, end: int) -> tuple[str, str, str]:
    start, end = start - shown.start, end - shown.start
    return shown.text[:start], shown.text[start:end], shown.text[end:]


def source_link(answer: Answer) -> str:
    """The web address of the answer's article, leading to the quote's words where it can; empty if none is known."""
    return answer.link or (answer.document.url if answer.document else "")


def other_hits(answer: Answer) -> list[Hit]:
    """The passages worth a look besides the answer, best first: at most ``FURTHER``, all near the best one's score.

    None of them holds the quote.
    """
    best = max((hit.score for hit in answer.hits), default=0.0)
    near = [hit for hit in answer.hits if hit.score >= NEAR * best and not _holds(hit, answer)]
    return near[:FURTHER]


def _holds(hit: Hit, answer: Answer) -> bool:
    """Whether the answer's quote stands in a passage."""
    passage, document = hit.passage, answer.document
    if document is None or answer.start is None or answer.end is None:
        return False
    return passage.document_id == document.id and passage.start <= answer.start and answer.end <= passage.end


def width(string: str) -> int:
    """The length that Telegram counts: UTF-16 units."""
    return len(string.encode("utf-16-le")) // 2


def cut(string: str, limit: int) -> str:
    """``string``, or as many of its first words as fit ``limit`` (UTF-16 units, at least 1) with an ellipsis."""
    if width(string) <= limit:
        return string
    # "ignore" drops half a character at the edge.
    kept = string.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", "ignore")
    if not string[len(kept)].isspace():
        kept = re.sub(r"\s+\S*\Z", "", kept)
    return kept.rstrip() + ELLIPSIS


def cut_left(string: str, limit: int) -> str:
    """Like ``cut``, but the last words are kept."""
    return cut(string[::-1], limit)[::-1]


def cut_around(before: str, quote: str, after: str, limit: int) -> tuple[str, str, str]:
    """The three parts cut to ``limit`` in all: the quote is kept, what stands around it shares the rest."""
    before, after = before.lstrip(), after.rstrip()
    quote = cut(quote, limit)
    room = limit - width(quote)
    if width(before) + width(after) <= room:
        return before, quote, after
    # Half for each side, and what one side does not need goes to the other.
    left = min(width(before), max(room // 2, room - width(after)))
    right = room - left
    return cut_left(before, left) if left else "", quote, cut(after, right) if right else ""


def day(published: str, language: str) -> str:
    """An ISO date as people write it ("17. Mai 2024", "17 May 2024"); anything else as it is."""
    try:
        return format_date(date.fromisoformat(published[:10]), format="long", locale=_LOCALES[language])
    except ValueError:
        return published


def short_day(when: date, language: str) -> str:
    """A date in short ("17.05.2024", "17 May 2024")."""
    return format_date(when, format="medium", locale=_LOCALES[language])


def amount(value: Decimal, language: str) -> str:
    """An amount with up to three digits behind the language's decimal sign ("1.234,5")."""
    return format_decimal(value, format="#,##0.###", locale=_LOCALES[language])


def number(value: int, language: str) -> str:
    """A whole number with the language's thousands separator."""
    return format_decimal(value, locale=_LOCALES[language])


def decimal(value: float, language: str) -> str:
    """A number with two digits behind the language's decimal sign."""
    return format_decimal(value, format="0.00", locale=_LOCALES[language])


def percent(share: float, language: str) -> str:
    """A share (0..1) as people write it ("62 %")."""
    return format_percent(share, locale=_LOCALES[language])


def duration(seconds: float, language: str) -> str:
    """How long something takes, roughly ("3 Minuten")."""
    return format_timedelta(timedelta(seconds=max(1, round(seconds))), threshold=1.5, locale=_LOCALES[language])


def megabytes(size: int, language: str) -> str:
    """A size given in bytes, in megabytes of a million bytes ("1,2 MB")."""
    return f"{format_decimal(size / 1_000_000, format='#,##0.0', locale=_LOCALES[language])} MB"
