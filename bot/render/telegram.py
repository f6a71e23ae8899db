"""An answer as Telegram's HTML, within the length of a message."""

from __future__ import annotations

from html import escape

from bot.messages import text
from bot.render.text import TITLE_LIMIT, cut, cut_around, other_hits, split_at_quote, width
from bot.render.wording import (
    also_in_line,
    alternative_lines,
    name_copies,
    origin,
    said,
    silence_lines,
    title,
    understood_line,
)
from retrieval.characters import without_controls
from retrieval.types import Answer, Document, Hit

#: What Telegram takes as one message, in UTF-16 units and after it has taken the tags out.
TELEGRAM_LIMIT = 4096
_SNIPPET_LIMIT = 600
_UNDERSTOOD_LIMIT = 1200
_URL_LIMIT = 2000


def plain(words: str) -> str:
    """``words`` as HTML that shows them and does nothing else; never longer than they are once it is parsed."""
    return escape(without_controls(words), quote=False)


def to_html(answer: Answer, language: str) -> str:
    """The quote in bold within its passage and a line with its source, as HTML for ``parse_mode="HTML"``.

    In the place of a quote and its passage may stand what the article states of itself.

    What a follow-up was taken for stands above in italics.
    At most TELEGRAM_LIMIT once the tags are taken out; a passage that is too long is cut around the quote, at words.
    """
    follow_up = cut(understood_line(answer, language), _UNDERSTOOD_LIMIT)
    above = f"<i>{plain(follow_up)}</i>\n\n" if follow_up else ""
    if answer.text is None or answer.document is None:
        return above + plain("\n".join(silence_lines(answer, language)))
    source, source_width = _source_html(answer.document, language, answer.start)
    if answer.copies:
        names = [(plain(name), copy.url) for name, copy in name_copies(answer, language)]
        source += "\n" + also_in_line(answer, [link(name, url) for name, url in names], language)
        source_width += 1 + width(also_in_line(answer, [name for name, _ in name_copies(answer, language)], language))
    for line in alternative_lines(answer, language):
        source += "\n" + plain(line)
        source_width += 1 + width(line)
    taken = source_width + 2 + (width(follow_up) + 2 if follow_up else 0)
    if answer.field is not None:
        stated = plain(cut(said(answer, language), TITLE_LIMIT))
        return f"{above}<b>{stated}</b>\n{plain(text('chat.of_article', language))}\n\n{source}"
    before, quote, after = cut_around(*split_at_quote(answer), TELEGRAM_LIMIT - taken)
    passage = f"{plain(before)}<b>{plain(quote)}</b>{plain(after)}"
    return f"{above}{passage}\n\n{source}"


def passages_html(answer: Answer, language: str) -> str:
    """The other passages found, each with its source, as HTML of at most TELEGRAM_LIMIT without its tags."""
    hits = other_hits(answer)
    if not hits:
        return plain(text("chat.no_more", language))
    heading = text("chat.nearest" if answer.text is None else "chat.more", language)
    parts, room = [plain(heading)], TELEGRAM_LIMIT - width(heading)
    for hit in hits:
        html, html_width = _passage_html(hit, language)
        room -= html_width + 2
        if room < 0:
            break
        parts.append(html)
    return "\n\n".join(parts)


def passage_html(hit: Hit, language: str) -> str:
    """A passage, shortened, with its source, as HTML."""
    return _passage_html(hit, language)[0]


def _passage_html(hit: Hit, language: str) -> tuple[str, int]:
    """The same, and its width without tags."""
    snippet = cut(hit.passage.text.strip(), _SNIPPET_LIMIT)
    source, source_width = _source_html(hit.document, language, hit.passage.start)
    return f"{plain(snippet)}\n{source}", width(snippet) + source_width + 1


def _source_html(document: Document, language: str, start: int | None) -> tuple[str, int]:
    """The source line, the title linked where the article has an address, and its width without tags."""
    name, where = cut(title(document, language), TITLE_LIMIT), cut(origin(document, language, start), TITLE_LIMIT)
    html = link(f"<i>{plain(name)}</i>", document.url)
    if not where:
        return html, width(name)
    return f"{html}, {plain(where)}", width(name) + 2 + width(where)


def link(html: str, url: str) -> str:
    """``html``, as a link where there is an address that Telegram takes."""
    if url.startswith(("http://", "https://")) and len(url) <= _URL_LIMIT:
        return f'<a href="{escape(without_controls(url))}">{html}</a>'
    return html
