"""One person's talk with the articles: what the terminal chat and a Telegram chat have in common."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from retrieval.answer import Answer
from retrieval.answering.followups import Turn, complete
from retrieval.answering.questions import MAX_QUESTION_CHARS, checked_question
from retrieval.language.article_questions import article_question
from retrieval.language.small_talk import small_talk
from retrieval.types import Filter

if TYPE_CHECKING:
    from retrieval.answering.all_answers import AllAnswers

#: Nobody remembers what "and when?" goes on from after that.
TURN_SECONDS = 30 * 60


class Answers(Protocol):
    """What a conversation asks: a Collection, or an Answerer."""

    def ask(
        self, question: str, *, top_k: int = ..., within: Filter | None = ..., favoured: int | None = ...
    ) -> Answer:
        """The answer to a complete question; ``favoured`` is the id of an article whose passages are preferred."""

    def ask_all(self, question: str, *, within: Filter | None = ...) -> AllAnswers:
        """All distinct answers to a complete question."""


@dataclass(frozen=True, slots=True)
class Past:
    """What a conversation goes on from: its last turn, the turn which that one went on from, and when it was asked, in
    seconds of the conversation's clock."""

    turn: Turn | None = None
    before: Turn | None = None
    asked_at: float = 0.0


class Conversation:
    """Asks the questions of one chat; a follow-up ("Und wann?") is completed from the turn before it.

    ``within`` says in which articles it looks, until it is set to something else. ``past`` may be kept, and set in
    another conversation that is to go on from there. ``clock`` gives seconds.
    Several conversations may share one collection, as long as only one of them asks at a time.
    """

    def __init__(
        self,
        collection: Answers,
        *,
        top_k: int = 5,
        within: Filter | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._collection = collection
        self._top_k = top_k
        self._clock = clock
        self.past = Past()
        self.within = Filter() if within is None else within
        self.last: Answer | None = None

    @property
    def turn(self) -> Turn | None:
        """The turn that the next question goes on from; None if there is none, or after half an hour."""
        return self.past.turn if self._clock() - self.past.asked_at <= TURN_SECONDS else None

    def ask(self, question: str) -> Answer:
        """The answer to ``question``. A question that cannot be asked (QuestionError) leaves ``last`` as it was.

        Of the answer, ``last`` is what feedback needs: without the text of its article, and with the best hit alone.
        """
        return self._ask(question, self.turn)

    def correct(self, question: str) -> Answer:
        """The answer to the last question in other words: it goes on from what that one went on from."""
        return self._ask(question, self.past.before)

    def ask_all(self, question: str = "") -> AllAnswers:
        """All distinct answers to ``question``, by default to the last one; a follow-up is completed.

        The next question may go on from it, but it is no ``last`` answer. Raises QuestionError, also where there is no
        last question.
        """
        turn = self.turn
        if turn is not None and not question.strip():
            understood: str | None = turn.question
        else:
            question = checked_question(question)
            understood = complete(question, turn) if turn is not None else None
            if understood is not None and len(understood) > MAX_QUESTION_CHARS:
                understood = None
        answers = self._collection.ask_all(understood or question, within=self.within)
        if answers.findings:
            first = answers.findings[0].first
            self.past = Past(Turn(understood or question, first.text, first.document.id), turn, self._clock())
        return replace(answers, question=question, understood=understood or "")

    def _ask(self, question: str, turn: Turn | None) -> Answer:
        question = checked_question(question)
        if small_talk(question) is not None:
            return self._collection.ask(question, within=self.within)  # the talk goes on from where it was
        answer = self._answer(question, turn)
        # Many conversations are kept, and articles may be long.
        light = answer.without_texts()
        self.last = replace(light, hits=light.hits[:1], copies=(), alternatives=(), corrections=())
        self.past = Past(_turn(answer, turn), turn, self._clock())
        return answer

    def _answer(self, question: str, turn: Turn | None) -> Answer:
        understood = complete(question, turn) if turn is not None else None
        favoured = None if turn is None else turn.document_id
        if (asked := article_question(question)) is not None and not asked.about:
            return self._collection.ask(question, top_k=self._top_k, within=self.within, favoured=favoured)
        if understood is None or len(understood) > MAX_QUESTION_CHARS:
            return self._collection.ask(question, top_k=self._top_k, within=self.within)
        answer = self._collection.ask(understood, top_k=self._top_k, within=self.within, favoured=favoured)
        return replace(answer, question=question, understood=answer.question)

    def forget(self) -> None:
        """Begins anew: the next question goes on from nothing."""
        self.past, self.last = Past(), None


def _turn(answer: Answer, before: Turn | None) -> Turn:
    """The turn of an answer. Where the articles did not say, a follow-up leaves the talk at the article before it."""
    if answer.document is not None:
        return Turn(answer.complete_question, answer.text or "", answer.document.id)
    if answer.understood and before is not None:
        return Turn(answer.understood, "", before.document_id)
    return Turn(answer.question)
