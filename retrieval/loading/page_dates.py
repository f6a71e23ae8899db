"""The day of an article as its page shows it: a time element or a line beside the headline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from retrieval.dates import iso_date
from retrieval.loading.html_lines import Line, Place
from retrieval.loading.page_names import CAPTION
from retrieval.loading.page_statements import Statements

if TYPE_CHECKING:
    from lxml.etree import _Element

# A line that states a day is short, and says little else.
_MAX_LINE_CHARS: Final = 120
_MAX_OTHER_WORDS: Final = 8
_LINES_BEFORE: Final = 6
# Below the first paragraph only a line that says hardly anything else states it.
_LINES_AFTER: Final = 3
_MAX_WORDS_BELOW: Final = 1
_LETTERS: Final = re.compile(r"[^\W\d]+")
_DAY: Final = re.compile(
    r"(?<![\d.])(?:\d{1,2}\.\s?\d{1,2}\.\s?(?:\d{4}|\d\d)|\d{1,2}\.\s?[A-Za-zÄä]{3,9}\.?\s\d{4}|\d{4}-\d{2}-\d{2})(?![\d.])"
)
_SHORT_YEAR: Final = re.compile(r"^(\d{1,2}\.\s?\d{1,2}\.\s?)(\d\d)$")
_LABEL: Final = re.compile(
    r"(?:Veröffentlicht|Publiziert|Erschienen|Veröffentlichung|Erscheinungsdatum|Published)(?: am| on)?:? "
)
_CHANGED: Final = re.compile(r"aktualisiert|geändert|update|modified|bearbeitet|zuletzt", re.IGNORECASE)
_PUBLISHED: Final = re.compile(r"publi[sc]|veröff|erschienen|erstellt|pubdate|entry-date|posted|issued", re.IGNORECASE)
_EVENT: Final = re.compile(r"event|termin|veranstaltung|birth|geboren|gültig|valid|expire", re.IGNORECASE)
# "Konzert am", "Premiere:", "gilt ab" before a day; and what may stand there.
_OTHER_DAY: Final = re.compile(
    r"([^\W\d]+)(?: (?:am|ab|bis|seit|zum|vor|nach|dem|der|den|im|in)(?: \w+tag,?| Mittwoch,?)?(?: (?:dem|den))?|:) *$"
)
_BY: Final = re.compile(r"\b(?:von|by) [^\W\d_]+ ", re.IGNORECASE)
_LOWER: Final = re.compile(r"(?<![^\W_])(?!(?:von|vom|am|um|den|und|der|die|in|für|uhr|online)\b)[a-zäöü]{2,}")
_STORY: Final = re.compile(r"\b(?:bei|beim|im|mit|auf|zu|zum|zur|nach|vor|an|ist|war|hat|wird|wurde|seit|bis)\b")
_OWN_DAY: Final = re.compile(
    r"Stand|Datum|Artikel|Beitrag|Meldung|Bericht|Pressemitteilung|Medienmitteilung|Mitteilung|Text|Nachricht|Ausgabe"
    r"|am|geschrieben|gepostet|online|\w*gestellt|Date",
    re.IGNORECASE,
)
_MAX_TIMES: Final = 200


def article_date(
    root: _Element, lines: Sequence[Line], places: Sequence[Place], headline: int, first: int, said: Statements
) -> str:
    """The day (ISO) of the article, "" if the page has none or several that are equally likely.

    Args:
        said: its data. Those that speak of the page and not of the article may give the day of the file; then the day
            beside the headline is the right one.
        headline: the line of the headline, -1 if there is none.
        first: the first line of the article's prose.
    """
    if said.published:
        return said.published
    shown = _near_headline(lines, places, headline, first)
    if said.dated:
        return shown or said.dated
    return _marked_time(root) or shown or _labelled(lines)


def _marked_time(root: _Element) -> str:
    """The day of what the page marks as the day of publication, if all such marks agree."""
    days = set()
    for number, element in enumerate(root.iter("time", "meta", "span", "abbr")):
        if number > 100 * _MAX_TIMES:
            break
        marks = element.get("itemprop") or ""
        published = "datePublished" in marks.split()
        if element.tag == "time" and not published:
            classes = element.get("class") or ""
            published = element.get("pubdate") is not None or bool(re.search(r"publi|entry-date", classes))
            published = published and not re.search(r"updated(?!.*publi)", classes)
        if published:
            value = element.get("datetime") or element.get("content") or element.get("title") or element.text or ""
            if day := iso_date(value.strip()):
                days.add(day)
    return days.pop() if len(days) == 1 else ""


def _near_headline(lines: Sequence[Line], places: Sequence[Place], headline: int, first: int) -> str:
    """The day of the surest line beside the headline, if lines that are equally sure agree."""
    start = max(0, headline - _LINES_BEFORE if headline >= 0 else first - 2 * _LINES_BEFORE)
    stated: list[tuple[int, str]] = []
    for at in range(start, min(first + _LINES_AFTER, len(lines))):
        line = lines[at]
        names = f"{line.part} {places[line.place].names}"
        if CAPTION.search(names) or places[line.place].tag == "figcaption":
            continue
        if at == headline or line.heading or len(line.text) > _MAX_LINE_CHARS or _EVENT.search(names):
            continue
        rest = _DAY.sub(" ", line.text)
        days = _days(line)
        if not days or len(_LETTERS.findall(rest)) > _MAX_OTHER_WORDS or _EVENT.search(rest):
            continue
        if _names_another_day(line.text):
            continue
        if at >= first and len(_LETTERS.findall(rest)) > _MAX_WORDS_BELOW and not _PUBLISHED.search(rest):
            continue
        changed = bool(_CHANGED.search(rest) or _CHANGED.search(names))
        if len(set(days)) > 1 and not changed:
            continue
        published = bool(_PUBLISHED.search(rest + names)) and not (changed and len(days) == 1)
        rank = 0 if published else 4 if changed and len(days) == 1 else 1 + (at < headline) + (at >= first)
        stated.append((rank, days[0]))
    return _agreed(stated)


def _names_another_day(text: str) -> bool:
    """Whether what stands before a day says that it is that of something else: "Konzert am 17. Mai", "Premiere: …"."""
    if _PUBLISHED.search(text) or _CHANGED.search(text) or _BY.search(text):
        return False
    rest = _DAY.sub(" ", text)
    if len(_LOWER.findall(rest)) > 1 or _STORY.search(rest):
        return True  # a sentence, or a caption
    before = text[: found.start()] if (found := _DAY.search(text)) else ""
    label = _OTHER_DAY.search(before)
    return label is not None and label[1][0].isupper() and not _OWN_DAY.fullmatch(label[1])


def _labelled(lines: Sequence[Line]) -> str:
    """The day of lines that say "Veröffentlicht am", wherever they stand."""
    found = []
    for line in lines:
        if len(line.text) <= _MAX_LINE_CHARS and (label := _LABEL.match(line.text)):
            found += [
                (0, day)
                for day in _days(line)[:1]
                if len(_LETTERS.findall(line.text[label.end() :])) < _MAX_OTHER_WORDS
            ]
    return _agreed(found)


def _days(line: Line) -> list[str]:
    days = [iso_date(_full_year(found)) for found in _DAY.findall(line.text)]
    return list(filter(None, days)) or list(filter(None, [iso_date(line.day.strip())]))


def _full_year(day: str) -> str:
    """A date with a year of four digits: "28.01.22" is in this century."""
    return _SHORT_YEAR.sub(r"\g<1>20\g<2>", day)


def _agreed(stated: list[tuple[int, str]]) -> str:
    best = min((rank for rank, _ in stated), default=0)
    days = {day for rank, day in stated if rank == best}
    return days.pop() if len(days) == 1 else ""
