"""What the parts of a web page are called in classes and ids, and how lines begin that belong to no article."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from retrieval.language.word_lists import read_entries
from retrieval.loading.word_runs import words_of

FURNITURE: Final = re.compile(
    r"newsletter|teaser|related|recommend|advert|sponsor|paywall|cookie|consent|breadcrumb|outbrain|taboola|plista"
    r"|social|sharing|share[-_]|[-_]share|comment|kommentar|subscri|promo|banner|most-?read|meist-?gelesen|author-?(?:box|bio|info|card|desc)"
    r"|about-?author|tag-?list|(?:^|[\s_-])tags?(?:$|[\s_-])|feedback|rating|voting|login|signup|sign-up|register"
    r"|(?:^|[\s_-])(?:ads?|abo|app|anzeige|nav|navigation|menu|footer|sidebar|toolbar|print|cite|poll|widget|modal|popup|overlay"
    r"|werbung|share|mehr|more|pagination|meta|byline|breadcrumbs?|copyright|credit|credits)(?:$|[\s_-])"
    r"|(?:^|[\s_-])toc(?:$|\s)|table-of-contents|read-?more|weiterlesen|mehr-?zum|more-?articles|further|citation|citewrapper|cite-?article|reporterr|jump-?mark|skip"
    r"|navigation|app-?download|app-?banner|disclaimer|placeholder__|social-placeholder|embed-?(?:consent|placeholder)|(?:audio|video|media)-?player"
    r"|playlist|see-?also|siehe-?auch|lesen-?sie|empfehl|aside-?box|rating|sterne|lastseen|popular|trending|similar",
)
LEAD: Final = re.compile(
    r"lead|lede|teaser|intro|excerpt|summary|standfirst|vorspann|abstract|subtitle|subline|subhead|description|anriss|unterzeile|deck|dek"
)
CAPTION: Final = re.compile(r"caption|bildunterschrift|bildtext|image__?text|legende|infotext|absatzbild")
BYLINE: Final = re.compile(
    r"author|autor|byline|(?:^|[\s_-])date|datum|publish|time|(?:^|[\s_-])stand(?:$|[\s_-])|copyright|credit|source|quelle"
)
_DATE_WORD: Final = re.compile(
    r"[\d.:,|–-]+|Stand:?|vom|am|um|den|Uhr|(?:Mo|Di|Mi|Do|Fr|Sa|So|\w+tag|Mittwoch|Sonnabend|Jan|Jän|Feb|Apr|Jun|Jul|Aug|Sept?"
    r"|Okt|Nov|Dez|Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)[.,:]?"
)
_PHRASE_WORDS: Final = 6


def is_date_line(text: str) -> bool:
    """Whether a line is a date, or a name ("Von Anna Muster") and a date."""
    words = text.split() if len(text) < 100 and any(map(str.isdigit, text)) else []
    start = 1 if words[:1] == ["Von"] else 0
    while 0 < start < min(len(words), 6) and not _DATE_WORD.fullmatch(words[start]):
        start += 1
    return bool(words) and all(map(_DATE_WORD.fullmatch, words[start:]))


def without_link_hints(text: str) -> str:
    """A text without what is said of its links to people who do not see them: "(öffnet in neuem Fenster)"."""
    return _link_hints().sub("", text) if "Fenster" in text or "Tab" in text else text


@cache
def _link_hints() -> re.Pattern[str]:
    hints = "|".join(map(re.escape, sorted(read_entries("link_hints_de.txt"), key=len, reverse=True)))
    return re.compile(rf" ?(?:\((?:{hints})\)|\[(?:{hints})\]|(?:, )?\b(?:{hints})\b)", re.IGNORECASE)


@cache
def _phrases() -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(words_of(entry)) for entry in read_entries("page_furniture_de.txt"))


def is_furniture_phrase(text: str) -> bool:
    """Whether a line begins like one that pages put between the paragraphs."""
    words = words_of(text[:200])
    return any(tuple(words[:size]) in _phrases() for size in range(1, _PHRASE_WORDS + 1))
