"""Dates and times as they are kept: ISO, times in UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final

_MONTHS: Final = ("jan", "feb", "mär", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "dez")
_ISO_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?$")
_GERMAN_DATE: Final = re.compile(r"(\d{1,2})\.\s*(?:(\d{1,2})\.|([A-Za-zä]{3,9})\.?)\s*(\d{4})(?:,?\s.*)?$")


def now() -> str:
    """The UTC time, to the second: "2024-05-17T08:30:00Z"."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_date(value: str) -> str:
    """An ISO date from "2024-05-17", "2024-05-17T08:30", "17.5.2024" or "17. Mai 2024", else ""."""
    try:
        if match := _ISO_DATE.match(value):
            return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
        if match := _GERMAN_DATE.match(value):
            month = int(match[2]) if match[2] else _MONTHS.index(match[3].lower()[:3]) + 1
            return date(int(match[4]), month, int(match[1])).isoformat()
    except ValueError:  # no such month or day
        pass
    return ""
