"""What an answer stands on as others cite it: for a newspaper's text, a list of references, BibTeX and RIS."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from urllib.parse import quote

from babel.dates import format_date

from bot.messages import text
from bot.render.text import day
from bot.render.wording import line, title
from retrieval.answer import Answer
from retrieval.language.umlauts import spelled_out
from retrieval.types import Document, Hit

#: Where the sentences begin and end that a quote stands in, from the article's id and the quote's start and end.
SentenceOf = Callable[[int, int, int], tuple[int, int]]

_INNER_QUOTES: Final = re.compile('„([^„“”"]*)[“”"]|“([^„“”"]*)”|»([^»«]*)«|«([^»«]*)»|"([^"]*)"')
# A pair of quotation marks of which only one stands in the quote: those that open, and those that close.
_OPENING: Final = re.compile(r'[„»]|(?<![^\s(])["“«](?=\w)')
_CLOSING: Final = re.compile('[“”"«]')
# BibTeX takes "and" for the word between two names however it is written.
_AUTHORS: Final = re.compile(r"(?i)\s*(?:[;/&]|,?\s\b(?:und|and)\b)\s*")
# Those that TeX takes for something else; braces only in pairs, which BibTeX counts even behind a backslash.
_TEX: Final = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", '"': r"\textquotedbl{}", **{sign: f"\\{sign}" for sign in "&%$#_"},
}  # fmt: skip
_KEY: Final = re.compile(r"[^a-z0-9]+")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Style(StrEnum):
    """In which form a citation is written."""

    PRESS = "press"
    APA = "apa"
    BIBTEX = "bibtex"
    RIS = "ris"


@dataclass(frozen=True, slots=True)
class Quotation:
    """What is cited of an article: words of it; without words, the article itself.

    The page named is that of the character ``start``, where the quote begins.
    """

    document: Document
    words: str = ""
    start: int | None = None

    @classmethod
    def of(cls, answer: Answer, sentence_of: SentenceOf | None = None) -> Quotation | None:
        """The sentence that answers, or the quote alone where sentences are not known; None without an answer."""
        document = answer.document
        if answer.text is None or document is None:
            return None
        if answer.start is None or answer.end is None:
            return cls(document)
        return cls.at(document, answer.start, answer.end, sentence_of)

    @classmethod
    def at(cls, document: Document, start: int, end: int, sentence_of: SentenceOf | None = None) -> Quotation:
        """The sentence of ``document`` that a quote stands in."""
        first, last = sentence_of(document.id, start, end) if sentence_of else (start, end)
        return cls(document, line(document.text[first:last]), start)

    @classmethod
    def of_passage(cls, hit: Hit) -> Quotation:
        """A passage that was found."""
        return cls(hit.document, line(hit.passage.text), hit.passage.start)


def cite(quotation: Quotation, style: Style, language: str) -> str:
    """The citation: one line as the press has it, two for a list of references, a record of several lines else."""
    return _WRITERS[style](quotation, language)


def press_parts(quotation: Quotation, language: str) -> tuple[str, str]:
    """The words in quotation marks, empty without words; and source, title, date, page and address on one line."""
    document = quotation.document
    known = (
        line(document.source),
        title(document, language),
        line(day(document.published, language)),
        _page(quotation, language),
        _address(document),
    )
    where = ", ".join(part for part in known if part)
    return _quoted(quotation.words, language) if quotation.words else "", where


def _press(quotation: Quotation, language: str) -> str:
    """„…“ (BelTA, Handel mit Perm, 17. Mai 2024, S. 3, https://…)."""
    quoted, where = press_parts(quotation, language)
    return f"{quoted} ({where})" if quoted else where


def _apa(quotation: Quotation, language: str) -> str:
    """„…“ (Weber, 2024, S. 3), and below it the entry in the list of references."""
    document = quotation.document
    authors = [_initials(name) for name in _authors(document)]
    # An agency stands for its authors where they are not named.
    by = _listed(authors, " & ") or line(document.source)
    published, name = _date(document), title(document, language)
    undated = text("cite.undated", language)
    year = str(published.year) if published else undated
    full = f"{year}, {_day_and_month(published, language)}" if published else undated
    head = f"{_stopped(by)} ({full}). {_stopped(name)}" if by else f"{_stopped(name)} ({full})."
    where = line(document.source) if line(document.source) != by else ""
    entry = " ".join(part for part in (head, where and _stopped(where), _address(document)) if part)
    if not quotation.words:
        return entry
    surnames = _listed([_surname(name) for name in _authors(document)][:3], " & ")
    if len(authors) > 2:
        surnames = f"{_surname(_authors(document)[0])} et al."
    short = ", ".join(part for part in (surnames or by or name, year, _page(quotation, language)) if part)
    return f"{_quoted(quotation.words, language)} ({short})\n{entry}"


def _bibtex(quotation: Quotation, language: str) -> str:
    """An entry for BibTeX and BibLaTeX."""
    document, published = quotation.document, _date(quotation.document)
    authors = " and ".join(
        _tex(name) if "," in name or " " in name else f"{{{_tex(name)}}}" for name in _authors(document)
    )
    page = _page_number(quotation)
    fields = {
        "author": authors,
        "title": f"{{{_tex(title(document, language))}}}",
        "journal": _tex(line(document.source)),
        "year": str(published.year) if published else "",
        "month": _MONTHS[published.month - 1] if published else "",
        "day": str(published.day) if published else "",
        "pages": str(page) if page else "",
        "url": _tex_address(document),
        "note": _tex(_quoted(quotation.words, language)) if quotation.words else "",
    }
    kind = "article" if document.source else "misc"
    # The names of months are macros of BibTeX's.
    lines = [f"  {name} = {value if name == 'month' else f'{{{value}}}'}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{_key(document, published)},", *lines, "}"])


def _ris(quotation: Quotation, language: str) -> str:
    """A record of Research Information Systems: a tag, two blanks, a hyphen and a value a line."""
    document, published = quotation.document, _date(quotation.document)
    page = _page_number(quotation)
    # An asterisk is not allowed in names.
    lines = [("TY", "NEWS" if document.source else "GEN")]
    lines += [("AU", _inverted(name).replace("*", "")) for name in _authors(document)]
    lines += [
        ("TI", title(document, language)),
        ("T2", line(document.source).replace("*", "")),
        ("PY", str(published.year) if published else ""),
        ("DA", f"{published:%Y/%m/%d}/" if published else ""),
        ("SP", str(page) if page else ""),
        ("LA", document.language if len(document.language) == 2 else ""),
        ("UR", _address(document)),
        ("N1", _quoted(quotation.words, language) if quotation.words else ""),
    ]
    return "\n".join([*(f"{tag}  - {value}" for tag, value in lines if value), "ER  - "])


_WRITERS: Final = {Style.PRESS: _press, Style.APA: _apa, Style.BIBTEX: _bibtex, Style.RIS: _ris}


def _quoted(words: str, language: str) -> str:
    """Words in quotation marks; those that stand in them become single ones, also where one of a pair is missing."""

    def single(found: re.Match[str]) -> str:
        return text("cite.inner", language, words=next(group for group in found.groups() if group is not None))

    opening, closing = text("cite.inner", language, words="\n").split("\n")
    words = _CLOSING.sub(closing, _OPENING.sub(opening, _INNER_QUOTES.sub(single, words)))
    return text("cite.quoted", language, words=words)


def _page_number(quotation: Quotation) -> int:
    return quotation.document.landmark_at(quotation.start).page if quotation.start is not None else 0


def _page(quotation: Quotation, language: str) -> str:
    number = _page_number(quotation)
    return text("chat.page", language, page=number) if number else ""


def _date(document: Document) -> date | None:
    try:
        return date.fromisoformat(document.published[:10])
    except ValueError:
        return None


def _day_and_month(published: date, language: str) -> str:
    return format_date(published, format=text("cite.day_and_month", language), locale=language)


def _address(document: Document) -> str:
    """The article's address on the web; what it holds that no address may hold is encoded."""
    address = line(document.url)
    if not address.startswith(("http://", "https://")):
        return ""
    return (
        quote(address, safe="%:/?#[]@!$&'()*+,;=-._~", errors="replace")
        if not address.isascii() or " " in address
        else address
    )


def _tex_address(document: Document) -> str:
    """The same for a field that TeX takes literally, but for braces and backslashes."""
    address = _address(document)
    return "".join(quote(sign, safe="") if sign in '{}\\^"`|<>' else sign for sign in address)


def _authors(document: Document) -> list[str]:
    """Names as the article has them: "Anna Weber", or "Weber, Anna"."""
    parts = [part for part in _AUTHORS.split(line(document.author)) if part.lower() not in ("", "und", "and")]
    names: list[str] = []
    for part in parts:
        first, *more = [name.strip() for name in part.split(",") if name.strip()] or [""]
        # "Weber, Anna" is one person; "Anna Weber, Jan Kurz" are two.
        names += [f"{first}, {more[0]}"] if len(more) == 1 and " " not in first else [first, *more]
    return [name for name in names if name]


def _inverted(name: str) -> str:
    """ "Weber, Anna"; a name of one word, as an agency's, stays."""
    if "," in name or " " not in name:
        return name
    *given, family = name.split()
    while given and given[-1].islower():  # von, van der
        family = f"{given.pop()} {family}"
    return f"{family}, {' '.join(given)}" if given else family


def _surname(name: str) -> str:
    return _inverted(name).partition(",")[0]


def _initials(name: str) -> str:
    """ "Weber, A." """
    family, _, given = _inverted(name).partition(",")
    initials = " ".join("-".join(f"{part[0]}." for part in word.split("-") if part) for word in given.split())
    return f"{family}, {initials}" if initials else family


def _listed(names: list[str], last: str) -> str:
    return ", ".join(names[:-1]) + last + names[-1] if len(names) > 1 else "".join(names)


def _stopped(words: str) -> str:
    """With one full stop at the end, if no other sign ends it."""
    return words if words.endswith(("?", "!")) else f"{words.rstrip('.')}."


def _tex(words: str) -> str:
    return "".join(_TEX.get(sign, sign) for sign in words)


def _key(document: Document, published: date | None) -> str:
    """ "belta2024handel": small letters and digits, which BibTeX's keys may have without any doubt."""
    authors = _authors(document)
    by = _surname(authors[0]) if authors else document.source
    first = next((word for word in document.title.split() if len(word) > 3), "")
    parts = (by, str(published.year) if published else "", first)
    key = "".join(_KEY.sub("", spelled_out(part.lower()))[:20] for part in parts)
    return key or f"fundstelle{document.id}"
