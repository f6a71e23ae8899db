"""What an article's text says about itself: front matter, heading, byline and dateline."""

from __future__ import annotations

import re
from typing import Final

from retrieval.dates import iso_date

_FIELD: Final = re.compile(r"([A-Za-z][\w-]*)\s*:(?:\s+(.*))?$")
_FIELD_NAMES: Final = {
    "title": "title", "titel": "title",
    "source": "source", "quelle": "source",
    "url": "url", "link": "url",
    "published": "published", "date": "published", "datum": "published",
    "author": "author", "autor": "author",
}  # fmt: skip
_MAX_FRONT_MATTER_LINES: Final = 50

# "MOSKAU, 17. Mai (BelTA) - ", "Berlin (dpa/bb) – ", "Minsk, 3. Juni 2024. /BelTA/ – "; an agency's name has capitals
# or is as short as "dpa".
_AGENCY: Final = r"([A-ZÄÖÜ][\w.-]*(?: [A-ZÄÖÜ][\w.-]*){0,2}|[a-z]{2,4})"
_DATELINE: Final = re.compile(
    rf"[A-ZÄÖÜ][\w ./-]{{1,40}}(?:, [\w .]{{3,25}})? ?(?:\({_AGENCY}(?:/[\w-]+)*\)|/{_AGENCY}/)\s*[-–—:]\s"
)
# "Tagfunk, 19. Juli 2024", "BelTA | 17.05.2024"
_BYLINE: Final = re.compile(r"([A-ZÄÖÜa-zäöü][\w .-]{1,30}?)\s?[,|–-] ?(\d{1,2}\. ?(?:\d{1,2}\.|[A-Za-zä]+) ?\d{4})")
_MAX_TITLE_CHARS: Final = 150


def front_matter(text: str) -> tuple[dict[str, str], str]:
    """The fields at the beginning of ``text`` as written (title, source, url, published, author), and what follows.

    A line ``---``, lines like ``title: ...``, another ``---``. Other keys, lists and nested values are passed over.
    """
    lines = text.lstrip("\n").split("\n")
    if lines[0].rstrip() != "---":
        return {}, text
    head = [line.rstrip() for line in lines[1 : _MAX_FRONT_MATTER_LINES + 1]]
    closing = next((number for number, line in enumerate(head, 1) if line in ("---", "...")), None)
    if closing is None or not any(_FIELD.match(line) for line in lines[1:closing]):
        return {}, text  # a text that begins with a rule
    fields: dict[str, str] = {}
    for line in lines[1:closing]:
        match = _FIELD.match(line)
        name = match and _FIELD_NAMES.get(match[1].lower())
        if match and name and (value := _unquoted((match[2] or "").strip())):
            fields[name] = value
    return fields, "\n".join(lines[closing + 1 :])


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def title_line(text: str) -> str:
    """The first line if it reads like a heading: short, not a sentence, not a dateline, and more follows."""
    first, _, rest = text.partition("\n")
    is_heading = len(first) <= _MAX_TITLE_CHARS and first[-1:] not in ".:;," and not _DATELINE.match(first)
    return first if is_heading and rest.strip() else ""


def source_and_date(text: str) -> tuple[str, str]:
    """The agency and the day (ISO) that a dateline or a byline names in one of the first three lines, else "".

    A dateline gives no year, so only a byline ("Tagfunk, 19. Juli 2024", a line of its own) tells the day.
    """
    source = published = ""
    for line in [line for line in text.split("\n", 8) if line][:3]:
        if match := _DATELINE.match(line):
            source = source or match[1] or match[2]
        elif (match := _BYLINE.fullmatch(line)) and (published := iso_date(match[2])):
            source = match[1]
    return source, published
