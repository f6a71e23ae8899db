"""Dates and times as they are kept: ISO, times in UTC."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import Final

_MONTH_NAMES: Final = (
    "jan januar jän jänner jaenner january",
    "feb februar feber february",
    "mär märz mrz maerz mar march",
    "apr april",
    "mai may",
    "jun juni juno june",
    "jul juli july",
    "aug august",
    "sep sept september",
    "okt oktober oct october",
    "nov november",
    "dez dezember dec december",
)
_MONTHS: Final = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
_LONGEST: Final = 200
# "Stand:", "Veröffentlicht am", "Freitag, den", "Fr.,"
_LEADING: Final = re.compile(
    r"(?:(?:stand|datum|date|vom|am|den|veröffentlicht|erschienen|published|on)\b[:,]?\s*"
    r"|(?:mo|di|mi|do|fr|sa|so|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch|sonnabend"
    r"|mon|tue|wed|thu|fri|sat|sun|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b[.,]{0,2}\s+)+",
    re.IGNORECASE,
)
_ISO_DATE: Final = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})(?:[T Z+].*)?$")
_COMPACT_DATE: Final = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:T.*)?$")
_GERMAN_DATE: Final = re.compile(r"(\d{1,2})\.\s*(?:(\d{1,2})\.|([A-Za-zä]{3,9})\.?)\s*(\d{4}|(?<=\.)\d\d)(?:,?\s.*)?$")
_SLASHED_DATE: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:,?\s.*)?$")
_TIME: Final = (
    r"(?:,?\s+(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d|:60)?(?:\.\d+)?(?:\s*[AaPp][Mm])?"
    r"(?:\s*(?:Uhr|[A-Z]{1,5}|[+-]\d\d:?\d\d))?(?:\s*\([^()]*\))?)?"
)
# "17 May 2024 08:30:00 +0200" as in mails and feeds, "May 17, 2024", "May 17 08:30:00 2024 +0200" as in logs
_DAY_FIRST: Final = re.compile(rf"(\d{{1,2}})(?:th|st|nd|rd)?[ -]([A-Za-zä]{{3,9}})\.?,?[ -](\d{{4}}){_TIME}\s*$")
_MONTH_FIRST: Final = re.compile(rf"([A-Za-zä]{{3,9}})\.? (\d{{1,2}})(?:th|st|nd|rd)?, ?(\d{{4}}){_TIME}\s*$")
_LOGGED: Final = re.compile(r"([A-Za-zä]{3,9}) {1,2}(\d{1,2}) \d\d:\d\d:\d\d(?: [A-Z]{2,5})? (\d{4})(?: [+-]\d{4})?$")

# "2025", "Mai 2024", "05/2024", "5.2024", "2024-05"
_PERIOD: Final = re.compile(
    r"(?:(?:(?P<name>[A-Za-zä]{3,9})\.?,?\s+|(?P<month>\d{1,2})\s*[./-]\s*)?(?P<year>\d{4})"
    r"|(?P<first_year>\d{4})[-/](?P<last_month>\d{1,2}))"
)


def now() -> str:
    """The UTC time, to the second: "2024-05-17T08:30:00Z"."""
    return _stamp(datetime.now(UTC))


def days_ago(days: int) -> str:
    """The UTC time so many days ago, as ``now`` writes it."""
    return _stamp(datetime.now(UTC) - timedelta(days=days))


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_date(value: str) -> str:
    """An ISO date from one that is written out in full, with or without a time; else "".

    "2024-05-17", "2024-05-17T08:30", "17.5.2024", "17. Mai 2024", "Freitag, 17. Jänner 2024, 8.30 Uhr", "Stand:
    17.05.2024", "Fri, 17 May 2024 08:30:00 +0200", "May 17, 2024". The day is the one that is written, whatever the
    time zone. A month and a year are no date, and neither is "3/4/2024", which is another day in another country.
    """
    value = value.strip()[:_LONGEST]
    stated = value[match.end() :] if (match := _LEADING.match(value)) else value
    try:
        year, month, day = _numbers(stated)
        return date(year, month, day).isoformat()
    except (ValueError, KeyError):  # no such day or month
        return ""


def period(value: str) -> tuple[str, str]:
    """The first and the last day, as ISO dates, that a day, a month or a year has; else "" twice.

    "2025", "Mai 2024", "5/2024", "2024-05", and whatever ``iso_date`` reads.
    """
    if day := iso_date(value):
        return day, day
    match = _PERIOD.fullmatch(value.strip()[:_LONGEST])
    if match is None:
        return "", ""
    year = int(match["year"] or match["first_year"])
    month = _MONTHS.get((match["name"] or "").lower(), 0) or int(match["month"] or match["last_month"] or 0)
    if (match["name"] and not month) or month > 12 or not 1 <= year <= 9999:
        return "", ""
    if not month:
        return (f"{year:04}-01-01", f"{year:04}-12-31") if not (match["month"] or match["last_month"]) else ("", "")
    return f"{year:04}-{month:02}-01", f"{year:04}-{month:02}-{monthrange(year, month)[1]:02}"


def _numbers(stated: str) -> tuple[int, int, int]:
    """Year, month and day. Raises ValueError or KeyError if there are none."""
    if match := _ISO_DATE.match(stated):
        return int(match[1]), int(match[3]), int(match[4])
    if match := _COMPACT_DATE.match(stated):
        return int(match[1]), int(match[2]), int(match[3])
    if match := _GERMAN_DATE.match(stated):
        month = int(match[2]) if match[2] else _MONTHS[match[3].lower()]
        return _full_year(match[4]), month, int(match[1])
    if match := _DAY_FIRST.match(stated):
        return int(match[3]), _MONTHS[match[2].lower()], int(match[1])
    if match := _MONTH_FIRST.match(stated) or _LOGGED.match(stated):
        return int(match[3]), _MONTHS[match[1].lower()], int(match[2])
    if match := _SLASHED_DATE.match(stated):
        first, second = int(match[1]), int(match[2])
        if (first > 12) != (second > 12):
            return int(match[3]), min(first, second), max(first, second)
    raise ValueError


def _full_year(stated: str) -> int:
    """The year of "17.05.24": never one to come but the next."""
    if len(stated) == 4:
        return int(stated)
    this_year = datetime.now(UTC).year
    year = this_year // 100 * 100 + int(stated)
    return year if year <= this_year + 1 else year - 100
