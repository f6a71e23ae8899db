"""Small pieces of text that need a language: dates, numbers, where an article comes from, how sure an answer is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from bot.messages import text
from retrieval.types import Document

# British English: day before month, as the German articles have it.
_LOCALES = {"de": "de", "en": "en_GB"}
# From this confidence on, an answer is called certain and fairly certain.
_CERTAIN, _FAIRLY = 0.75, 0.5


def day(published: str, language: str) -> str:
    """An ISO date as people write it ("17. Mai 2024", "17 May 2024"); anything else as it is."""
    try:
        return format_date(date.fromisoformat(published[:10]), format="long", locale=_LOCALES[language])
    except ValueError:
        return published


def number(value: int, language: str) -> str:
    """A whole number with the language's thousands separator."""
    return format_decimal(value, locale=_LOCALES[language])


def decimal(value: float, language: str) -> str:
    """A number with two digits behind the language's decimal sign."""
    return format_decimal(value, format="0.00", locale=_LOCALES[language])


def percent(share: float, language: str) -> str:
    """A share (0..1) as people write it ("62 %")."""
    return format_percent(share, locale=_LOCALES[language])


def megabytes(size: int, language: str) -> str:
    """A size given in bytes, in megabytes of a million bytes ("1,2 MB")."""
    return f"{format_decimal(size / 1_000_000, format='#,##0.0', locale=_LOCALES[language])} MB"


def counted(key: str, count: int, language: str) -> str:
    """``count`` things as the texts ``<key>_one`` and ``<key>_many`` name them ("ein Artikel", "12 Artikel")."""
    return text(f"{key}_{'one' if count == 1 else 'many'}", language, count=number(count, language))


def title(document: Document, language: str) -> str:
    """The article's title on one line; without one, the name of its file."""
    return " ".join(document.title.split()) or Path(document.path).name or text("chat.unknown_title", language)


def origin(document: Document, language: str, start: int | None = None) -> str:
    """Source and date, as far as they are known, and the page of the character ``start``; may be empty.

    For example "BelTA, 17. Mai 2024, S. 3".
    """
    page = 0 if start is None else document.landmark_at(start).page
    parts = (
        " ".join(document.source.split()),
        day(document.published, language),
        text("chat.page", language, page=page) if page else "",
    )
    return ", ".join(part for part in parts if part)


def citation(document: Document, language: str, start: int | None = None) -> str:
    """Title, source and date on one line, and the page of the character ``start``."""
    return ", ".join(part for part in (title(document, language), origin(document, language, start)) if part)


def republished(document: Document, language: str) -> str:
    """Where else an article stands, in short ("dpa (17. Mai 2024)"): its source, else its title, and its date."""
    name = " ".join(document.source.split()) or title(document, language)
    return f"{name} ({day(document.published, language)})" if document.published else name


def certainty(confidence: float, language: str) -> str:
    """A confidence (0..1) in words and percent ("ziemlich sicher (62 %)")."""
    name = "high" if confidence >= _CERTAIN else "middle" if confidence >= _FAIRLY else "low"
    words = text(f"chat.confidence_{name}", language)
    return text("chat.confidence", language, words=words, percent=percent(confidence, language))
