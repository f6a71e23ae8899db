"""The plain text of Markdown, of HTML pages and of hard-wrapped text files."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

_TAG = re.compile(r"<!--.*?(?:-->|$)|<(script|style)\b.*?(?:</\1>|$)|<[^>]*>", re.DOTALL | re.IGNORECASE)
_LINE_BREAK = re.compile(r"<br\b[^>]*>", re.IGNORECASE)
# How many neighbouring lines have to show it before a text counts as hard-wrapped, and how wide such texts are at most.
_WRAPPED_SHARE = 0.2
_WRAPPED_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Page:
    """What a marked-up file holds; fields it does not state are "". ``published`` is an ISO date."""

    text: str
    title: str = ""
    source: str = ""
    url: str = ""
    published: str = ""


def read_markdown(markdown: str) -> Page:
    """The text of CommonMark with tables, a block a line; the title is the first heading.

    Emphasis, link targets, pictures and HTML tags go; link texts and code stay.
    """
    from markdown_it import MarkdownIt

    lines: list[str] = []
    cells: list[str] | None = None  # of the table row that is being read
    title = ""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    for position, token in enumerate(tokens):
        if token.type == "inline":
            content = _inline_text(token.children or [])
            if cells is not None:
                cells.append(content)
                continue
            lines.append(content)
            if not title and tokens[position - 1].type == "heading_open":
                title = content
        elif token.type in ("fence", "code_block"):
            lines.append(token.content)
        elif token.type == "html_block":
            lines.append(_without_tags(token.content))
        elif token.type == "tr_open":
            cells = []
        elif token.type == "tr_close" and cells is not None:
            lines.append(" | ".join(cell for cell in cells if cell))
            cells = None
    return Page("\n".join(line.strip("\n") for line in lines if line.strip()), title=" ".join(title.split()))


def read_html(html: str) -> Page:
    """The article in an HTML page: its text without navigation and advertisements, title, date, site and address.

    ``text`` is "" if there is no article in the page.
    """
    import trafilatura

    # It warns about every page without text; that is for the caller to say, once and with the file's name.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    found = trafilatura.bare_extraction(html, include_comments=False, with_metadata=True)
    if found is None or isinstance(found, dict):
        return Page("")
    return Page(
        text=found.text or "",
        title=found.title or "",
        source=found.sitename or found.hostname or "",
        url=found.url or "",
        published=found.date or "",
    )


def unwrap(text: str) -> str:
    """``text`` with its paragraphs on one line each if its lines are broken at a fixed width, else as it is.

    Two lines belong together if the second one's first word had no room in the first. Words divided at the line end
    are put together again.
    """
    lines = text.split("\n")
    width = max(map(len, lines))
    if width > _WRAPPED_WIDTH:
        return text
    pairs = [(line, following) for line, following in pairwise(lines) if line and following]
    broken = sum(following[0].islower() and line[-1] not in ".!?:" for line, following in pairs)
    if broken < 2 or broken < _WRAPPED_SHARE * len(pairs):
        return text
    joined = lines[:1]
    room = width - len(lines[0])
    for line in lines[1:]:
        before = joined[-1]
        if before and line and len(line.split(maxsplit=1)[0]) + 1 > room and not line.startswith(("- ", "* ", "• ")):
            divided = before[-1] == "-" and before[-2:-1].isalpha() and line[0].islower()
            if divided and line.split(maxsplit=1)[0] not in ("und", "oder", "bzw.", "bis", "sowie"):
                joined[-1] = before[:-1] + line
            else:
                joined[-1] = f"{before} {line}"
        else:
            joined.append(line)
        room = width - len(line)
    return "\n".join(joined)


def _inline_text(tokens: Sequence[Token]) -> str:
    parts = []
    for token in tokens:
        if token.type in ("text", "code_inline"):
            parts.append(token.content)
        elif token.type == "softbreak":
            parts.append(" ")
        elif token.type == "hardbreak" or (token.type == "html_inline" and _LINE_BREAK.fullmatch(token.content)):
            parts.append("\n")
    return "".join(parts).strip()


def _without_tags(html: str) -> str:
    return unescape(_TAG.sub("", _LINE_BREAK.sub("\n", html))).strip()
