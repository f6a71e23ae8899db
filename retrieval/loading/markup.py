"""The text of Markdown and of HTML pages, with its headings."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING

from retrieval.loading.parsed import Article, Block
from retrieval.loading.tables import rows_as_lines

if TYPE_CHECKING:
    from lxml.etree import _Element
    from markdown_it.token import Token

_TAG = re.compile(r"<!--.*?(?:-->|$)|<(script|style)\b.*?(?:</\1>|$)|<[^>]*>", re.DOTALL | re.IGNORECASE)
# A heading without a line of its own in the text is passed over; so many are compared with each line.
_HEADINGS_AHEAD = 5
_LINE_BREAK = re.compile(r"<br\b[^>]*>", re.IGNORECASE)


def read_markdown(markdown: str) -> Article:
    """The text of CommonMark with tables, a block a line; the title is the first heading.

    Emphasis, link targets, pictures and HTML tags go; link texts and code stay.
    """
    from markdown_it import MarkdownIt

    blocks: list[Block] = []
    rows: list[list[str]] = []  # of the table that is being read
    in_table = False
    title = ""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    for position, token in enumerate(tokens):
        if token.type == "inline":
            content = _inline_text(token.children or [])
            if in_table:
                rows[-1].append(content)
                continue
            heading = tokens[position - 1].type == "heading_open"
            blocks.append(Block(content, heading=heading))
            if heading and not title:
                title = content
        elif token.type in ("fence", "code_block"):
            blocks.append(Block(token.content))
        elif token.type == "html_block":
            blocks.append(Block(_without_tags(token.content)))
        elif token.type in ("table_open", "table_close"):
            in_table = token.type == "table_open"
            blocks += map(Block, rows_as_lines(rows, header=1))
            rows = []
        elif token.type == "tr_open":
            rows.append([])
    kept = tuple(replace(block, text=block.text.strip("\n")) for block in blocks if block.text.strip())
    return Article(kept, title=" ".join(title.split()))


def read_html(html: str) -> Article:
    """The article in an HTML page: its text without navigation and advertisements, title, date, site and address.

    It has no blocks if there is no article in the page.
    """
    import trafilatura

    # It warns about every page without text; that is for the caller to say, once and with the file's name.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    found = trafilatura.bare_extraction(html, include_comments=False, with_metadata=True)
    if found is None or isinstance(found, dict):
        return Article(())
    return Article(
        _with_headings(found.text or "", [] if found.body is None else found.body.iter("head")),
        title=found.title or "",
        source=found.sitename or found.hostname or "",
        url=found.url or "",
        published=found.date or "",
        author=found.author or "",
    )


def _with_headings(text: str, headings: Iterable[_Element]) -> tuple[Block, ...]:
    """The lines of ``text``; those that say the same as one of the page's next headings are one."""
    expected = [" ".join("".join(heading.itertext()).split()) for heading in headings]
    blocks = []
    for line in text.split("\n"):
        said = " ".join(line.split())
        is_heading = bool(said) and said in expected[:_HEADINGS_AHEAD]
        if is_heading:
            del expected[: expected.index(said) + 1]
        blocks.append(Block(line, heading=is_heading))
    return tuple(blocks)


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
