"""The entrance to the library: a collection of articles on disk, and the models that answer questions from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.answer import Answer
from retrieval.index_report import ArticleReport, IndexReport
from retrieval.language.small_talk import small_talk
from retrieval.parts import Parts
from retrieval.types import Article, Document, Filter, Progress

if TYPE_CHECKING:
    from retrieval.answering.all_answers import AllAnswers
    from retrieval.loading.page_pictures import PagePicture
    from retrieval.watching.watch import Watch
    from retrieval.web.fetching import Download

#: For so many filters the suggestions are kept.
_SUGGESTED = 20


class Collection(Parts):
    """Articles in a data directory, which is made if need be, and what answers questions from them.

    A context manager: leaving it closes the database. Each part is made when it is first needed, and once; models load
    then, too. One thread at a time may ask, one may change articles; everything else may be called from any thread.

    Args:
        home: the data directory.
        embedder: the model for search: a folder, ``name@revision`` on the hub, or an Embedder.
        reader: likewise the model that finds the quotes, or a Reader.
        device: "auto", "cpu" or "cuda".
        threshold: the confidence (0..1) from which on an answer is shown; None: the reader's own.
        top_k: how many passages are read for a question.
        web_hosts: hosts that may be fetched from although they are not public.
        lock_seconds: how long to wait for another process that writes.
        database_url: a PostgreSQL server (``postgresql://…``) that keeps the articles, in the place of SQLite.
        database_read_url: a replica of it, on which questions are searched.
        standing: what a user's corrections count for, by the name their feedback is kept under; None: everybody's do.
        notify: gets a Notice when a part repairs itself, say rebuilds a damaged index.
    """

    _matched = False  # whether the vectors are known to be this embedder's

    def __enter__(self) -> Collection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Questions

    def ask(
        self, question: str, *, top_k: int = 0, within: Filter | None = None, favoured: int | None = None
    ) -> Answer:
        """The best quote, or an Answer without one; see ``Answerer.ask``. A ``top_k`` of 0 is the collection's own.

        It comes with what people gave as right for the same question, see ``Corrections``.

        Raises:
            QuestionError: the question is empty or longer than 1,000 characters.
            ModelError: a model cannot be used.
            StoreError: the database cannot be read.
        """
        self._match_once()
        kind = small_talk(question)
        if kind is not None:
            count = self.article_count()
            suggested = self.suggestions(within)
            return Answer(question, None, 0.0, small_talk=kind, article_count=count, suggestions=suggested)
        answer = self.answerer.ask(question, top_k=top_k or self.top_k, within=within, favoured=favoured)
        return self.corrections.added_to(answer, within)

    def ask_all(self, question: str, *, within: Filter | None = None) -> AllAnswers:
        """All distinct quotes that answer, from all articles; see ``Answerer.ask_all``. Small talk has none.

        Raises:
            QuestionError, ModelError, StoreError: as for ``ask``.
        """
        from retrieval.answering.all_answers import AllAnswers

        self._match_once()
        return AllAnswers(question) if small_talk(question) else self.answerer.ask_all(question, within=within)

    def ask_article(self, question: str, document_id: int, *, top_k: int = 0) -> Answer:
        """The best quote of one article alone, however far others are nearer to the question; else as ``ask``."""
        self._match_once()
        within = Filter(article=document_id)
        return self.article_answerer.ask(question, top_k=top_k or self.top_k, within=within, favoured=document_id)

    def suggestions(self, within: Filter | None = None) -> tuple[str, ...]:
        """Questions that the newest of the articles that count answer; see ``retrieval.answering.suggestions``."""
        key = self.store.generation, within or Filter()
        if key not in self._suggested:
            from retrieval.answering.suggestions import suggest

            documents = self.store.documents(self.store.matching_ids(within)) if within else self.documents()
            found = suggest(documents, partial(self.answerer.ask, top_k=self.top_k, within=within))
            kept = [entry for entry in self._suggested.items() if entry[0][0] == key[0]][-_SUGGESTED:]
            self._suggested = {**dict(kept), key: found}
        return self._suggested[key]

    @cached_property
    def _suggested(self) -> dict[tuple[int, Filter], tuple[str, ...]]:
        """What is suggested, by the state of the store and the filter."""
        return {}

    def answered(self, questions: Iterable[str], within: Filter | None = None) -> list[str]:
        """Those of the questions that the articles answer: what is shown as an example is asked before."""
        return [question for question in questions if self.ask(question, within=within).text is not None]

    @cached_property
    def watch(self) -> Watch:
        """Standing questions, which are asked of new and changed articles."""
        from retrieval.watching.watch import Watch

        return Watch(self)

    def load(self) -> None:
        """Loads both models, so that the first question does not wait for them. Raises ModelError."""
        self._match_once()
        self.answerer.load()

    def match_embedder(self, progress: Progress | None = None) -> None:
        """Computes the vectors anew if another embedder made them. ``index`` and ``ask`` do it by themselves.

        Raises:
            ModelError: the embedder cannot be used.
            StoreError: the store cannot be written.
        """
        from retrieval.indexing.reembedding import match_embedder

        # Without articles there is nothing to compare, and the model need not be looked at.
        if self.store.sentence_count() and self.store.embedder_signature != self.embedder.signature:
            with self.store.writing():
                match_embedder(self.store, self.embedder, notify=self._notify, progress=progress)
        self._matched = True

    def _match_once(self) -> None:
        if not self._matched:
            self.match_embedder()

    # Articles

    def index(self, items: Sequence[str | Path], progress: Progress | None = None) -> IndexReport:
        """Adds files, folders with all below them, and web pages (``https://…``); see ``Indexer.index``.

        Raises:
            LoadingError: a path is missing, or a folder holds no known file.
            StoreError: the store cannot be written; what was stored until then stays.
            ModelError: the embedder cannot be used.
        """
        from retrieval.indexing.web_sources import Collector

        addresses = [item for item in items if isinstance(item, str) and "://" in item]
        paths = [Path(item) for item in items if item not in addresses]
        report = self.indexer.index(paths, progress) if paths else IndexReport()
        if addresses:
            report += Collector(self.store, self.indexer, self.fetcher()).index_pages(addresses)
        return report

    def add_document(self, document: Document) -> ArticleReport:
        """Adds an article that is loaded already; it needs a ``path``."""
        return self.indexer.index_documents([document]).articles[0]

    def fetch(self, address: str) -> Download:
        """What stands at a web address; takes as long as the server does. Raises WebError."""
        return self.fetcher().fetch(address)

    def add_page(self, download: Download) -> ArticleReport:
        """Adds a page that has been fetched."""
        from retrieval.indexing.web_sources import Collector

        return Collector(self.store, self.indexer, self.fetcher()).index_download(download)

    def sync(self) -> IndexReport:
        """Looks at all watched folders, feeds and pages again; see ``retrieval.indexing.sync``."""
        from retrieval.indexing.sync import sync

        return sync(self.store, self.indexer, self.fetcher())

    def remove(self, documents: Sequence[Document]) -> None:
        """Removes articles."""
        self.indexer.remove(documents)

    def documents(self) -> list[Document]:
        """All articles, without copies."""
        return self.store.documents()

    def document(self, document_id: int) -> Document | None:
        """The article with this number; None if it is gone."""
        return next(iter(self.store.documents([document_id])), None)

    def document_at(self, path: str) -> Document | None:
        """The article that came from this path or address."""
        document_id = self.store.ids_below(path).get(path)
        return None if document_id is None else self.document(document_id)

    def sentence_of(self, document_id: int, start: int, end: int) -> tuple[int, int]:
        """From where to where in the text of an article the sentences go that ``start``..``end`` lies in."""
        return self.store.sentence_span(document_id, start, end)

    def page_picture(self, document: Document, page: int = 0, start: int = 0, end: int = 0) -> PagePicture:
        """The page of a PDF that an article came from, with a quote marked; see ``page_pictures.page_picture``."""
        from retrieval.loading.page_pictures import page_picture

        return page_picture(document, page, start, end, size=self.store.file_size(document.path))

    def copies(self, document_id: int) -> tuple[Document, ...]:
        """The articles that say the same."""
        return self.store.copies([document_id]).get(document_id, ())

    def articles(self, within: Filter | None = None) -> list[Article]:
        """All articles and copies that the filter lets through."""
        return self.store.articles(Filter() if within is None else within)

    def titles(self, within: Filter | None = None, *, most: int, copies: bool = True) -> tuple[list[Document], int]:
        """The first ``most`` articles that the filter lets through, without their texts, and how many it lets through.

        With ``copies``, those count as well. However long the articles are, one is in memory at a time.
        """
        ids = self.store.listed_ids(Filter() if within is None else within, copies=copies)
        found = (document for number in ids[:most] for document in self.store.documents([number]))
        return [replace(document, text="", landmarks=()) for document in found], len(ids)

    def source_names(self) -> list[str]:
        """The names of the articles' sources, each once, those with the most articles first."""
        return self.store.source_names()

    def article_count(self) -> int:
        """How many articles there are."""
        return self.store.article_count()

    def sentence_count(self) -> int:
        """How many sentences they have."""
        return self.store.sentence_count()

    def sentences_of(self, document: Document) -> int:
        """How many sentences of an article are searched; none of a copy."""
        return len(self.store.sentence_ids([document.id]))

    def check(self) -> None:
        """Reads the whole collection, and mends what can be mended. Raises StoreError where something is damaged."""
        self.backend.check()
