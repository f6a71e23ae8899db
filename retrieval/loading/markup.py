"""The text of Markdown, with its headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING

from retrieval.loading.parsed import Article, Block
from retrieval.loading.tables import rows_as_lines

if TYPE_CHECKING:
    from markdown_it.token import Token

_TAG = re.compile(r"<!--.*?(?:-->|$)|<(script|style)\b.*?(?:</\1>|$)|<[^>]*>", re.DOTALL | re.IGNORECASE)
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
