"""Standing questions asked of new articles, one small step after the other, so that others can ask in between."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.answering.same_quotes import say_the_same
from retrieval.store.standing_questions import StandingAnswer, StandingQuestion, StandingQuestions, UnaskedArticle
from retrieval.store.store import Store
from retrieval.types import Document
from retrieval.watching.nearness import BACKGROUND, near

if TYPE_CHECKING:
    from retrieval.answer import Answer
    from retrieval.inference.embedder import Embedder

logger = logging.getLogger(__name__)

#: The answer of one article (by its number) to a question.
AskNew = Callable[[str, int], "Answer"]


class StandingAsker:
    """Asks the articles that are marked as unasked; what they answer goes into the queue of answers.

    ``ask_new`` is only called for an article that comes near a question, so the reader loads when it is needed.
    """

    def __init__(self, store: Store, embedder: Embedder, ask_new: AskNew) -> None:
        self._store = store
        self.questions = StandingQuestions(store)
        self._embedder = embedder
        self._ask_new = ask_new

    def steps(self) -> Iterator[int]:
        """Asks all unasked articles; after each step, which takes as long as one question, the new answers so far.

        It can be left at any step. An article that was begun is then asked again from its start, and what is in the
        queue stays there once.

        Raises:
            ModelError: a model cannot be used.
            StoreError: the database cannot be read or written.
        """
        count = 0
        while (article := self.questions.next_article()) is not None:
            document = next(iter(self._store.documents([article.document_id])), None)
            answers: list[StandingAnswer] = []
            if document is not None:
                for answer in self._answers(article, document):
                    answers += answer
                    yield count
            count += self.questions.finish(article, "" if document is None else document.text, answers)
            yield count

    def _answers(self, article: UnaskedArticle, document: Document) -> Iterator[list[StandingAnswer]]:
        """What an article answers, a question at a time; several people may have kept the same one."""
        asked: dict[str, list[StandingQuestion]] = {}
        for question in self._near(article, document):
            asked.setdefault(question.question, []).append(question)
        for wording, questions in asked.items():
            answer = self._ask_new(wording, document.id)
            quote, start, end = answer.quote, answer.start, answer.end
            if not quote or start is None or end is None:
                yield []
                continue
            logger.info("article %d answers a standing question (%.2f)", document.id, answer.confidence)
            yield [
                StandingAnswer(question, document.id, quote, start, end, answer.confidence, _differing(question, quote))
                for question in questions
            ]

    def _near(self, article: UnaskedArticle, document: Document) -> list[StandingQuestion]:
        """The questions that an article comes near to, of those that were there before it."""
        questions = [question for question in self.questions.all() if question.since < article.number]
        ids = self._store.sentence_ids([article.document_id]).tolist()
        if not questions or not ids:  # a copy by now
            return []
        sentences = self._store.vectors(ids)
        background = self.questions.sample_vectors(BACKGROUND, without=article.document_id)
        wordings = [question.question for question in questions]
        chosen = near(wordings, self._vectors(questions), document, sentences, background)
        return [question for question, is_near in zip(questions, chosen, strict=True) if is_near]

    def _vectors(self, questions: Sequence[StandingQuestion]) -> NDArray[np.float32]:
        """The vectors of questions, ``(len(questions), dimension)``; those of another embedder are made anew."""
        signature = self._embedder.signature
        kept = self.questions.vectors(signature)
        missing = [question for question in questions if question.id not in kept]
        if missing:
            vectors = self._embedder.embed_questions([question.question for question in missing])
            self.questions.put_vectors([question.id for question in missing], vectors, signature)
            kept |= {question.id: vector for question, vector in zip(missing, vectors, strict=True)}
        return np.stack([kept[question.id] for question in questions])


def _differing(question: StandingQuestion, quote: str) -> str:
    """What is known so far, if the quote says something else."""
    return question.known if question.known and not say_the_same(question.known, quote) else ""
