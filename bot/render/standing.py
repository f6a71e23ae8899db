"""Answers to standing questions: what is said besides the answer itself, and the same for programs."""

from __future__ import annotations

from typing import Any

from bot.messages import text
from bot.render.json import to_json
from bot.render.text import SHORT_LIMIT, cut
from bot.render.wording import line
from retrieval.answer import Answer
from retrieval.store.standing_questions import StandingAnswer, StandingQuestion


def question_line(kept: StandingAnswer, language: str) -> str:
    """Which standing question it answers."""
    return text("watch.of_question", language, question=line(kept.question.question))


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
