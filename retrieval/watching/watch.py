"""Standing questions of a collection: kept, asked of what is new, and their answers as they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from retrieval.answering.questions import checked_question
from retrieval.errors import QuestionError
from retrieval.language.small_talk import small_talk
from retrieval.messages import notice
from retrieval.store.standing_questions import StandingAnswer, StandingQuestion, StandingQuestions
from retrieval.store.store import Store
from retrieval.watching.asking import StandingAsker
from retrieval.watching.cards import to_answer

if TYPE_CHECKING:
    from retrieval.answer import Answer
    from retrieval.answering.answerer import Answerer
    from retrieval.inference.embedder import Embedder


class Watched(Protocol):
    """What is watched: a Collection."""

    top_k: int

    @property
    def store(self) -> Store:
        """Its articles."""

    @property
    def embedder(self) -> Embedder:
        """Its model for search."""

    @property
    def answerer(self) -> Answerer:
        """What answers its questions."""

    def match_embedder(self) -> None:
        """Computes its vectors anew if another embedder made them."""


class Watch:
    """The standing questions of one collection. ``questions`` lists and removes them, and is the queue of answers."""

    def __init__(self, collection: Watched) -> None:
        self._collection = collection
        self.questions = StandingQuestions(collection.store)

    def add(self, question: str, owner: str = "") -> StandingQuestion:
        """Keeps a question, to be asked of new and changed articles; what the articles say now counts as known.

        ``owner`` tells people apart, see ``StandingQuestion``.

        Raises:
            QuestionError: it cannot be asked, or asks for nothing that articles could say.
            ModelError: a model cannot be used.
            StoreError: the database cannot be written.
        """
        question = checked_question(question)
        if small_talk(question) is not None:
            raise QuestionError(notice("question.small_talk"))
        kept = self.questions.find(question, owner)
        if kept is not None:
            return kept
        known = ""
        if self._collection.store.has_sentences():
            self._collection.match_embedder()
            known = self._collection.answerer.ask(question, top_k=self._collection.top_k).quote
        return self.questions.add(question, owner, known=known)

    def steps(self) -> Iterator[int]:
        """Asks the questions of all that is new, one question of one article a step; see ``StandingAsker.steps``."""
        if self.questions.next_article() is None:
            return  # no model has to be looked at
        self._collection.match_embedder()
        yield from StandingAsker(self._collection.store, self._collection.embedder, self._ask_new).steps()

    def run(self) -> int:
        """Takes all steps; how many new answers there are."""
        return max(self.steps(), default=0)

    def answer(self, kept: StandingAnswer) -> Answer | None:
        """An answer of the queue as it is shown; None if its article does not say that any more."""
        return to_answer(self._collection.store, kept)

    def _ask_new(self, question: str, document_id: int) -> Answer:
        return self._collection.answerer.ask_new(question, document_id, top_k=self._collection.top_k)
