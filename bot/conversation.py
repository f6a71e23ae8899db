"""One person's talk with the articles: what the terminal chat and a Telegram chat have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.types import Answer, Filter

if TYPE_CHECKING:
    from retrieval.answering import Answerer


class Conversation:
    """Asks the questions of one chat and remembers the last answer, for "more passages" and what comes later.

    ``within`` says in which articles it looks, until it is set to something else.

    Several conversations may share one answerer, as long as only one of them asks at a time.
    """

    def __init__(self, answerer: Answerer, *, top_k: int = 5, within: Filter | None = None) -> None:
        self._answerer = answerer
        self._top_k = top_k
        self.within = Filter() if within is None else within
        self.last: Answer | None = None

    def ask(self, question: str) -> Answer:
        """The answer to ``question``. A question that cannot be asked (QuestionError) leaves ``last`` as it was."""
        self.last = self._answerer.ask(question, top_k=self._top_k, within=self.within)
        return self.last
