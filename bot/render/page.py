"""An article as an HTML page with a quote marked: for a browser, without a script, and with nothing from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Final

from bot.messages import text
from bot.render.text import day
from bot.render.wording import line, title
from retrieval.characters import without_controls
from retrieval.types import Document

#: The id of the first mark.
ANCHOR: Final = "stelle"
_STYLE: Final = (
    "body{max-width:42rem;margin:2rem auto;padding:0 1rem;font:1.1rem/1.6 Georgia,serif;color:#222;background:#fff}"
    "mark{background:#ffe13c;color:inherit;padding:.1em 0}h1{line-height:1.25}.about,.about a{color:#666}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#1b1b1b}mark{color:#000}.about,.about a{color:#aaa}}"
)


def to_page(document: Document, places: list[tuple[int, int]], language: str) -> str:
    """The page; ``places`` are marked, from character to character of the text, in order and apart."""
    name = _html(title(document, language))
    about = [_html(part) for part in (line(document.source), line(document.author)) if part]
    about += [_html(line(day(document.published, language)))] if document.published else []
    if document.url.startswith(("http://", "https://")):
        url = escape(without_controls(document.url))
        about.append(f'<a href="{url}" rel="noreferrer">{_html(line(document.url))}</a>')
    jump = f'<p><a href="#{ANCHOR}">{_html(text("page.jump", language))}</a></p>' if places else ""
    paragraphs = "\n".join(f"<p>{paragraph}</p>" for paragraph in _marked(document.text, places) if paragraph)
    return f"""<!DOCTYPE html>
<html lang="{_html(document.language if len(document.language) == 2 else "de")}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{name}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{name}</h1>
<p class="about">{" · ".join(about)}</p>
{jump}
{paragraphs}
</body>
</html>
"""


def _marked(words: str, places: list[tuple[int, int]]) -> list[str]:
    """The lines of the text as HTML; a mark that goes over lines is one in each of them."""
    paragraphs: list[str] = []
    start, is_first = 0, True
    for paragraph in words.split("\n"):
        end = start + len(paragraph)
        html, at = "", start
        for first, last in places:
            first, last = max(first, start), min(last, end)
            if first < last:
                name = f' id="{ANCHOR}"' if is_first else ""
                html += f"{_html(words[at:first])}<mark{name}>{_html(words[first:last])}</mark>"
                at, is_first = last, False
        paragraphs.append(html + _html(words[at:end]))
        start = end + 1
    return paragraphs


def _html(words: str) -> str:
    return escape(without_controls(words))
