"""What a collection is put together from: engine, models, search, answerer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.answering.answerer import Answerer
    from retrieval.answering.calibration import Calibration, Calibrations
    from retrieval.answering.corrections import Corrections
    from retrieval.backend import Backend
    from retrieval.indexing.indexer import Indexer
    from retrieval.inference.embedder import Embedder
    from retrieval.inference.reader import Reader
    from retrieval.language.sentences import SentenceSplitter
    from retrieval.search.indexes import Keywords, VectorIndex
    from retrieval.search.search import Search
    from retrieval.store.feedback import FeedbackLog
    from retrieval.store.store import Store
    from retrieval.types import Standing
    from retrieval.web.fetching import Fetcher

#: The models that come with the package.
EMBEDDER = str(Path(__file__).parent / "models" / "embedder")
READER = str(Path(__file__).parent / "models" / "reader")


class Parts:
    """The parts of a Collection, each made when it is first needed, and once; for the arguments see there."""

    def __init__(
        self,
        home: str | Path,
        *,
        embedder: str | Embedder = EMBEDDER,
        reader: str | Reader = READER,
        device: str = "auto",
        threshold: float | None = None,
        top_k: int = 5,
        web_hosts: Iterable[str] = (),
        lock_seconds: float = 10,
        database_url: str = "",
        database_read_url: str = "",
        standing: Callable[[str], Standing] | None = None,
        notify: Callable[[str], None] = lambda notice: None,
    ) -> None:
        self.home = Path(home).expanduser().absolute()
        self.top_k = top_k
        self._chosen_embedder = embedder
        self._chosen_reader = reader
        self._device = device
        self._threshold = threshold
        self._web_hosts = frozenset(web_hosts)
        self._lock_seconds = lock_seconds
        self._database_url = database_url
        self._database_read_url = database_read_url
        self._standing = standing
        self._notify = notify

    def close(self) -> None:
        """Closes the database."""
        if "backend" in self.__dict__:
            self.backend.close()

    @cached_property
    def backend(self) -> Backend:
        """The engine that keeps the articles; raises StoreError where they cannot be kept or read."""
        from retrieval.backend import open_backend

        return open_backend(
            self.home,
            self._database_url,
            read_url=self._database_read_url,
            lock_seconds=self._lock_seconds,
            notify=self._notify,
        )

    @property
    def store(self) -> Store:
        """The articles."""
        return self.backend.store

    @property
    def feedback(self) -> FeedbackLog:
        """What people think of answers, and the questions that got none."""
        return self.backend.feedback

    @cached_property
    def corrections(self) -> Corrections:
        """What people gave as right for questions that were answered wrongly."""
        from retrieval.answering.corrections import Corrections, everyone

        return Corrections(self.search, self.feedback, self._standing or everyone)

    @cached_property
    def splitter(self) -> SentenceSplitter:
        """Cuts articles into sentences."""
        from retrieval.language.sentences import SentenceSplitter

        return SentenceSplitter()

    @cached_property
    def embedder(self) -> Embedder:
        """Turns sentences and questions into vectors."""
        from retrieval.inference.embedder import SentenceTransformerEmbedder

        chosen = self._chosen_embedder
        return SentenceTransformerEmbedder(chosen, device=self._device) if isinstance(chosen, str) else chosen

    @cached_property
    def reader(self) -> Reader:
        """Finds the answer in passages."""
        from retrieval.inference.reader import TransformersReader

        chosen = self._chosen_reader
        return TransformersReader(chosen, device=self._device) if isinstance(chosen, str) else chosen

    @property
    def reader_folder(self) -> Path | None:
        """Where the reader's files lie, None for one from the hub. Raises ModelError where there is no model."""
        from retrieval.inference.reader import TransformersReader

        reader = self.reader
        return reader.reference.folder if isinstance(reader, TransformersReader) else None

    @cached_property
    def calibrations(self) -> Calibrations:
        """What the reader's scores mean as probabilities: what this data directory says, or a local reader's folder."""
        from retrieval.answering.calibration import HOME_FILE, Calibrations

        # A signature reads all of a model's files: only where there is something to look up.
        if (self.home / HOME_FILE).is_file():
            fitted = Calibrations.read_home(self.home, self.reader.signature)
            if fitted is not None:
                return fitted
        return Calibrations.read(self.reader_folder)

    def threshold(self, calibration: Calibration) -> float:
        """The confidence from which on an answer is shown."""
        return calibration.threshold if self._threshold is None else self._threshold

    @cached_property
    def indexer(self) -> Indexer:
        """Adds, updates and removes articles."""
        from retrieval.indexing.indexer import Indexer

        return Indexer(self.store, self.splitter, self.embedder, notify=self._notify, backend=self.backend)

    def fetcher(self) -> Fetcher:
        """Fetches from the web, for one run: a new one each time."""
        from retrieval.web.addresses import Rules
        from retrieval.web.fetching import Fetcher

        return Fetcher(Rules(self._web_hosts))

    @property
    def vectors(self) -> VectorIndex:
        """Finds sentences by meaning."""
        return self.backend.vectors

    @property
    def keywords(self) -> Keywords:
        """Finds passages by words."""
        return self.backend.keywords

    @cached_property
    def search(self) -> Search:
        """Finds passages by both."""
        from retrieval.search.search import Search

        return Search(self.store, self.embedder, self.vectors, self.keywords)

    @cached_property
    def answerer(self) -> Answerer:
        """Answers questions."""
        from retrieval.answering.answerer import Answerer

        return Answerer(self.search, self.reader, self.calibrations.found, threshold=self._threshold)

    @cached_property
    def article_answerer(self) -> Answerer:
        """Answers questions from one given article."""
        from retrieval.answering.answerer import Answerer

        return Answerer(self.search, self.reader, self.calibrations.given, threshold=self._threshold)
