"""What can be asked."""

from __future__ import annotations

from retrieval.errors import QuestionError
from retrieval.messages import notice

MAX_QUESTION_CHARS = 1000


def checked_question(question: str) -> str:
    """The question without space around it.

    Raises:
        QuestionError: it is empty or longer than 1,000 characters.
    """
    question = " ".join(question.split())
    if not question:
        raise QuestionError(notice("question.empty"))
    if len(question) > MAX_QUESTION_CHARS:
        raise QuestionError(notice("question.long", count=len(question), limit=MAX_QUESTION_CHARS))
    return question
