"""The article of a web page: its text without navigation and advertisements, and what the page says of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from retrieval.loading.html_article import begins_with, read_article
from retrieval.loading.html_lines import Line, page_lines
from retrieval.loading.page_bylines import shown_authors
from retrieval.loading.page_dates import article_date
from retrieval.loading.page_names import without_link_hints
from retrieval.loading.page_statements import Statements, page_statements
from retrieval.loading.parsed import Article, Block

# A shorter headline is taken for the title only if the page states it.
_MIN_TITLE_CHARS: Final = 12


def read_html(html: str) -> Article:
    """The article in an HTML page; fields that the page does not state are "".

    It has no blocks if there is no article in the page.
    """
    import trafilatura

    # It warns about every page without text; that is for the caller to say, once and with the file's name.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    root = trafilatura.load_html(html)
    if root is None:
        return Article(())
    said = page_statements(root)
    lines, places = page_lines(root)
    for cell in root.iter("td", "th"):  # trafilatura makes cells of a span, however many it states
        for name in ("colspan", "rowspan"):
            cell.attrib.pop(name, None)
    found = trafilatura.bare_extraction(root, include_comments=False)
    body = (found.text or "") if found is not None and not isinstance(found, dict) else ""
    read = read_article(lines, places, without_link_hints(body), said)
    return Article(
        tuple(Block(line.text, heading=line.heading) for line in read.lines),
        title=_title(said, lines, read.headline),
        source=said.site or said.publisher or said.host,
        url=said.url,
        published=article_date(root, lines, places, read.headline, read.first, said),
        author="; ".join(said.authors or shown_authors(lines, places, read.headline, read.first)),
    )


def _title(said: Statements, lines: Sequence[Line], headline: int) -> str:
    """The headline that the page states, without the kicker where it states it so, too; else the one that it shows."""
    shown = lines[headline].text if headline >= 0 else ""
    first, *others = (*said.titles, shown)
    first = next((title for title in others if _is_cut_at_quote(first, title)), first)
    if len(shown) > _MIN_TITLE_CHARS and not said.states_headline and not shown.endswith(first):
        return shown
    if len(shown) > _MIN_TITLE_CHARS and begins_with(first, shown) and first not in others:
        return shown
    _kicker, _, rest = first.partition(" | ")
    return rest if rest and rest in others else first


def _is_cut_at_quote(title: str, whole: str) -> bool:
    """Whether a title is another's beginning up to a quotation mark, at which the attribute that holds it ended."""
    return bool(title) and whole.startswith(title) and whole[len(title) :].lstrip().startswith('"')
