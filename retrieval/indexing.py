"""Taking up files: load, split, cut into passages, embed, store."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.errors import LoadingError
from retrieval.german import keyword_terms, text_language
from retrieval.keywords import KeywordIndex
from retrieval.loading import find_files, load_document
from retrieval.passages import build_passages
from retrieval.reembedding import match_embedder
from retrieval.rows import now
from retrieval.splitting import SentenceSplitter
from retrieval.stopwatch import Stopwatch
from retrieval.store import Store
from retrieval.types import Document, FileReport, IndexOutcome, IndexReport, Passage, Sentence, Source, SourceKind
from retrieval.vectors import FaissVectorIndex

if TYPE_CHECKING:
    from retrieval.embedding import Embedder

logger = logging.getLogger(__name__)

#: Sentences embedded together, over as many articles as it takes.
EMBEDDED_TOGETHER = 512


@dataclass(frozen=True, slots=True)
class Parts:
    """What splitting makes of an article; ``terms`` are the keyword terms of each passage."""

    sentences: tuple[Sentence, ...]
    passages: tuple[Passage, ...]
    terms: tuple[tuple[str, ...], ...]


class Indexer:
    """Takes files or documents up into a store, and brings the vector index up to date afterwards.

    So are articles that wait: copies of one that is gone or says something else now. One process at a time does it.
    ``notify`` is told what happens besides: re-embedding for another embedder, an index rebuilt. Nearly all the time
    goes into embedding, which uses every core by itself: splitting in processes of its own would gain nothing.
    """

    def __init__(
        self,
        store: Store,
        splitter: SentenceSplitter,
        embedder: Embedder,
        notify: Callable[[str], None] = lambda notice: None,
    ) -> None:
        self._store = store
        self._splitter = splitter
        self._embedder = embedder
        self._notify = notify
        self._watch = Stopwatch()  # of the last run

    def index(self, paths: Sequence[Path], progress: Callable[[int, int], None] | None = None) -> IndexReport:
        """Takes up these files and the known files below these folders, each in a transaction of its own.

        A file that cannot be taken up is reported and never stops the others. ``progress`` gets the files done
        and the files in all, and then, if the index file is due to be written, the sentences in it and in all.

        Raises:
            LoadingError: a path is missing, or a folder holds no known file.
            StoreError: the store cannot be written, or another process is writing it; what was stored until then
                stays.
            ModelError: the embedder cannot be used.
        """
        report = self._run([(str(path), path) for path in find_files(paths)], progress)
        self._remember_folders(paths)
        return report

    def index_documents(
        self, documents: Sequence[Document], progress: Callable[[int, int], None] | None = None
    ) -> IndexReport:
        """Like ``index`` for documents that are loaded already; each needs a ``path`` of its own."""
        return self._run([(document.path, document) for document in documents], progress)

    def _run(
        self, items: Sequence[tuple[str, Path | Document]], progress: Callable[[int, int], None] | None
    ) -> IndexReport:
        started = time.perf_counter()
        self._watch = Stopwatch()
        reports: dict[int, FileReport] = {}

        def report(position: int, entry: FileReport) -> None:
            reports[position] = entry
            if progress is not None and position < len(items):
                progress(min(len(reports), len(items)), len(items))

        with self._store.writing():
            was_empty = not self._store.article_count()
            KeywordIndex(self._store, self._notify).load()
            match_embedder(self._store, self._embedder, notify=self._notify)
            before = self._store.generation
            self._take_up(list(enumerate(items)), report)
            self._take_up_waiting(reports, report)
            if self._store.generation != before:
                with self._watch.time("store"):
                    FaissVectorIndex(self._store, (lambda notice: None) if was_empty else self._notify).load(progress)
        files = tuple(reports[position] for position in range(len(items)))
        return IndexReport(files, (time.perf_counter() - started) * 1000, self._watch.timings())

    def _remember_folders(self, paths: Sequence[Path]) -> None:
        known = {source.location for source in self._store.sources()}
        folders = {os.path.abspath(path) for path in paths if os.path.isdir(path)} - known
        for folder in sorted(folders) if not self._store.read_only else ():
            self._store.put_source(Source(folder, SourceKind.FOLDER, checked_at=now()))

    def _take_up_waiting(self, reports: Mapping[int, FileReport], report: Callable[[int, FileReport], None]) -> None:
        """Copies whose original is gone or has changed; what this run has said about them is corrected."""
        copies = {entry.path: i for i, entry in reports.items() if entry.outcome is IndexOutcome.DUPLICATE}
        waiting = self._store.waiting()
        self._take_up(
            [
                (copies.get(document.path, len(reports) + number), (document.path, document))
                for number, document in enumerate(waiting)
            ],
            report,
        )

    def _take_up(
        self, items: Sequence[tuple[int, tuple[str, Path | Document]]], report: Callable[[int, FileReport], None]
    ) -> None:
        waiting: list[tuple[int, Document, Parts]] = []
        for position, document in self._unsettled(items, report):
            parts = self._split(document)
            if isinstance(parts, str):
                report(position, FileReport(document.path, IndexOutcome.FAILED, parts))
                continue
            waiting.append((position, document, parts))
            if sum(len(parts.sentences) for _, _, parts in waiting) >= EMBEDDED_TOGETHER:
                self._embed_and_put(waiting, report)
                waiting = []
        self._embed_and_put(waiting, report)

    def _unsettled(
        self, items: Sequence[tuple[int, tuple[str, Path | Document]]], report: Callable[[int, FileReport], None]
    ) -> Iterator[tuple[int, Document]]:
        """The articles that have to be split and embedded; all others are reported at once."""
        for position, (name, item) in items:
            try:
                with self._watch.time("parse"):
                    document = item if isinstance(item, Document) else load_document(item)
                    document = replace(document, language=document.language or text_language(document.text))
            except LoadingError as error:
                report(position, FileReport(name, IndexOutcome.FAILED, str(error)))
                continue
            except Exception as error:  # parsers of other people's files raise whatever they raise
                logger.exception("loading %s failed", name)
                reason = f"Die Datei lässt sich nicht lesen ({error!r})."
                report(position, FileReport(name, IndexOutcome.FAILED, reason))
                continue
            with self._watch.time("store"):
                stored = self._store.settle(document)
            if stored is not None:
                report(position, stored.report)
            else:
                yield position, document

    def _split(self, document: Document) -> Parts | str:
        """The parts of an article; a ``str`` says why there are none."""
        try:
            with self._watch.time("split"):
                return split_article(self._splitter, document.text)
        except LoadingError as error:
            return str(error)
        except Exception as error:
            logger.exception("splitting %s failed", document.path)
            return f"Der Text lässt sich nicht in Sätze teilen ({error!r})."

    def _embed_and_put(
        self, articles: Sequence[tuple[int, Document, Parts]], report: Callable[[int, FileReport], None]
    ) -> None:
        if not articles:
            return
        texts = [sentence.text for _, _, parts in articles for sentence in parts.sentences]
        with self._watch.time("embed"):
            vectors = self._embedder.embed_texts(texts)
        self._watch.sentences += len(texts)
        end = 0
        for position, document, parts in articles:
            start, end = end, end + len(parts.sentences)
            with self._watch.time("store"):
                stored = self._store.put(
                    document,
                    parts.sentences,
                    parts.passages,
                    vectors[start:end],
                    parts.terms,
                    signature=self._embedder.signature,
                )
            report(position, _noted(stored.report, document))


def _noted(report: FileReport, document: Document) -> FileReport:
    """The report, with what is odd about an article that was taken up."""
    if document.language == "de":
        return report
    reason = f"nicht deutsch ({document.language}); die Suche ist für deutsche Artikel gemacht"
    return replace(report, reason=report.reason or reason)


def split_article(splitter: SentenceSplitter, text: str) -> Parts:
    """Sentences, passages and keyword terms of one article. Raises LoadingError if it has no sentence."""
    sentences = splitter.split(text)
    if not sentences:
        raise LoadingError("Der Text enthält keinen Satz.")
    passages = build_passages(text, sentences)
    return Parts(sentences, passages, tuple(tuple(keyword_terms(passage.text)) for passage in passages))
