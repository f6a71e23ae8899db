"""The articles as the bot sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.types import Article, Document, FileReport, Filter, IndexReport

if TYPE_CHECKING:
    from retrieval.answering.answerer import Answerer
    from retrieval.indexing.indexer import Indexer
    from retrieval.store.feedback import FeedbackLog
    from retrieval.store.store import Store
    from retrieval.web.fetching import Download, Fetcher


@dataclass(frozen=True, slots=True)
class Collection:
    """What is asked, shown and changed: the answerer in one thread, changes in one thread, all else in any.

    ``status`` gives the state of the collection in a language.
    """

    answerer: Answerer
    store: Store
    feedback: FeedbackLog
    indexer: Indexer
    fetcher: Callable[[], Fetcher]
    status: Callable[[str], str]

    def documents(self) -> list[Document]:
        """All articles, without copies."""
        return self.store.documents()

    def document(self, document_id: int) -> Document | None:
        """The article with this number; None if it is gone."""
        return next(iter(self.store.documents([document_id])), None)

    def copies(self, document_id: int) -> tuple[Document, ...]:
        """The articles that say the same."""
        return self.store.copies([document_id]).get(document_id, ())

    def articles(self, words: tuple[str, ...]) -> list[Article]:
        """All articles and copies whose title, source or path holds the words."""
        return self.store.articles(Filter(words=words))

    def article_count(self) -> int:
        """How many articles there are."""
        return self.store.article_count()

    def sentence_count(self) -> int:
        """How many sentences they have."""
        return self.store.sentence_count()

    def sentences_of(self, document: Document) -> int:
        """How many sentences of an article are searched; none of a copy."""
        return len(self.store.sentence_ids([document.id]))

    def at(self, path: str) -> Document | None:
        """The article that was taken up from this path or address."""
        document_id = self.store.ids_below(path).get(path)
        return None if document_id is None else self.document(document_id)

    def add_file(self, path: Path, progress: Callable[[int, int], None] | None = None) -> IndexReport:
        """Takes up the articles in a file; ``progress`` as in ``Indexer.index``."""
        return self.indexer.index([path], progress)

    def add_document(self, document: Document) -> FileReport:
        """Takes up an article."""
        return self.indexer.index_documents([document]).files[0]

    def fetch(self, address: str) -> Download:
        """What stands at a web address; takes as long as the server does. Raises WebError."""
        return self.fetcher().fetch(address)

    def add_page(self, download: Download) -> FileReport:
        """Takes up a page that has been fetched."""
        from retrieval.indexing.web_sources import Collector

        return Collector(self.store, self.indexer, self.fetcher()).index_download(download)

    def remove(self, document: Document) -> None:
        """Takes an article out."""
        self.indexer.remove([document])
