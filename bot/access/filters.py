"""Which articles count, from what somebody has written: a source, a first and a last day."""

from __future__ import annotations

from collections.abc import Iterable

from bot.errors import FilterError
from bot.messages import text
from retrieval.dates import period
from retrieval.types import Filter


def filter_from(
    source: str | None,
    since: str | None,
    until: str | None,
    language: str,
    words: Iterable[str] = (),
    no_ocr: bool | None = None,
) -> Filter:
    """The filter that these make; days, months and years as ISO or as Germans write them.

    Raises:
        FilterError: a date is not valid, or ``until`` lies before ``since``.
    """
    first, last = period((since or "").strip())[0], period((until or "").strip())[1]
    for value, date in ((since, first), (until, last)):
        if value and not date:
            raise FilterError(text("cli.no_date", language, date=value))
    if first and last and last < first:
        raise FilterError(text("cli.until_before_since", language, since=first, until=last))
    return Filter((source or "").strip(), first, last, tuple(words), bool(no_ocr))
