"""Which articles to look in: the options of several commands, and how they are said again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from bot.errors import FilterError
from bot.messages import text
from bot.render.text import day
from retrieval.dates import iso_date
from retrieval.types import Filter

Source = Annotated[
    str | None,
    typer.Option("--source", metavar="NAME", help="Only articles whose source holds this.", show_default=False),
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="DATE", help="Only articles from this day on.", show_default=False),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="DATE", help="Only articles up to this day.", show_default=False),
]


def filter_from(
    source: str | None, since: str | None, until: str | None, language: str, words: Iterable[str] = ()
) -> Filter:
    """The filter that a command's options and words make; dates as ISO or as Germans write them.

    Raises:
        FilterError: a date is none, or ``until`` lies before ``since``.
    """
    first, last = (iso_date((value or "").strip()) for value in (since, until))
    for value, date in ((since, first), (until, last)):
        if value and not date:
            raise FilterError(text("cli.no_date", language, date=value))
    if first and last and last < first:
        raise FilterError(text("cli.until_before_since", language, since=first, until=last))
    return Filter((source or "").strip(), first, last, tuple(words))


def described(within: Filter, language: str) -> str:
    """What a filter lets through, in short ("Quelle: dpa, seit 17. Mai 2024"); empty for one that asks for nothing."""
    parts = {
        "source": within.source,
        "since": day(within.since, language),
        "until": day(within.until, language),
    }
    return ", ".join(text(f"chat.within_{name}", language, value=value) for name, value in parts.items() if value)
