"""Builds the parts of Fundstelle from the settings: the one place that knows all classes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from bot.settings import Settings
from retrieval.messages import in_language

if TYPE_CHECKING:
    from retrieval.answering.answerer import Answerer
    from retrieval.answering.calibration import Calibration, Calibrations
    from retrieval.indexing.indexer import Indexer
    from retrieval.inference.embedder import SentenceTransformerEmbedder
    from retrieval.inference.reader import TransformersReader
    from retrieval.language.sentences import SentenceSplitter
    from retrieval.search.keyword_index import KeywordIndex
    from retrieval.search.search import Search
    from retrieval.search.vector_index import FaissVectorIndex
    from retrieval.store.feedback import FeedbackLog
    from retrieval.store.store import Store
    from retrieval.web.fetching import Fetcher


class Fundstelle:
    """One collection with its models. Each part is made when it is first asked for, and once.

    ``notify`` gets a line for people when a part repairs itself (a damaged index is rebuilt, for example).
    A context manager: leaving it closes the database.
    """

    def __init__(self, settings: Settings, *, notify: Callable[[str], None]) -> None:
        self.settings = settings
        self._notify = lambda notice: notify(in_language(notice, settings.language))

    def __enter__(self) -> Fundstelle:
        return self

    def __exit__(self, *_: object) -> None:
        if "store" in self.__dict__:
            self.store.close()

    @cached_property
    def store(self) -> Store:
        """The articles on disk; raises StoreError where they cannot be kept or read."""
        from retrieval.store.store import Store

        return Store(self.settings.home, notify=self._notify, lock_seconds=self.settings.lock_seconds)

    @cached_property
    def feedback(self) -> FeedbackLog:
        """What people think of answers, and the questions that got none."""
        from retrieval.store.feedback import FeedbackLog

        return FeedbackLog(self.store)

    @cached_property
    def splitter(self) -> SentenceSplitter:
        """Cuts articles into sentences."""
        from retrieval.language.sentences import SentenceSplitter

        return SentenceSplitter()

    @cached_property
    def embedder(self) -> SentenceTransformerEmbedder:
        """Turns sentences and questions into vectors."""
        from retrieval.inference.embedder import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(self.settings.embedder, device=self.settings.device)

    @cached_property
    def reader(self) -> TransformersReader:
        """Finds the answer in passages."""
        from retrieval.inference.reader import TransformersReader

        return TransformersReader(self.settings.reader, device=self.settings.device)

    @cached_property
    def calibrations(self) -> Calibrations:
        """What the reader's scores mean as probabilities: what this data directory says, or a local reader's folder."""
        from retrieval.answering.calibration import HOME_FILE, Calibrations

        # A signature reads all of a model's files: only where there is something to look up.
        if (self.settings.home / HOME_FILE).is_file():
            fitted = Calibrations.read_home(self.settings.home, self.reader.signature)
            if fitted is not None:
                return fitted
        return Calibrations.read(self.reader.reference.folder)

    def threshold(self, calibration: Calibration) -> float:
        """The confidence from which on an answer is shown: the setting over the calibration's."""
        chosen = self.settings.no_answer_threshold
        return calibration.threshold if chosen is None else chosen

    @cached_property
    def indexer(self) -> Indexer:
        """Takes up files as articles."""
        from retrieval.indexing.indexer import Indexer

        return Indexer(self.store, self.splitter, self.embedder, notify=self._notify)

    def fetcher(self) -> Fetcher:
        """Fetches from the web, for one run: a new one each time."""
        from retrieval.web.addresses import Rules
        from retrieval.web.fetching import Fetcher

        return Fetcher(Rules(self.settings.web_hosts))

    @cached_property
    def vectors(self) -> FaissVectorIndex:
        """Finds sentences by meaning."""
        from retrieval.search.vector_index import FaissVectorIndex

        return FaissVectorIndex(self.store, notify=self._notify)

    @cached_property
    def keywords(self) -> KeywordIndex:
        """Finds passages by words."""
        from retrieval.search.keyword_index import KeywordIndex

        return KeywordIndex(self.store, notify=self._notify)

    @cached_property
    def search(self) -> Search:
        """Finds passages by both."""
        from retrieval.search.search import Search

        return Search(self.store, self.embedder, self.vectors, self.keywords)

    @cached_property
    def answerer(self) -> Answerer:
        """Answers questions."""
        from retrieval.answering.answerer import Answerer

        return Answerer(self.search, self.reader, self.calibrations.found, threshold=self.settings.no_answer_threshold)

    def match_embedder(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Computes the articles' vectors anew if another embedder made them; to be called before questions."""
        from retrieval.indexing.reembedding import match_embedder

        # Without articles there is nothing to compare, and the model need not be looked at.
        if self.store.sentence_count() and self.store.embedder_signature != self.embedder.signature:
            with self.store.writing():
                match_embedder(self.store, self.embedder, notify=self._notify, progress=progress)
