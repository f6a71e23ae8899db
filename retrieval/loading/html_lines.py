"""The visible lines of an HTML page in document order, each with its place in the page's outline."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retrieval.loading.html_tables import is_data, read_table
from retrieval.loading.page_names import without_link_hints

if TYPE_CHECKING:
    from lxml.etree import _Element

HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
# All other elements begin and end a line.
_INLINE: Final = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img",
    "ins", "kbd", "mark", "nobr", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub",
    "sup", "time", "tt", "u", "var", "wbr",
})  # fmt: skip
_LEFT_OUT: Final = frozenset({
    "head", "script", "style", "svg", "math", "template", "noscript", "iframe", "select", "option", "textarea",
    "button", "audio", "video", "object", "embed", "canvas", "datalist", "dialog", "input", "label", "meter",
    "progress", "map", "menu", "nav",
})  # fmt: skip
# Spans that are lines of their own although they are inline: the parts of a headline.
_PARTS: Final = re.compile(r"kicker|overline|dachzeile|topline|spitzmarke|roofline|headline|eyebrow|tagline|supertitle")
_HIDDEN_STYLE: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
# Text for screen readers, and the names of what stands around an article on its page.
_UNSEEN: Final = re.compile(
    r"(?:^|[\s_-])(?:(?:visually|visuallly|element|screen|aural)-?_?hidden|invisible|sr-?only|screen-?reader(?:-?text|-?only)?"
    r"|hide-?visually|u-hidden|is-hidden|a11y(?:-\w+)?|aria-only|skip-?links?|offscreen|vh|for-screenreaders?|print-only)"
    r"(?:$|[\s_-])",
    re.IGNORECASE,
)
# Classes that say how something looks at some width and not what it is: "print:hidden", "lg:w-10/12".
_STYLE_NAMES: Final = re.compile(r"\S*[:\[\]]\S*")
_MAX_NAMES_CHARS: Final = 500


@dataclass(slots=True)
class Place:
    """An element that begins and ends lines: a node of the page's outline. ``parent`` is its position, -1 at the root.

    ``names`` are its classes, id and roles, in lower case; ``linked`` says that all of it is a link.
    """

    parent: int
    tag: str
    names: str
    linked: bool
    element: _Element


@dataclass(slots=True)
class Line:
    """A line of text. ``place`` is the position of the innermost Place around it, ``linked`` its characters in links.

    ``part`` are the names of an inline element that is the whole line, as a kicker's. ``day`` is what a time element in
    it holds. ``shown`` is, for a row of a table, its text without the names of the columns, else "".
    """

    text: str
    place: int
    linked: int
    heading: bool
    part: str = ""
    day: str = ""
    shown: str = ""


def page_lines(root: _Element) -> tuple[list[Line], list[Place]]:
    """The lines of the page under ``root`` without hidden ones and controls, and the places in which they stand.

    A row of a table is a line, as in ``tables.rows_as_lines``; tables that only lay the page out are none.
    """
    reading = _Reading(root)
    return reading.lines, reading.places


class _Reading:
    """One walk over the page. Text is gathered until an element begins or ends a line."""

    def __init__(self, root: _Element) -> None:
        from lxml import etree

        self.lines: list[Line] = []
        self.places: list[Place] = [Place(-1, "html", "", False, root)]
        self._here = [0]
        self._parts: list[str] = []
        self._linked = 0
        self._day = ""
        self._links = 0
        self._headings = 0
        self._named: list[str] = []  # of open parts of a headline
        table: _Element | None = None  # the one that was read last
        walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
        for event, element in walk:
            if event in ("comment", "pi"):
                self._add(element.tail)
            elif event == "start":
                if self._is_left_out(element):
                    walk.skip_subtree()
                elif element.tag in ("table", "tr") and is_data(element):
                    walk.skip_subtree()
                    self._read_table(element)
                    table = element
                else:
                    self._open(element)
            elif table is not None and element is table:
                self._add(table.tail)
            else:
                self._close(element)
        self._flush()

    def _is_left_out(self, element: _Element) -> bool:
        tag = element.tag
        return tag in _LEFT_OUT or is_hidden(element)

    def _open(self, element: _Element) -> None:
        tag = str(element.tag)
        if tag == "br":
            self._parts.append("\n")
        elif tag in _INLINE:
            self._links += tag == "a"
            self._part(element.text)
            if tag == "time":
                self._day = self._day or element.get("datetime") or element.get("content") or ""
            if tag == "span" and _PARTS.search(names := names_of(element)):
                self._flush()
                self._named.append(names)
        else:
            self._flush()
            self._enter(element)
        self._headings += tag in HEADINGS
        self._add(element.text)

    def _enter(self, element: _Element) -> None:
        self.places.append(Place(self._here[-1], str(element.tag), names_of(element), self._links > 0, element))
        self._here.append(len(self.places) - 1)

    def _close(self, element: _Element) -> None:
        tag = element.tag
        if self._is_left_out(element) or tag == "br":
            pass
        elif tag in _INLINE:
            if tag == "span" and self._named and _PARTS.search(names_of(element)):
                self._flush()
                self._named.pop()
            self._links -= tag == "a"
            self._part(element.tail)
        else:
            self._flush()
            self._here.pop()
        self._headings -= tag in HEADINGS
        self._add(element.tail)

    def _read_table(self, element: _Element) -> None:
        self._flush()
        self._enter(element)
        place = self._here.pop()
        for row in read_table(element, is_left_out=self._is_left_out):
            linked = len(row.text) if self._links else row.linked
            self.lines.append(Line(row.text, place, linked, heading=False, shown=row.shown))

    def _part(self, following: str | None) -> None:
        """A blank where one inline element of a heading or caption ends and the next begins with a capital letter."""
        if not (self._headings or self.places[self._here[-1]].tag == "figcaption"):
            return
        before = next((part for part in reversed(self._parts) if part), "")
        if before[-1:].isalnum() and not before[-1:].isupper() and (following or "")[:1].isupper():
            self._parts.append(" ")

    def _add(self, text: str | None) -> None:
        if text:
            self._parts.append(text.replace("\n", " ").replace("\r", " "))
            if self._links:
                self._linked += len(text.strip())

    def _flush(self) -> None:
        heading = self._headings > 0
        joined = "".join(self._parts)
        for text in [joined.replace("\n", " ")] if heading else joined.split("\n"):
            shown = " ".join(text.split())
            if said := without_link_hints(shown).strip():
                self._linked = max(0, self._linked - len(shown) + len(said))
                part = self._named[-1] if self._named else ""
                self.lines.append(Line(said, self._here[-1], min(self._linked, len(said)), heading, part, self._day))
        self._parts.clear()
        self._linked = 0
        self._day = ""


def names_of(element: _Element) -> str:
    """Classes, id and roles of an element in lower case, cut where a page has too many."""
    get = element.get
    said = (get("class") or "", get("id") or "", get("itemprop") or "", get("role") or "", get("data-testid") or "")
    names = " ".join(filter(None, said))[:_MAX_NAMES_CHARS].lower()
    return _STYLE_NAMES.sub("", names) if ":" in names or "[" in names else names


def is_hidden(element: _Element) -> bool:
    """Whether an element is not for people who see the page."""
    get = element.get
    if get("hidden") is not None or (get("aria-hidden") == "true" and element.tag not in ("span", "b", "i", "em")):
        return True
    classes = get("class")
    if classes and _UNSEEN.search(classes[:_MAX_NAMES_CHARS]):
        return True
    style = get("style")
    return bool(style and _HIDDEN_STYLE.search(style[:_MAX_NAMES_CHARS]))
