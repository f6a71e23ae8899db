"""The pages: a question with its answer card, and an article with the sentence marked.

Jinja2 with autoescape on puts them together: every value that is filled in is escaped by markupsafe, and nothing here
or in the templates is marked as safe. Addresses that others have written become links only if they are http(s).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.access.requests import AskRequest
from bot.messages import text
from bot.render.text import SHORT_LIMIT, cut, other_hits, source_link, split_at_correction, split_at_quote
from bot.render.wording import (
    also_in_line,
    alternative_lines,
    certainty,
    citation,
    correction_line,
    item_lines,
    line,
    name_copies,
    origin,
    quantity,
    short_answer,
    silence_lines,
    title,
)
from retrieval.answer import Answer, Correction
from retrieval.answering.questions import MAX_QUESTION_CHARS
from retrieval.characters import without_controls
from retrieval.types import Document

#: Of a longer article so many characters are shown, around the quote.
MAX_CHARS = 200_000
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Source:
    """A passage or quote and the way to it: ``link`` to the article here, ``url`` to it on the web or empty.

    ``spoken`` is the code of the words' language.
    """

    words: str
    name: str
    link: str
    url: str = ""
    spoken: str = ""


@dataclass(frozen=True, slots=True)
class Corrected:
    """What somebody gave as right: a line, its sentence with the words marked, and the way to it."""

    line: str
    before: str
    quote: str
    after: str
    source: Source


@dataclass(frozen=True, slots=True)
class Card:
    """What is shown of an answer; ``sure`` is empty where the articles do not say, ``quote`` without a quote."""

    lines: list[str]
    sure: str
    certainty: str
    before: str
    quote: str
    after: str
    note: str
    source: Source | None
    also_in: str
    items: list[str]
    alternatives: list[str]
    corrections: list[Corrected]
    heading: str
    further: list[Source]
    spoken: str = ""


def question_page(
    language: str, count: int, asked: AskRequest | None = None, answer: Answer | None = None, problem: str = ""
) -> str:
    """The search box, and below it the answer or what was wrong."""
    return _page(
        "question.html",
        language,
        asked=asked,
        card=card(answer, language) if answer else None,
        problem=problem,
        count=text("small_talk.count", language, articles=quantity("chat.articles", count, language)) if count
        else text("chat.empty", language),
        longest=MAX_QUESTION_CHARS,
    )  # fmt: skip


def message_page(language: str, message: str) -> str:
    """A message alone."""
    return _page("message.html", language, message=message)


def article_page(document: Document, language: str, quote: tuple[int, int], sentence: tuple[int, int]) -> str:
    """The article, or ``MAX_CHARS`` of it; ``quote`` and the ``sentence`` around it are marked (0, 0: nothing is)."""
    shown = document.text
    first, last = 0, len(shown)
    if last > MAX_CHARS:
        first = min(max(0, sentence[0] - MAX_CHARS // 2), last - MAX_CHARS)
        last = first + MAX_CHARS
    at = [first, sentence[0], quote[0], quote[1], sentence[1], last]
    if not (first <= sentence[0] <= quote[0] < quote[1] <= sentence[1] <= last):
        at = [first, last, last, last, last, last]
    parts = [shown[start:end] for start, end in pairwise(at)]
    return _page(
        "article.html",
        language,
        name=title(document, language),
        spoken=_spoken(document),
        origin=origin(document, language, quote[0] if quote[1] else None),
        url=_web(document.url),
        paragraphs=_paragraphs(parts),
        cut=last - first < len(shown),
    )


def card(answer: Answer, language: str) -> Card:
    """The parts of an answer, worded as everywhere else."""
    hits = other_hits(answer)
    further = [
        Source(
            cut(line(hit.passage.text), SHORT_LIMIT),
            citation(hit.document, language, hit.passage.start),
            _link(hit.document, hit.passage.start, hit.passage.end),
            _web(hit.document.url),
            _spoken(hit.document),
        )
        for hit in hits
    ]
    heading = text("chat.nearest" if answer.text is None else "chat.more", language) if hits else ""
    corrected = [_corrected(correction, language) for correction in answer.corrections]
    document = answer.document
    if answer.text is None or document is None:
        said = silence_lines(answer, language)
        return Card(said, "", "", "", "", "", "", None, "", [], [], corrected, heading, further)
    before, quote, after = split_at_quote(answer) if answer.field is None else ("", "", "")
    names = [name for name, _ in name_copies(answer, language)]
    return Card(
        lines=[short_answer(answer, language)],
        sure=certainty(answer, language),
        certainty=answer.certainty.value,
        before=before,
        quote=quote,
        after=after,
        note="" if answer.field is None else text("chat.of_article", language),
        source=Source(
            "",
            citation(document, language, answer.start),
            _link(document, answer.start, answer.end),
            _web(source_link(answer)),
        ),
        also_in=also_in_line(answer, names, language) if names else "",
        items=item_lines(answer, language),
        alternatives=alternative_lines(answer, language),
        corrections=corrected,
        heading=heading,
        further=further,
        spoken=_spoken(document),
    )


def _corrected(correction: Correction, language: str) -> Corrected:
    document, start, end = correction.document, correction.start, correction.end
    source = Source(
        "", citation(document, language, start), _link(document, start, end), _web(correction.link), _spoken(document)
    )
    return Corrected(correction_line(correction, language), *split_at_correction(correction), source)


def _link(document: Document, start: int | None, end: int | None) -> str:
    """The article's page here, with the quote marked if there is one."""
    if start is None or end is None:
        return f"/articles/{document.id}"
    return f"/articles/{document.id}?{urlencode({'start': start, 'end': end})}#quote"


def _paragraphs(parts: list[str]) -> list[list[tuple[str, str]]]:
    """The lines of a text as pieces of one kind each; of five parts the middle is the quote, beside it its sentence."""
    paragraphs: list[list[tuple[str, str]]] = [[]]
    for kind, words in zip(("", "sentence", "quote", "sentence", ""), parts, strict=True):
        for piece in _LINES.findall(words):
            paragraphs[-1].append((kind, piece))
            if piece.endswith("\n"):
                paragraphs.append([])
    return paragraphs


def _spoken(document: Document) -> str:
    """The code of the article's language."""
    return document.language if re.fullmatch("[a-z]{2}", document.language) else "de"


def _web(url: str) -> str:
    """An address that can do nothing but lead somewhere; empty for any other."""
    return url if url.startswith(("http://", "https://")) else ""


def _page(template: str, language: str, **values: Any) -> str:
    def say(key: str) -> str:
        return text(key, language)

    return _environment().get_template(template).render(language=language, say=say, **values)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("bot.http"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: without_controls(value) if isinstance(value, str) else value,
    )
