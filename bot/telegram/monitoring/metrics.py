"""What the bot counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)


class QuestionOutcome(StrEnum):
    """What became of a question."""

    ANSWERED = "answered"
    UNANSWERED = "unanswered"  # the articles do not say
    INVALID = "invalid"  # too long
    REFUSED = "refused"  # too many were waiting
    FAILED = "failed"


class Metrics:
    """The figures of one bot, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._questions = Counter(
            "fundstelle_questions", "Questions by what became of them", ["outcome"], registry=self._registry
        )
        for outcome in QuestionOutcome:  # Created at once, or a rate would miss the first of each.
            self._questions.labels(outcome)
        self._seconds = Histogram(
            "fundstelle_question_seconds",
            "Seconds from a question's turn in its chat until it was read, waiting included",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._queue = Gauge("fundstelle_reader_queue", "Questions that wait or are being read", registry=self._registry)
        self._inbox = Gauge("fundstelle_inbox", "Updates in the inbox that are not done", registry=self._registry)
        self._articles = Gauge("fundstelle_articles", "Articles in the index", registry=self._registry)
        self._sentences = Gauge("fundstelle_sentences", "Sentences in the index", registry=self._registry)

    def count_question(self, outcome: QuestionOutcome, seconds: float | None = None) -> None:
        """Counts a finished question; ``seconds`` is how long it took, if it was read."""
        self._questions.labels(outcome).inc()
        if seconds is not None:
            self._seconds.observe(seconds)

    def watch(self, queue: Callable[[], int], inbox: Callable[[], int]) -> None:
        """Reads both lengths from these functions whenever the metrics are fetched."""
        self._queue.set_function(queue)
        self._inbox.set_function(inbox)

    def set_size(self, articles: int, sentences: int) -> None:
        """Sets how much is indexed."""
        self._articles.set(articles)
        self._sentences.set(sentences)

    def to_text(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self._registry)
