"""All answers to a question, for people and programs: lines, JSON, rows of a table, Telegram's HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from typing import Any, Final

from bot.messages import text
from bot.render.csv import PLACE, place, sureness
from bot.render.json import document_json
from bot.render.telegram import TELEGRAM_LIMIT, link, plain
from bot.render.text import ELLIPSIS, SHORT_LIMIT, TITLE_LIMIT, cut, day, width
from bot.render.values import value_cells, value_of
from bot.render.wording import (
    COLOURED_DOTS,
    certainty,
    line,
    origin,
    quantity,
    short_citation,
    title,
    understood_line,
)
from retrieval.answering.all_answers import AllAnswers, Finding, Mention

#: The columns of ``rows``; ``finding`` counts the distinct answers from 1, ``value`` is the number that a quote says.
COLUMNS: Final = ("question", "finding", "article", "quote", "value", "unit", "confidence", "certainty", *PLACE)
_OTHERS = 3
_UNDERSTOOD_LIMIT = 1000


def ordered(answers: AllAnswers, *, by_date: bool) -> Sequence[Finding]:
    """The findings as they are shown: the surest or the oldest first."""
    return answers.by_date() if by_date else answers.findings


def heading(answers: AllAnswers, language: str, *, by_date: bool) -> str:
    """How many answers there are and in which order, and what a follow-up was taken for; two lines at most."""
    if not answers.findings:
        return text("chat.no_answer", language)
    found = quantity("chat.findings_by_date" if by_date else "chat.findings", len(answers.findings), language)
    understood = understood_line(answers, language)
    return f"{understood}\n{found}" if understood else found


def when(finding: Finding, language: str) -> str:
    """The date of the first mention, in words where there is none."""
    return line(day(finding.first.document.published, language)) or text("chat.undated", language)


def where(finding: Finding, language: str) -> str:
    """Where the first mention stands, without its date, and in which other articles the same is said."""
    document, here = finding.first.document, finding.first.document.landmark_at(finding.first.start)
    parts = (
        cut(title(document, language), TITLE_LIMIT),
        cut(line(document.source), TITLE_LIMIT),
        text("chat.page", language, page=here.page) if here.page else "",
        _also_in(finding, language),
    )
    return ", ".join(part for part in parts if part)


def lines(answers: AllAnswers, language: str, *, by_date: bool, is_numbered: bool = False) -> Iterator[str]:
    """A line for each finding, which may be numbered from 1, and one where the articles do not agree."""
    for number, finding in enumerate(ordered(answers, by_date=by_date), 1):
        quote, begin = line(finding.first.text), f"{number}. " if is_numbered else ""
        yield f"{begin}{when(finding, language)}: {quote} {certainty(finding, language)} ({where(finding, language)})"
    if answers.differ:
        yield text("chat.contradicting", language)


def rows(answers: AllAnswers, *, by_date: bool) -> Iterator[tuple[object, ...]]:
    """A row of COLUMNS for each mention, so that a program can count them."""
    for number, finding in enumerate(ordered(answers, by_date=by_date), 1):
        for mention in finding.mentions:
            document = mention.document
            value, unit = value_cells(mention.text)
            found = (answers.question, number, document.id, mention.text, value, unit, *sureness(mention.confidence))
            yield (*found, *place(document, mention.start, mention.end))


def to_json(answers: AllAnswers, *, by_date: bool) -> dict[str, Any]:
    """The object that ``ask --all --json`` prints."""
    return {
        "question": answers.question,
        "findings": [
            {
                "text": finding.first.text,
                "published": finding.first.document.published,
                **_value_json(finding.first.text),
                "confidence": finding.confidence,
                "certainty": finding.certainty,
                "mentions": [_mention_json(mention) for mention in finding.mentions],
            }
            for finding in ordered(answers, by_date=by_date)
        ],
        "differ": answers.differ,
        "elapsed_ms": round(answers.elapsed_ms, 1),
    }


def _mention_json(mention: Mention) -> dict[str, Any]:
    here = mention.document.landmark_at(mention.start)
    return {
        "text": mention.text,
        **_value_json(mention.text),
        "confidence": mention.confidence,
        "start": mention.start,
        "end": mention.end,
        "document": document_json(mention.document),
        "also_in": [document_json(copy) for copy in mention.copies],
        "page": here.page or None,
        "heading": here.heading or None,
        "ocr": here.ocr,
    }


def _value_json(quote: str) -> dict[str, Any]:
    """The number that a quote says, and its unit ("" for a plain number); null without one."""
    value = value_of(quote)
    return {"value": None, "unit": None} if value is None else {"value": float(value.amount), "unit": value.unit}


def to_html(answers: AllAnswers, language: str, *, by_date: bool) -> str:
    """A numbered list for ``parse_mode="HTML"``, of at most TELEGRAM_LIMIT once the tags are taken out.

    Of more findings than fit, only the number is given.
    """
    above = heading(answers, language, by_date=by_date)
    above = "\n".join(cut(part, _UNDERSTOOD_LIMIT) for part in above.split("\n"))
    below = "\n\n" + text("chat.contradicting", language) if answers.differ else ""
    findings = ordered(answers, by_date=by_date)
    rest = "\n\n" + text("chat.sources_rest", language, count=len(findings))
    room = TELEGRAM_LIMIT - width(above) - width(below)
    parts = [plain(above)]
    for number, finding in enumerate(findings, 1):
        html, taken = _entry(number, finding, language)
        if taken + (width(rest) if number < len(findings) else 0) > room:
            parts.append("\n\n" + plain(text("chat.sources_rest", language, count=len(findings) - number + 1)))
            break
        parts.append(html)
        room -= taken
    return "".join(parts) + plain(below)


def shown_width(html: str) -> int:
    """How long HTML is once Telegram has taken the tags out, in UTF-16 units."""
    return width(unescape(re.sub(r"<[^<>]*>", "", html)))


def _entry(number: int, finding: Finding, language: str) -> tuple[str, int]:
    """One of the list, and its width without the tags."""
    document, start = finding.first.document, finding.first.start
    quote = cut(line(finding.first.text), SHORT_LIMIT)
    sure = certainty(finding, language, COLOURED_DOTS)
    name, source = cut(title(document, language), TITLE_LIMIT), cut(origin(document, language, start), TITLE_LIMIT)
    also = _also_in(finding, language)
    behind = (f", {source}" if source else "") + (f"\n{also}" if also else "")
    html = f"\n\n{number}. <b>{plain(quote)}</b> {plain(sure)}\n{link(plain(name), document.url)}{plain(behind)}"
    return html, width(f"\n\n{number}. {quote} {sure}\n{name}{behind}")


def _also_in(finding: Finding, language: str) -> str:
    names = [cut(short_citation(other, language), SHORT_LIMIT // 2) for other in finding.others[:_OTHERS]]
    more = [ELLIPSIS] if len(finding.others) > _OTHERS else []
    return text("chat.also_in", language, articles=", ".join([*names, *more])) if names else ""
