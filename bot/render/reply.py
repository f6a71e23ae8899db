"""An answer as people and programs get it: for the terminal, as one line, as JSON, as Telegram's HTML."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from rich.text import Text

from bot.messages import text
from bot.render.wording import certainty, citation, origin, republished, title
from retrieval.types import Answer, Document, Hit, Landmark

# What Telegram takes as one message, in UTF-16 units and after it has taken the tags out.
TELEGRAM_LIMIT = 4096
_TITLE_LIMIT = 200
_SNIPPET_LIMIT = 600
_SHORT_LIMIT = 160
_UNDERSTOOD_LIMIT = 1200
_URL_LIMIT = 2000
_COPIES = 5
_COPY_LIMIT = 80
_ELLIPSIS = "…"


# The parts


def quoted(answer: Answer) -> tuple[str, str, str]:
    """The answer's passage cut in three: what stands before the quote, the quote, and what follows.

    Raises ValueError for an answer that the articles do not give.
    """
    if answer.passage is None or answer.start is None or answer.end is None:
        raise ValueError("no quote in an answer that the articles do not give")
    passage = answer.passage
    start, end = answer.start - passage.start, answer.end - passage.start
    return passage.text[:start], passage.text[start:end], passage.text[end:]


def further(answer: Answer) -> list[Hit]:
    """The passages found, best first, without the one that the answer is quoted from."""
    shown = answer.passage
    return [
        hit
        for hit in answer.hits
        if shown is None or (hit.passage.document_id, hit.passage.start) != (shown.document_id, shown.start)
    ]


def width(string: str) -> int:
    """The length that Telegram counts: UTF-16 units."""
    return len(string.encode("utf-16-le")) // 2


def cut(string: str, limit: int) -> str:
    """``string``, or as many of its first words as fit ``limit`` (UTF-16 units, at least 1) with an ellipsis."""
    if width(string) <= limit:
        return string
    # "ignore" drops half a character at the edge.
    kept = string.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", "ignore")
    if not string[len(kept)].isspace():
        kept = re.sub(r"\s+\S*\Z", "", kept)
    return kept.rstrip() + _ELLIPSIS


def cut_left(string: str, limit: int) -> str:
    """Like ``cut``, but the last words are kept."""
    return cut(string[::-1], limit)[::-1]


def _copies(answer: Answer, language: str) -> list[tuple[str, Document]]:
    """The first articles that say the same, each with its name: the source and the date, as far as they are known."""
    return [(cut(republished(copy, language), _COPY_LIMIT), copy) for copy in answer.copies[:_COPIES]]


def _also_in(answer: Answer, names: list[str], language: str) -> str:
    more = [_ELLIPSIS] if len(answer.copies) > len(names) else []
    return text("chat.also_in", language, articles=", ".join([*names, *more]))


def _understood(answer: Answer, language: str) -> str:
    """What a follow-up was taken for; empty for a question that was asked as it is."""
    return text("chat.understood", language, question=answer.understood) if answer.understood else ""


def _alternatives(answer: Answer, language: str) -> list[str]:
    """What else was found, a line each, and a line where the articles do not agree."""
    lines = []
    for other in answer.alternatives:
        quote = cut(" ".join(other.text.split()), _SHORT_LIMIT)
        source = cut(citation(other.document, language, other.start), _TITLE_LIMIT)
        lines.append(text("chat.alternative", language, quote=quote, source=source))
    if any(other.contradicts for other in answer.alternatives):
        lines.append(text("chat.contradicting", language))
    return lines


# Programs


def to_json(answer: Answer) -> dict[str, Any]:
    """The object that ``ask --json`` prints."""
    here = Landmark(0)
    if answer.document is not None and answer.start is not None:
        here = answer.document.landmark_at(answer.start)
    return {
        "question": answer.question,
        "answer": {
            "text": answer.text,
            "confidence": answer.confidence,
            "start": answer.start,
            "end": answer.end,
            "document": None if answer.document is None else document_json(answer.document),
            "also_in": [document_json(copy) for copy in answer.copies],
            "page": here.page or None,
            "heading": here.heading or None,
        },
        "alternatives": [
            {
                "text": other.text,
                "confidence": other.confidence,
                "start": other.start,
                "end": other.end,
                "document": document_json(other.document),
                "contradicts": other.contradicts,
            }
            for other in answer.alternatives
        ],
        "passages": [
            {
                "text": hit.passage.text,
                "score": hit.score,
                "document_id": hit.document.id,
                "start": hit.passage.start,
                "end": hit.passage.end,
            }
            for hit in answer.hits
        ],
        "elapsed_ms": round(answer.elapsed_ms, 1),
    }


def document_json(document: Document) -> dict[str, Any]:
    """An article as programs get it, without its text."""
    return {
        "id": document.id,
        "title": document.title,
        "source": document.source,
        "url": document.url,
        "published": document.published,
    }


# The terminal


def one_line(answer: Answer, language: str) -> str:
    """The quote and where it stands, and what a follow-up was taken for: for a chat whose questions are piped in."""
    understood = f" [{_understood(answer, language)}]" if answer.understood else ""
    if answer.text is None or answer.document is None:
        return text("chat.no_answer", language) + understood
    return f"{' '.join(answer.text.split())} ({citation(answer.document, language, answer.start)}){understood}"


def terminal(answer: Answer, language: str, *, passages: bool = True, marks: tuple[str, str] = ("", "")) -> Text:
    """The answer, its passage with the quote marked, its source, and in short what else was found.

    The quote is marked by style; where styles are lost (a pipe), ``marks`` are put around it. ``passages=False``
    leaves out what else was found.
    """
    reply = Text()
    if answer.understood:
        reply.append(_understood(answer, language), style="italic dim").append("\n\n")
    if answer.text is None or answer.document is None:
        reply.append(text("chat.no_answer", language), style="bold")
    else:
        before, quote, after = quoted(answer)
        reply.append(" ".join(quote.split()), style="bold green")
        reply.append("\n\n").append(before)
        reply.append(marks[0] + quote + marks[1], style="bold black on green")
        reply.append(after).append("\n\n")
        reply.append(citation(answer.document, language, answer.start), style="cyan").append("\n")
        if answer.document.url:
            reply.append(answer.document.url, style="blue").append("\n")
        if answer.copies:
            listed = [f"{name} {copy.url}".rstrip() for name, copy in _copies(answer, language)]
            reply.append(_also_in(answer, listed, language), style="cyan").append("\n")
        reply.append(certainty(answer.confidence, language), style="dim")
        for line in _alternatives(answer, language):
            reply.append("\n" + line)
    hits = further(answer) if passages else []
    if hits:
        reply.append("\n\n" + text("chat.nearest" if answer.text is None else "chat.more", language), style="bold")
    for position, hit in enumerate(hits, start=1):
        reply.append(f"\n{position}. {cut(' '.join(hit.passage.text.split()), _SHORT_LIMIT)} ")
        reply.append(f"– {citation(hit.document, language, hit.passage.start)}", style="dim")
    return reply


# Telegram


def telegram_html(answer: Answer, language: str) -> str:
    """The quote in bold within its passage and a line with its source, as HTML for ``parse_mode="HTML"``.

    What a follow-up was taken for stands above in italics.
    At most TELEGRAM_LIMIT once the tags are taken out; a passage that is too long is cut around the quote, at words.
    """
    understood = cut(_understood(answer, language), _UNDERSTOOD_LIMIT)
    above = f"<i>{escape(understood, quote=False)}</i>\n\n" if understood else ""
    if answer.text is None or answer.document is None:
        return above + escape(text("chat.no_answer", language), quote=False)
    source, source_width = _source_html(answer.document, language, answer.start)
    if answer.copies:
        names = [(escape(name, quote=False), copy.url) for name, copy in _copies(answer, language)]
        source += "\n" + _also_in(answer, [linked(name, url) for name, url in names], language)
        source_width += 1 + width(_also_in(answer, [name for name, _ in _copies(answer, language)], language))
    for line in _alternatives(answer, language):
        source += "\n" + escape(line, quote=False)
        source_width += 1 + width(line)
    taken = source_width + 2 + (width(understood) + 2 if understood else 0)
    before, quote, after = around(*quoted(answer), TELEGRAM_LIMIT - taken)
    passage = f"{escape(before, quote=False)}<b>{escape(quote, quote=False)}</b>{escape(after, quote=False)}"
    return f"{above}{passage}\n\n{source}"


def passages_html(answer: Answer, language: str) -> str:
    """The other passages found, each with its source, as HTML of at most TELEGRAM_LIMIT without its tags."""
    hits = further(answer)
    if not hits:
        return escape(text("chat.no_more", language), quote=False)
    heading = text("chat.nearest" if answer.text is None else "chat.more", language)
    parts, room = [escape(heading, quote=False)], TELEGRAM_LIMIT - width(heading)
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
    return f"{escape(snippet, quote=False)}\n{source}", width(snippet) + source_width + 1


def _source_html(document: Document, language: str, start: int | None) -> tuple[str, int]:
    """The source line, the title linked where the article has an address, and its width without tags."""
    name, where = cut(title(document, language), _TITLE_LIMIT), cut(origin(document, language, start), _TITLE_LIMIT)
    html = linked(f"<i>{escape(name, quote=False)}</i>", document.url)
    if not where:
        return html, width(name)
    return f"{html}, {escape(where, quote=False)}", width(name) + 2 + width(where)


def linked(html: str, url: str) -> str:
    """``html``, as a link where there is an address that Telegram takes."""
    if url.startswith(("http://", "https://")) and len(url) <= _URL_LIMIT:
        return f'<a href="{escape(url)}">{html}</a>'
    return html


def around(before: str, quote: str, after: str, limit: int) -> tuple[str, str, str]:
    """The three parts cut to ``limit`` in all: the quote is kept, what stands around it shares the rest."""
    before, after = before.lstrip(), after.rstrip()
    quote = cut(quote, limit)
    room = limit - width(quote)
    if width(before) + width(after) <= room:
        return before, quote, after
    # Half for each side, and what one side does not need goes to the other.
    left = min(width(before), max(room // 2, room - width(after)))
    right = room - left
    return cut_left(before, left) if left else "", quote, cut(after, right) if right else ""
