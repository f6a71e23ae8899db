"""An answer as Telegram's HTML, within the length of a message."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bot.messages import text
from bot.render.text import (
    TITLE_LIMIT,
    cut,
    cut_around,
    other_hits,
    source_link,
    split_at_correction,
    split_at_quote,
    width,
)
from bot.render.wording import (
    COLOURED_DOTS,
    also_in_line,
    alternative_lines,
    certainty,
    correction_line,
    item_lines,
    name_copies,
    origin,
    short_answer,
    silence_lines,
    title,
    understood_line,
)
from retrieval.answer import Answer, Correction
from retrieval.characters import without_controls
from retrieval.types import Document, Hit

#: What Telegram takes as one message, in UTF-16 units and after it has taken the tags out.
TELEGRAM_LIMIT = 4096
_SNIPPET_LIMIT = 600
_UNDERSTOOD_LIMIT = 500
_ANSWER_LIMIT = 300
_URL_LIMIT = 2000
_CORRECTION_LIMIT = 100
_NOTES_LIMIT = 250
_CORRECTED_SENTENCE_LIMIT = 400
#: The sentences of corrections are left out where they would leave less room for that of the answer.
_LEAST_ROOM = 500


def plain(words: str) -> str:
    """``words`` as HTML that shows them and does nothing else; never longer than they are once it is parsed."""
    return escape(without_controls(words), quote=False)


def to_html(answer: Answer, language: str, *, notes: Sequence[str] = ()) -> str:
    """The answer in bold, how sure it is, its sentence with the quote marked, its source: for ``parse_mode="HTML"``.

    In the place of a quote may stand what the article states of itself. What a follow-up was taken for stands above in
    italics, below what others gave as right, and ``notes``, which are short lines, in italics as well.

    At most TELEGRAM_LIMIT once the tags are taken out; what is too long is cut around the quote, at words.
    """
    follow_up = cut(understood_line(answer, language), _UNDERSTOOD_LIMIT)
    above = f"<i>{plain(follow_up)}</i>\n\n" if follow_up else ""
    if answer.text is None or answer.document is None:
        silence = "\n".join(silence_lines(answer, language))
        return above + plain(silence) + _end_html(answer, language, notes, width(silence) + _UNDERSTOOD_LIMIT)[0]
    short, sure = cut(short_answer(answer, language), _ANSWER_LIMIT), certainty(answer, language, COLOURED_DOTS)
    above += f"<b>{plain(short)}</b>\n{plain(sure)}\n\n"
    below, taken = _below_html(answer, answer.document, language)
    taken += (width(follow_up) + 2 if follow_up else 0) + width(short) + 1 + width(sure) + 2 + 1
    end, end_width = _end_html(answer, language, notes, taken)
    if answer.field is not None:
        return f"{above}{plain(text('chat.of_article', language))}\n\n{below}{end}"
    sentence = _quote_html(split_at_quote(answer), TELEGRAM_LIMIT - taken - end_width)
    return f"{above}{sentence}\n{below}{end}"


def _quote_html(parts: tuple[str, str, str], limit: int) -> str:
    before, quote, after = cut_around(*parts, limit)
    return f"<blockquote expandable>{plain(before)}<b>{plain(quote)}</b>{plain(after)}</blockquote>"


def _end_html(answer: Answer, language: str, notes: Sequence[str], taken: int) -> tuple[str, int]:
    """What others gave as right, and notes; and the width of both without tags."""
    lines = [_correction_html(correction, language) for correction in answer.corrections]
    end_width = sum(width for *_, width in lines)
    below = cut("\n".join(notes), _NOTES_LIMIT)
    cut_short = taken + end_width + width(below) > TELEGRAM_LIMIT - _LEAST_ROOM
    if cut_short:
        end_width -= len(lines) * _CORRECTED_SENTENCE_LIMIT
    html = "".join(f"\n\n{line}\n{'' if cut_short else sentence}{source}" for line, sentence, source, _ in lines)
    if not notes:
        return html, end_width
    return f"{html}\n\n<i>{plain(below)}</i>", end_width + 2 + width(below)


def _correction_html(correction: Correction, language: str) -> tuple[str, str, str, int]:
    """A correction's line, its sentence and its source, and how wide they are at most in all."""
    line = correction_line(correction, language, _CORRECTION_LIMIT)
    sentence = _quote_html(split_at_correction(correction), _CORRECTED_SENTENCE_LIMIT)
    source, source_width = _source_html(correction.document, language, correction.start, correction.link)
    return plain(line), f"{sentence}\n", source, width(line) + _CORRECTED_SENTENCE_LIMIT + source_width + 4


def _below_html(answer: Answer, document: Document, language: str) -> tuple[str, int]:
    """The lines below the sentence: source, copies, what else was found; and their width without tags."""
    html, html_width = _source_html(document, language, answer.start, source_link(answer))
    if answer.copies:
        names = [(plain(name), copy.url) for name, copy in name_copies(answer, language)]
        html += "\n" + also_in_line(answer, [link(name, url) for name, url in names], language)
        html_width += 1 + width(also_in_line(answer, [name for name, _ in name_copies(answer, language)], language))
    for line in (*item_lines(answer, language), *alternative_lines(answer, language)):
        html += "\n" + plain(line)
        html_width += 1 + width(line)
    return html, html_width


def passages_html(answer: Answer, language: str) -> str:
    """The other passages found, each with its source, as HTML of at most TELEGRAM_LIMIT without its tags."""
    hits = other_hits(answer)
    if not hits:
        return plain(text("chat.no_more", language))
    heading = text("chat.nearest" if answer.text is None else "chat.more", language)
    listed = [f"{number}. {passage_html(hit, language)}" for number, hit in enumerate(hits, 1)]
    return "\n\n".join([plain(heading), *listed])


def passage_html(hit: Hit, language: str) -> str:
    """A passage, shortened, with its source, as HTML."""
    snippet = cut(hit.passage.text.strip(), _SNIPPET_LIMIT)
    return f"{plain(snippet)}\n{_source_html(hit.document, language, hit.passage.start)[0]}"


def _source_html(document: Document, language: str, start: int | None, address: str = "") -> tuple[str, int]:
    """The source line, the title linked to ``address`` or else the article's own, and its width without tags."""
    name, where = cut(title(document, language), TITLE_LIMIT), cut(origin(document, language, start), TITLE_LIMIT)
    html = link(f"<i>{plain(name)}</i>", address or document.url)
    if not where:
        return html, width(name)
    return f"{html}, {plain(where)}", width(name) + 2 + width(where)


def link(html: str, url: str) -> str:
    """``html``, as a link where there is an address that Telegram takes."""
    if url.startswith(("http://", "https://")) and len(url) <= _URL_LIMIT:
        return f'<a href="{escape(without_controls(url))}">{html}</a>'
    return html
