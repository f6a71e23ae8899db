"""Measuring standing questions: all questions of a file first, then its articles, one after another by date.

What arrives is compared with what open mode says once all articles are there: a standing question is to find what an
ordinary one finds, and to get no more wrong than it does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.answer import Answer
from retrieval.answering.answerer import Answerer
from retrieval.answering.calibration import Calibration
from retrieval.answering.same_quotes import say_the_same
from retrieval.backend import SqliteBackend
from retrieval.evaluation.runs import check_question, is_right, mean
from retrieval.evaluation.squad import EvaluationQuestion, EvaluationSet
from retrieval.indexing.indexer import Indexer
from retrieval.inference.embedder import Embedder
from retrieval.inference.reader import Reader
from retrieval.language.sentences import SentenceSplitter
from retrieval.search.search import Search
from retrieval.store.store import Store
from retrieval.types import Progress
from retrieval.watching.asking import StandingAsker


@dataclass(frozen=True, slots=True)
class StreamOutcome:
    """What came of one standing question: ``messages``, in their order, and the ``open`` answer in the end."""

    question: EvaluationQuestion
    messages: tuple[str, ...]
    open: Answer

    @property
    def is_open_right(self) -> bool:
        """Whether open mode is right: it finds the answer, or is silent where there is none."""
        said = self.open.text
        return not self.question.answers if said is None else is_right(said, self.question)

    @property
    def arrived(self) -> bool:
        """Whether a message says what open mode says, or is right."""
        said = self.open.text
        return said is not None and any(say_the_same(m, said) or is_right(m, self.question) for m in self.messages)


def evaluate_stream(
    data: EvaluationSet,
    embedder: Embedder,
    reader: Reader,
    calibration: Calibration,
    threshold: float,
    *,
    top_k: int = 5,
    progress: Progress | None = None,
) -> list[StreamOutcome]:
    """Adds the questions to a temporary home, then its articles, and asks each question once more in the end.

    Articles without a date come last. ``progress`` counts articles and questions.

    Raises:
        EvaluationError: a question is empty or too long.
        ModelError: a model cannot be used.
    """
    wordings = [check_question(question.id, question.question) for question in data.questions]
    articles = sorted(data.documents, key=lambda document: (not document.published, document.published))
    total = len(articles) + len(wordings)
    with tempfile.TemporaryDirectory(prefix="fundstelle-eval-") as home, Store(Path(home)) as store:
        backend = SqliteBackend(store)
        search = Search(store, embedder, backend.vectors, backend.keywords)
        answerer = Answerer(search, reader, calibration, threshold=threshold)
        indexer = Indexer(store, SentenceSplitter(), embedder, backend=backend)
        asker = StandingAsker(store, embedder, lambda *asked: answerer.ask_new(*asked, top_k=top_k))
        for wording in wordings:
            asker.questions.add(wording)
        for done, article in enumerate(articles, 1):
            indexer.index_documents([article])
            for _ in asker.steps():
                pass
            if progress is not None:
                progress(done, total)
        messages: dict[str, list[str]] = {wording: [] for wording in wordings}
        for kept in asker.questions.undelivered():
            messages[kept.question.question].append(kept.answer)
        outcomes = []
        for done, (question, wording) in enumerate(zip(data.questions, wordings, strict=True), len(articles) + 1):
            answer = answerer.ask(wording, top_k=top_k)
            outcomes.append(StreamOutcome(question, tuple(messages[wording]), answer))
            if progress is not None:
                progress(done, total)
    return outcomes


def summarise_stream(outcomes: Sequence[StreamOutcome]) -> dict[str, float | int | None]:
    """The figures; shares are 0..100, None where there is nothing to count.

    ``arrived_share`` is that of the answerable questions that open mode answers. ``wrong_beyond_open_share`` is that of
    the messages which are wrong while open mode is right; ``wrong_share`` counts all wrong ones.
    """
    answered = [o for o in outcomes if o.question.answers and o.open.text is not None]
    sent = [(outcome, not is_right(m, outcome.question)) for outcome in outcomes for m in outcome.messages]
    return {
        "n": len(outcomes),
        "open_answered": len(answered),
        "arrived_share": mean(100.0 * outcome.arrived for outcome in answered),
        "messages": len(sent),
        "wrong_share": mean(100.0 * wrong for _, wrong in sent),
        "wrong_beyond_open_share": mean(100.0 * (wrong and outcome.is_open_right) for outcome, wrong in sent),
    }
