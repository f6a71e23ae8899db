"""Answers to standing questions: what is said besides the answer itself, and the same for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from bot.messages import text
from bot.render.json import to_json
from bot.render.telegram import TELEGRAM_LIMIT, link, plain, to_html
from bot.render.text import SHORT_LIMIT, cut, source_link, width
from bot.render.wording import COLOURED_DOTS, certainty, citation, line, quantity, short_answer
from retrieval.answer import Answer

if TYPE_CHECKING:
    from retrieval.store.standing_questions import StandingAnswer, StandingQuestion

_QUESTION_LIMIT: Final = 120
_NOTE_LIMIT: Final = 250
_LINE_LIMIT: Final = 200


def before_line(kept: StandingAnswer, language: str) -> str:
    """What was known until then; empty if that was nothing, or the same."""
    return text("watch.before", language, answer=cut(line(kept.before), SHORT_LIMIT)) if kept.before else ""


def number_line(question: StandingQuestion, language: str) -> str:
    """A standing question in a list, with its number and the answer known so far."""
    known = text("watch.so_far", language, answer=cut(line(question.known), SHORT_LIMIT)) if question.known else ""
    return f"{question.id}  {line(question.question)}{known}"


def standing_json(kept: StandingAnswer, answer: Answer) -> dict[str, Any]:
    """The answer to a standing question as programs get it; ``id`` is the same however often it comes."""
    return {
        "id": kept.id,
        "watch": kept.question.id,
        "question": kept.question.question,
        "found_at": kept.found_at,
        "before": kept.before or None,
        "answer": to_json(answer)["answer"],
    }


def standing_html(kept: StandingAnswer, answer: Answer, language: str) -> str:
    """The card of an answer, below the question that it answers, as Telegram's HTML."""
    note = cut("\n".join(_notes(kept, language)), _NOTE_LIMIT)
    # As a note at its end, the card leaves room for it.
    card = to_html(answer, language, notes=[note]).removesuffix(f"\n\n<i>{plain(note)}</i>")
    return f"<i>{plain(note)}</i>\n\n{card}"


def digest_html(found: Sequence[tuple[StandingAnswer, Answer]], language: str) -> list[tuple[str, int]]:
    """Many answers in as few messages as they fit, each as HTML, and how many answers are in it."""
    heading = quantity("watch.digest", len(found), language)
    messages: list[tuple[str, int]] = []
    html, used, count = plain(heading), width(heading), 0
    for kept, answer in found:
        item, item_width = _short_html(kept, answer, language)
        if count and used + 2 + item_width > TELEGRAM_LIMIT:
            messages.append((html, count))
            html, used, count = item, item_width, 1
        else:
            html, used, count = f"{html}\n\n{item}", used + 2 + item_width, count + 1
    return [*messages, (html, count)] if count else messages


def _short_html(kept: StandingAnswer, answer: Answer, language: str) -> tuple[str, int]:
    """An answer in a few lines, and their width without tags."""
    question, *before = (cut(note, _LINE_LIMIT) for note in _notes(kept, language))
    said, sure = cut(short_answer(answer, language), _LINE_LIMIT), certainty(answer, language, COLOURED_DOTS)
    document = answer.document
    source = "" if document is None else cut(citation(document, language, answer.start), _LINE_LIMIT)
    lines = [
        (f"<i>{plain(question)}</i>", question),
        (f"<b>{plain(said)}</b> {plain(sure)}", f"{said} {sure}"),
        *((f"<i>{plain(note)}</i>", note) for note in before),
        (link(plain(source), source_link(answer)), source),
    ]
    return "\n".join(html for html, _ in lines), sum(width(shown) + 1 for _, shown in lines)


def _notes(kept: StandingAnswer, language: str) -> list[str]:
    question = text("watch.of_question", language, question=cut(line(kept.question.question), _QUESTION_LIMIT))
    return [question, *([before_line(kept, language)] if kept.before else [])]
