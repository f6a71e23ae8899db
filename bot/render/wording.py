"""Pieces of text in a language: where an article comes from, how sure an answer is, what else was found, lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Final

from bot.messages import text
from bot.render.text import ELLIPSIS, SHORT_LIMIT, TITLE_LIMIT, cut, day, number, width
from retrieval.answer import Answer, ArticleField, Certainty, Correction
from retrieval.answering.all_answers import AllAnswers, Finding
from retrieval.characters import escape_controls
from retrieval.messages import in_language
from retrieval.types import Document, Filter, Landmark

#: How sure an answer is, where there are no colours; and in Telegram's.
DOTS: Final = {Certainty.SURE: "●", Certainty.FAIRLY_SURE: "◐", Certainty.UNSURE: "○"}
COLOURED_DOTS: Final = {Certainty.SURE: "🟢", Certainty.FAIRLY_SURE: "🟡", Certainty.UNSURE: "🟠"}

_COPIES = 5
_SOURCES = 20
_ITEMS = 12
_COPY_LIMIT = 80
_LINE_LIMIT = 200


def quantity(key: str, count: int, language: str) -> str:
    """``count`` things as the texts ``<key>_one`` and ``<key>_many`` name them ("ein Artikel", "12 Artikel")."""
    return text(f"{key}_{'one' if count == 1 else 'many'}", language, count=number(count, language))


def line(words: str) -> str:
    """What others have written as one line that is harmless, wherever it is shown."""
    return escape_controls(" ".join(words.split()))


def title(document: Document, language: str) -> str:
    """The article's title on one line; without one, the name of its file."""
    return line(document.title) or line(Path(document.path).name) or text("chat.unknown_title", language)


def origin(document: Document, language: str, start: int | None = None) -> str:
    """Source and date, as far as they are known, and the page of the character ``start``; may be empty.

    For example "BelTA, 17. Mai 2024, S. 3, aus Texterkennung".
    """
    here = Landmark(0) if start is None else document.landmark_at(start)
    parts = (
        line(document.source),
        line(day(document.published, language)),
        text("chat.page", language, page=here.page) if here.page else "",
        text("chat.ocr", language) if here.ocr else "",
    )
    return ", ".join(part for part in parts if part)


def citation(document: Document, language: str, start: int | None = None) -> str:
    """Title, source and date on one line, and the page of the character ``start``."""
    return ", ".join(part for part in (title(document, language), origin(document, language, start)) if part)


def short_citation(document: Document, language: str) -> str:
    """Where else an article stands, in short ("dpa (17. Mai 2024)"): its source, else its title, and its date."""
    name = line(document.source) or title(document, language)
    return f"{name} ({line(day(document.published, language))})" if document.published else name


def certainty(answer: Answer | Finding, language: str, dots: Mapping[Certainty, str] = DOTS) -> str:
    """How sure an answer is, as a dot and a word ("◐ ziemlich sicher")."""
    return f"{dots[answer.certainty]} {text(f'chat.certainty_{answer.certainty}', language)}"


def name_copies(answer: Answer, language: str) -> list[tuple[str, Document]]:
    """The first articles that say the same, each with its name: the source and the date, as far as they are known."""
    return [(cut(short_citation(copy, language), _COPY_LIMIT), copy) for copy in answer.copies[:_COPIES]]


def said(answer: Answer, language: str) -> str:
    """What is answered, on one line: the quote, or what the article states of itself."""
    words = line(answer.text or "")
    return line(day(words, language)) if answer.field is ArticleField.PUBLISHED else words


def short_answer(answer: Answer, language: str) -> str:
    """What is answered, with a careful word before it if it is unsure."""
    words = said(answer, language)
    return text("chat.perhaps", language, answer=words) if answer.certainty is Certainty.UNSURE else words


def also_in_line(answer: Answer, names: list[str], language: str) -> str:
    """The line that says in which other articles the same stands: ``names``, with an ellipsis if there are more."""
    more = [ELLIPSIS] if len(answer.copies) > len(names) else []
    return text("chat.also_in", language, articles=", ".join([*names, *more]))


def understood_line(answer: Answer | AllAnswers, language: str) -> str:
    """What a follow-up was taken for; empty for a question that was asked as it is."""
    return text("chat.understood", language, question=line(answer.understood)) if answer.understood else ""


def silence_lines(answer: Answer, language: str) -> list[str]:
    """What is said in the place of a quote: that the articles do not say, or to small talk what can be asked."""
    if answer.small_talk is None:
        return [text("chat.no_answer", language), *_nowhere_lines(answer, language)]
    if not answer.article_count:
        return [text("chat.empty", language)]
    articles = quantity("chat.articles", answer.article_count, language)
    lines = [text(f"small_talk.{answer.small_talk}", language, articles=articles)]
    if answer.suggestions:
        lines.append(text("chat.examples", language))
        lines += [f"  {in_language(question, language)}" for question in answer.suggestions]
    return lines


def _nowhere_lines(answer: Answer, language: str) -> list[str]:
    """Which names, and which of the words that the question has in quotation marks, stand nowhere."""
    quoted = f"absent_{'one' if len(answer.absent) == 1 else 'many'}"
    return [
        text(f"chat.{key}", language, words=", ".join(_in_quotes(word, language) for word in words))
        for key, words in ((quoted, answer.absent), ("unknown_names", answer.unknown_names))
        if words
    ]


def _in_quotes(words: str, language: str) -> str:
    return text("cite.quoted", language, words=cut(line(words), SHORT_LIMIT))


def alternative_lines(answer: Answer, language: str) -> list[str]:
    """What else was found, a line each, and a line where the articles do not agree."""
    lines = []
    for other in answer.alternatives:
        quote = cut(line(other.text), SHORT_LIMIT)
        source = cut(citation(other.document, language, other.start), TITLE_LIMIT)
        lines.append(text("chat.alternative", language, quote=quote, source=source))
    if any(other.contradicts for other in answer.alternatives):
        lines.append(text("chat.contradicting", language))
    return lines


def correction_line(correction: Correction, language: str, limit: int = SHORT_LIMIT) -> str:
    """What somebody gave as right, in short, with its sign ("✎ Jemand hat das korrigiert: „Anna Ott“")."""
    quote = text("cite.quoted", language, words=cut(line(correction.text), limit))
    return text("chat.corrected", language, quote=quote)


def describe_filter(within: Filter, language: str, article: str = "") -> str:
    """What a filter lets through, in short ("Quelle: dpa, seit 17. Mai 2024"); empty for one that asks for nothing.

    ``article`` is the name of the only article that counts, else its number is said.
    """
    parts = {
        "source": within.source,
        "since": day(within.since, language),
        "until": day(within.until, language),
        "words": " ".join(within.words),
        "article": (article or str(within.article)) if within.article else "",
    }
    said = [text(f"chat.within_{name}", language, value=line(value)) for name, value in parts.items() if value]
    return ", ".join([*said, text("chat.within_ocr", language)] if within.without_ocr else said)


def item_lines(answer: Answer, language: str) -> list[str]:
    """The items of a list that has lines or cells of its own for them, below a line that says so; else none.

    What stands in the quote's sentence is read there.
    """
    if answer.start is None or answer.end is None:
        return []
    if len(answer.items) < 2 or all(answer.start <= item.start and item.end <= answer.end for item in answer.items):
        return []
    shown = [f"• {cut(line(item.text), _COPY_LIMIT)}" for item in answer.items[:_ITEMS]]
    more = [ELLIPSIS] if len(answer.items) > _ITEMS else []
    return [text("chat.list_items", language), *shown, *more]


def unknown_source(name: str, sources: Sequence[str], language: str) -> str:
    """That no source holds ``name``, and which there are; empty if one does."""
    if not name or any(name.casefold() in source.casefold() for source in sources):
        return ""
    if not sources:
        return text("chat.no_sources", language, name=line(name))
    named = [line(source) for source in sources[:_SOURCES]] + [ELLIPSIS] * (len(sources) > _SOURCES)
    return text("chat.no_source", language, name=line(name), sources=", ".join(named))


def sources_text(
    documents: list[Document],
    language: str,
    *,
    empty: str,
    count: int | None = None,
    most: int | None = None,
    limit: int | None = None,
    margin: str = "",
    bullet: str = "",
) -> str:
    """The articles, a line each; of many, the first ``most``, or as many as fit ``limit``. Without any, ``empty``.

    ``count`` says how many there are if ``documents`` are not all of them.
    """
    if not documents:
        return empty
    lines = [f"{bullet}{citation(document, language)}" for document in documents[:most]]
    left_out = (len(documents) if count is None else count) - len(lines)
    return listing(text("chat.sources", language), lines, language, left_out, limit=limit, margin=margin)


def listing(
    heading: str, lines: list[str], language: str, left_out: int = 0, *, limit: int | None = None, margin: str = ""
) -> str:
    """A heading and lines below it, each after ``margin``, and how many ``left_out`` there are besides.

    With ``limit`` (UTF-16 units) each line is cut, and those that do not fit count as left out.
    """
    parts, room = [heading], inf if limit is None else limit - width(heading)
    most_left_out = f"\n{margin}" + text("chat.sources_rest", language, count=len(lines) + left_out)
    for position, line in enumerate(lines):
        part = f"\n{margin}{line if limit is None else cut(line, _LINE_LIMIT)}"
        left = len(lines) - position + left_out
        if width(part) + (width(most_left_out) if left > 1 else 0) > room:
            left_out = left
            break
        room -= width(part)
        parts.append(part)
    if left_out:
        parts.append(f"\n{margin}" + text("chat.sources_rest", language, count=left_out))
    return "".join(parts)
