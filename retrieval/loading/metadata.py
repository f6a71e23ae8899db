"""What an article's text says about itself at its beginning: heading, byline and dateline.

In doubt it says nothing: a weekday, a place or the number of an issue is no source, and a day in the story is not the
day of the article.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from typing import Final, NamedTuple

from retrieval.dates import iso_date
from retrieval.language.word_lists import read_lists
from retrieval.loading.headers import front_matter

__all__ = ["Stated", "front_matter", "source_and_date", "stated_in_text", "title_line"]

_LOOKED_AT: Final = 4  # lines
_MAX_LINE_CHARS: Final = 400
_DAY: Final = r"\d{1,2}\. ?(?:\d{1,2}\.|[A-Za-zä]{3,9}\.?)"
_DATE: Final = rf"{_DAY} ?\d{{4}}"
# "MOSKAU, 17. Mai (BelTA) - ", "Berlin (dpa/bb) – ", "Minsk, 3. Juni 2024. /BelTA/ – ", "Bonn, 3. Juni 2024 – "
_NAME: Final = r"([A-ZÄÖÜa-z][\w.-]*(?: [A-ZÄÖÜ][\w.-]*){0,2})"
_PLACE: Final = (
    r"(?!(?:Der|Die|Das|Ein|Eine|Im|In|Am|Von) )[A-ZÄÖÜ][\w./-]{1,30}"
    r"(?: (?:[A-ZÄÖÜ(/][\w./)-]{0,30}|am|an der|im|in|ob der|bei|den|und|a\.|d\.)){0,4}"
)
_DATELINE: Final = re.compile(
    rf"{_PLACE}(?:, ((?:den )?[\w .]{{3,25}}))? ?(?:\({_NAME}(?:/[\w-]+)*\)|/{_NAME}/)\s*[-–—:]\s"
)
_DATED_PLACE: Final = re.compile(rf"{_PLACE}, (?:den )?({_DATE})\.? [-–—] ")
# "Tagfunk, 19. Juli 2024", "BelTA | 17.05.2024", "Von Anna Müller, 17. Mai 2024", "Stand: 17.05.2024, 10.30 Uhr"
_DATED: Final = re.compile(
    rf"(?:([^\W\d_][\w .&'’/-]{{1,60}}?)(?:\s?[,|–-]|:) ?)?"
    rf"((?:(?:Mo|Di|Mi|Do|Fr|Sa|So)[a-z]{{0,8}}[.,]{{1,2}} |den |am |vom |Stand:? )*{_DATE}|Stand:? \S.{{5,30}}?)"
    rf"(?:,? (?:um )?\d{{1,2}}[.:]\d\d(?: Uhr)?)?\.?"
)
# "Veröffentlicht am 17. Mai 2024 um 8.30 Uhr", "Ausgabe 20 vom 17. Mai 2024"
_STATED_DAY: Final = re.compile(
    r"(?:Stand|Datum|Veröffentlicht|Erschienen|Publiziert|Pressemitteilung|Meldung|Artikel|Ausgabe|Heft|Nr\.)"
    rf"(?: [\w./]{{1,10}})??,?:? ?(?:am |vom |den )?({_DATE})(?:,? (?:um )?\d{{1,2}}[.:]\d\d(?: Uhr)?)?\.?"
)
_CAPITALISED: Final = re.compile(r"(?:[A-ZÄÖÜ0-9][\w.’'/-]*|a[nm]|der|im|in|ob|bei|den|und|von)")
_ONE_NAME: Final = (
    r"[A-ZÄÖÜ][\w.’'-]*(?: (?:von|van|de|der|den|zu|al|el|di|da|le|la|[A-ZÄÖÜ][\w.’'-]*)){0,4} [A-ZÄÖÜ][\w’'-]+"
)
_AUTHOR: Final = re.compile(
    rf"(?:[Vv]on|VON|Text:|Autor(?:in)?:|By|Ein (?:Kommentar|Bericht|Interview|Beitrag) von) "
    rf"({_ONE_NAME}(?:(?:, | und | & ){_ONE_NAME})*)(?:(?:,? ?[(/,|–-] ?)([\w. -]{{2,30}}?)\)?)?(?:[,|–-]? ?({_DATE}))?"
)
_MAX_TITLE_CHARS: Final = 150
_INNER_CAPITAL: Final = re.compile(r"[A-ZÄÖÜ]?[a-zäöü]+[A-ZÄÖÜ]\w*")
_INITIALS: Final = re.compile(r"[A-ZÄÖÜ]{2,6}")


class Stated(NamedTuple):
    """What the first lines state, "" where they do not; ``published`` is an ISO date."""

    source: str = ""
    published: str = ""
    author: str = ""


def title_line(text: str) -> str:
    """The first line if it reads like a heading: short, not a sentence, not a dateline, and more follows."""
    first, _, rest = text.partition("\n")
    is_heading = len(first) <= _MAX_TITLE_CHARS and first[-1:] not in ".:;," and not _is_dateline(first)
    return first if is_heading and rest.strip() else ""


def source_and_date(text: str) -> tuple[str, str]:
    """The agency and the day (ISO) that a dateline or a byline names in one of the first lines, else ""."""
    stated = stated_in_text(text)
    return stated.source, stated.published


def stated_in_text(text: str) -> Stated:
    """Source, day and author as a dateline or a byline names them in one of the first lines."""
    source = published = author = ""
    lines = list(islice((line for line in text.split("\n", 12)[:12] if line), _LOOKED_AT))
    for number, line in enumerate(lines):
        shown = line[:_MAX_LINE_CHARS]
        found = _dateline(shown) if number < 3 else Stated()
        # A heading may be a day ("17. Juni 1953") or begin with "Von".
        if not any(found) and len(shown) <= _MAX_TITLE_CHARS and len(lines) > 1:
            found = _byline(shown, is_first=number == 0)
        source = source or found.source
        published = published or found.published
        author = author or found.author
    return Stated(source, published, author)


def _is_dateline(line: str) -> bool:
    return bool(_DATED_PLACE.match(line)) or bool((match := _DATELINE.match(line)) and is_source(match[2] or match[3]))


def _dateline(line: str) -> Stated:
    if (match := _DATELINE.match(line)) and is_source(match[2] or match[3]):
        return Stated(match[2] or match[3], iso_date((match[1] or "").rstrip(". ")))
    if match := _DATED_PLACE.match(line):
        return Stated(published=iso_date(match[1]))
    return Stated()


def _byline(line: str, *, is_first: bool) -> Stated:
    if match := _AUTHOR.fullmatch(line):
        named = (match[2] or "").strip()
        if not is_first or is_source(named) or match[3]:
            return Stated(named if is_source(named) else "", iso_date(match[3] or named), match[1])
        return Stated()
    if match := _STATED_DAY.fullmatch(line):
        return Stated(published=iso_date(match[1]))
    match = _DATED.fullmatch(line)
    published = iso_date(match[2]) if match else ""
    if not match or not published:
        return Stated()
    name = (match[1] or "").strip()
    source = name if is_source(name) else ""
    if is_first and not source and not match[2].startswith("Stand"):
        return Stated()
    words = name.split()
    if not source and (len(words) > 4 or not all(map(_CAPITALISED.fullmatch, words))):
        return Stated()  # "Konzert mit dem Chor, 17. Mai 2024"
    return Stated(source, published)


def is_source(name: str) -> bool:
    """Whether a name is known as one of those that report, or looks like an agency's: "dpa", "BelTA", "Tagfunk"."""
    words = name.lower().split()
    if not words or any(character.isdigit() for character in name):
        return False
    agencies, last_words, no_sources = _publications()
    if name.lower() in agencies:
        return True
    if words[-1] in no_sources or any(word in ("von", "aus", "in", "im", "am", "vom") for word in words):
        return False
    if words[-1].endswith(last_words):
        return True
    return len(words) == 1 and bool(_INNER_CAPITAL.fullmatch(name) or _INITIALS.fullmatch(name))


@cache
def _publications() -> tuple[frozenset[str], tuple[str, ...], frozenset[str]]:
    groups = read_lists("publications_de.txt")
    return groups["agency"], tuple(groups["word"]), groups["none"]
