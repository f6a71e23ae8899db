"""Taking up files: load, split, cut into passages, embed, store."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set, Sized
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from retrieval.backend import Backend, backend_of
from retrieval.dates import now
from retrieval.errors import LoadingError
from retrieval.index_report import ArticleReport, IndexOutcome, IndexReport, SkippedPart
from retrieval.indexing.embedded import Embedded
from retrieval.indexing.reembedding import match_embedder
from retrieval.indexing.segments import segments_of, split_article
from retrieval.indexing.stopwatch import Stopwatch
from retrieval.language.detection import text_language
from retrieval.language.sentences import SentenceSplitter
from retrieval.loading import load_documents, search_files
from retrieval.loading.normalise import clean_document
from retrieval.messages import notice
from retrieval.store.store import Store
from retrieval.store.stored import Prepared
from retrieval.types import Document, Segments, Source, SourceKind

if TYPE_CHECKING:
    from retrieval.inference.embedder import Embedder

logger = logging.getLogger(__name__)

#: Sentences embedded together, over as many articles as it takes.
EMBEDDED_TOGETHER = 512
#: Articles stored in one transaction at most: each is locked in PostgreSQL, which keeps room for some thousand locks.
STORED_TOGETHER = 32

#: The position of an item in a run, and of an article within it.
Place = tuple[int, int]
Placed = tuple[Place, Document | ArticleReport]


class Indexer:
    """Takes files or documents up into a store, and brings the vector index up to date afterwards.

    So are articles that wait: copies of one that is gone or says something else now. One process at a time does it.
    ``notify`` is told what happens besides: re-embedding for another embedder, an index rebuilt. Nine tenths of the
    time go into embedding, which uses every core by itself, and less than a tenth into splitting (``index --timings``):
    in a process of its own it would gain next to nothing.
    """

    def __init__(
        self,
        store: Store,
        splitter: SentenceSplitter,
        embedder: Embedder,
        notify: Callable[[str], None] = lambda notice: None,
        *,
        backend: Backend | None = None,
    ) -> None:
        self._store = store
        self._backend = backend or backend_of(store, notify)
        self._splitter = splitter
        self._embedder = embedder
        self._notify = notify
        self._watch = Stopwatch()  # of the last run
        self._skipped: list[SkippedPart] = []  # in the last run
        self._foreign_vectors = False  # whether it met any, of another embedder

    def index(self, paths: Sequence[Path], progress: Callable[[int, int], None] | None = None) -> IndexReport:
        """Takes up these files and the known files below these folders, each as a whole.

        A file or a member of one that cannot be taken up is reported and never stops the others. Files of other types
        below a folder are counted in what was skipped. Articles of a file that are no longer in it go. ``progress``
        gets the articles done and those in all, as far as they are known, and then, if the index file is due to be
        written, the sentences in it and in all.

        Raises:
            LoadingError: a path is missing, or a folder holds no known file.
            StoreError: the store cannot be written, or another process is writing it; what was stored until then
                stays.
            ModelError: the embedder cannot be used.
        """
        found = search_files(paths)
        report = self._run(found.files, progress)
        self._remember_folders(paths)
        return replace(report, skipped=(*found.unread, *report.skipped))

    def index_documents(
        self,
        documents: Iterable[Document],
        progress: Callable[[int, int], None] | None = None,
        *,
        total: int = 0,
        embedded: Callable[[Document], Embedded | None] = lambda document: None,
    ) -> IndexReport:
        """Like ``index`` for documents that are loaded already; each needs a ``path`` of its own.

        Any number of them can be taken up, ``total`` where ``documents`` has no length. What ``embedded`` knows of a
        document is neither split nor embedded, if it is of this embedder.
        """
        return self._run(documents, progress, total=total, embedded=embedded)

    def remove(self, documents: Iterable[Document]) -> None:
        """Takes articles out, and does not look at their pages again; copies of them are searched from now on.

        Raises:
            StoreError: the store cannot be written, or another process is writing it.
            ModelError: there are copies to take up, and the embedder cannot be used.
        """
        with self._store.writing():
            for document in documents:
                self._store.remove(document.id)
                self._store.remove_source(document.path)
            if self._store.waiting_documents():
                self._run((), None)

    def _run(
        self,
        items: Iterable[Path | Document],
        progress: Callable[[int, int], None] | None,
        *,
        total: int = 0,
        embedded: Callable[[Document], Embedded | None] = lambda document: None,
    ) -> IndexReport:
        started = time.perf_counter()
        self._watch = Stopwatch()
        self._skipped = []
        self._foreign_vectors = False
        reports: dict[Place, ArticleReport] = {}
        total = len(items) if isinstance(items, Sized) else total

        def report(place: Place, entry: ArticleReport) -> None:
            nonlocal total
            # How many articles a file holds shows only while it is read.
            total += place not in reports and place[1] > 0
            reports[place] = entry
            if progress is not None:
                progress(min(len(reports), total), total)

        with self._store.writing(), self._store.explaining_damage():
            self._backend.load()
            match_embedder(self._store, self._embedder, notify=self._notify)
            before = self._store.generation
            self._take_up(self._load(enumerate(items)), report, embedded)
            self._take_up_waiting(reports, report)
            if self._store.generation != before:
                with self._watch.time("store"):
                    self._backend.after_writing(progress)
        files = tuple(entry for place, entry in sorted(reports.items(), key=lambda placed: placed[0]) if place[0] >= 0)
        elapsed_ms = (time.perf_counter() - started) * 1000
        return IndexReport(files, elapsed_ms, self._watch.timings(), tuple(self._skipped))

    def _remember_folders(self, paths: Sequence[Path]) -> None:
        known = {source.location for source in self._store.sources()}
        folders = {os.path.abspath(path) for path in paths if os.path.isdir(path)} - known
        for folder in sorted(folders) if not self._store.read_only else ():
            self._store.put_source(Source(folder, SourceKind.FOLDER, checked_at=now()))

    def _load(self, items: Iterable[tuple[int, Path | Document]]) -> Iterator[Placed]:
        """All articles in the items; of files that are read to their end, those that are no longer there go."""
        for position, item in items:
            if isinstance(item, Document):
                yield (position, 0), clean_document(item)
                continue
            paths: set[str] = set()
            complete, number = True, 0
            for found in load_documents(item):
                if isinstance(found, SkippedPart):
                    self._skipped.append(found)
                    continue
                paths.add(found.path)
                complete = complete and not (isinstance(found, ArticleReport) and found.path == str(item))
                # The process that has read it has met what others have written, and is not trusted.
                yield (position, number), found if isinstance(found, ArticleReport) else clean_document(found)
                number += 1
            if complete:
                self._remove_vanished(item, paths)

    def _take_up_waiting(
        self, reports: Mapping[Place, ArticleReport], report: Callable[[Place, ArticleReport], None]
    ) -> None:
        """Copies whose original is gone or has changed; what this run has said about them is corrected."""
        copies = {entry.path: place for place, entry in reports.items() if entry.outcome is IndexOutcome.DUPLICATE}
        # Those that are not of this run are not in its report.
        waiting = enumerate(self._store.waiting_documents())
        self._take_up([(copies.get(document.path, (-1, number)), document) for number, document in waiting], report)

    def _take_up(
        self,
        loaded: Iterable[Placed],
        report: Callable[[Place, ArticleReport], None],
        embedded: Callable[[Document], Embedded | None] = lambda document: None,
    ) -> None:
        waiting: list[tuple[Place, Document, Segments]] = []
        ready: list[tuple[Place, Prepared]] = []
        for place, document in self._to_embed(loaded, report):
            known = embedded(document)
            if known is not None and self._fits(known):
                with self._watch.time("split"):
                    kept = segments_of(document.text, known.sentences)
                self._watch.sentences += len(known.sentences)
                ready.append((place, Prepared(document, kept, known.vectors)))
                if len(ready) == STORED_TOGETHER:
                    self._put(ready, report)
                    ready = []
                continue
            if ready:
                self._put(ready, report)
                ready = []
                if self._is_stored(place, document, report):  # a copy of one of those
                    continue
            segments = self._split(document)
            if isinstance(segments, str):
                report(place, ArticleReport(document.path, IndexOutcome.FAILED, segments))
                continue
            waiting.append((place, document, segments))
            if sum(len(segments.sentences) for _, _, segments in waiting) >= EMBEDDED_TOGETHER:
                self._embed_and_put(waiting, report)
                waiting = []
        self._put(ready, report)
        self._embed_and_put(waiting, report)

    def _to_embed(
        self, loaded: Iterable[Placed], report: Callable[[Place, ArticleReport], None]
    ) -> Iterator[tuple[Place, Document]]:
        """The articles that have to be split and embedded; all others are reported at once."""
        for place, found in self._watch.each("parse", loaded):
            if isinstance(found, ArticleReport):
                report(place, found)
                continue
            document = replace(found, language=found.language or text_language(found.text))
            if not self._is_stored(place, document, report):
                yield place, document

    def _is_stored(self, place: Place, document: Document, report: Callable[[Place, ArticleReport], None]) -> bool:
        """Stores an article that needs no vectors, and reports it; False for one that does."""
        with self._watch.time("store"):
            stored = self._store.store_without_embedding(document)
        if stored is not None:
            report(place, stored.report)
        return stored is not None

    def _remove_vanished(self, file: Path, paths: Set[str]) -> None:
        """Takes out the articles of a file that are no longer in it; ``paths`` are those that are."""
        stored = self._store.ids_below(os.path.abspath(file))
        vanished = [document_id for path, document_id in stored.items() if path not in paths]
        for document_id in vanished:
            self._store.remove(document_id)
        if vanished:
            self._notify(notice("index.vanished", file=file, count=len(vanished)))

    def _split(self, document: Document) -> Segments | str:
        """The segments of an article; a ``str`` says why there are none."""
        try:
            with self._watch.time("split"):
                return split_article(self._splitter, document.text)
        except LoadingError as error:
            return str(error)
        except Exception as error:
            logger.exception("splitting %s failed", document.path)
            return notice("index.cannot_split", error=repr(error))

    def _embed_and_put(
        self, articles: Sequence[tuple[Place, Document, Segments]], report: Callable[[Place, ArticleReport], None]
    ) -> None:
        if not articles:
            return
        texts = [sentence.text for _, _, segments in articles for sentence in segments.sentences]
        with self._watch.time("embed"):
            # A long article in equal blocks, between which the embedder is free for the questions of others.
            size = ceil(len(texts) / max(1, len(texts) // EMBEDDED_TOGETHER))
            blocks = [self._embedder.embed_texts(texts[i : i + size]) for i in range(0, len(texts), size)]
            vectors = np.concatenate(blocks)
        self._watch.sentences += len(texts)
        ends = np.cumsum([len(segments.sentences) for _, _, segments in articles])
        parts = np.split(vectors, ends[:-1])
        self._put(
            [
                (place, Prepared(document, segments, part))
                for (place, document, segments), part in zip(articles, parts, strict=True)
            ],
            report,
        )

    def _put(self, articles: Sequence[tuple[Place, Prepared]], report: Callable[[Place, ArticleReport], None]) -> None:
        for first in range(0, len(articles), STORED_TOGETHER):
            chosen = articles[first : first + STORED_TOGETHER]
            with self._watch.time("store"):
                stored = self._store.put_all([article for _, article in chosen], signature=self._embedder.signature)
            for (place, article), entry in zip(chosen, stored, strict=True):
                report(place, _noted(entry.report, article.document))

    def _fits(self, known: Embedded) -> bool:
        """Whether vectors from elsewhere are of this embedder; said once in a run if not."""
        # The dimension second: asking for it loads the model.
        if known.signature == self._embedder.signature and known.vectors.shape[1] == self._embedder.dimension:
            return True
        if not self._foreign_vectors:
            self._foreign_vectors = True
            self._notify(notice("index.foreign_vectors"))
        return False


def _noted(report: ArticleReport, document: Document) -> ArticleReport:
    """The report, with what is odd about an article that was taken up."""
    if document.language == "de":
        return report
    is_known = document.language != "other"
    odd = notice("index.not_german", language=document.language) if is_known else notice("index.odd_language")
    return replace(report, reason=report.reason or odd)
