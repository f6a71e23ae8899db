"""The collection on disk: articles with their sentences, passages, vectors and keywords.

It is the only truth. The vector index and the keyword index are caches that can be rebuilt from it at any time.

An article is in one of three states. It is *searched*: it has sentences, passages and near-duplicate bands. Or it is a
*copy* of a searched one. Or it *waits*: it was a copy, but its original is gone or says something else now. ``Indexer``
indexes those that wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.dates import now
from retrieval.errors import StoreError
from retrieval.index_report import ArticleReport, IndexOutcome
from retrieval.messages import notice
from retrieval.store.article_queries import DATABASE_NAME, MANIFEST_NAME
from retrieval.store.checksums import store_segments_checksum
from retrieval.store.near_duplicates import CANDIDATES, are_copies, bands_parameter, store_bands
from retrieval.store.rows import (
    DOCUMENT,
    IN_IDS,
    check_segments,
    digest,
    document_checksum,
    from_document,
    ids_parameter,
    is_intact,
    to_document,
)
from retrieval.store.sql import Connection
from retrieval.store.staging import StagedVectors
from retrieval.store.standing_questions import mark_unasked
from retrieval.store.stored import Past, Prepared, Stored
from retrieval.store.writer_lock import WriterLock
from retrieval.types import Document, Segments

__all__ = ["DATABASE_NAME", "MANIFEST_NAME", "Store"]

_IS_SEARCHED = "EXISTS (SELECT 1 FROM shingles WHERE document_id = documents.id)"


@dataclass(frozen=True, slots=True)
class _Row:
    """The article that is stored at a path now; ``intact`` says whether it is what was written."""

    document: Document
    intact: bool
    digest: bytes
    copy_of: int | None
    searched: bool


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What becomes of an article without embedding; ``changes`` says whether there is something to write."""

    stored: Stored
    row: _Row | None
    copy_of: int | None
    changes: bool


class Store(StagedVectors):
    """The database in the data directory ``home``; safe to use from several threads and processes.

    Vectors are kept as float16, which takes half the space. The error in a cosine is below 0.001, far smaller than the
    differences that decide a search. They are returned as float32 rows of length 1.

    Raises:
        StoreError: from the constructor and from every method, when the directory or the database cannot be used.
    """

    def __init__(
        self,
        home: Path,
        *,
        busy_timeout: float = 10.0,
        lock_seconds: float = 10.0,
        notify: Callable[[str], None] = lambda notice: None,
    ) -> None:
        super().__init__(home, busy_timeout=busy_timeout, notify=notify)
        self._lock = WriterLock(home, wait_seconds=lock_seconds, notify=notify)

    def writing(self) -> AbstractContextManager[None]:
        """Keeps other processes from changing the collection, see ``WriterLock``; no lock where it is read-only."""
        return nullcontext() if self.read_only else self._lock.hold()

    def store_without_embedding(self, document: Document) -> Stored | None:
        """Stores an article if that needs no new vectors. Returns None if it must be embedded and ``put``.

        No vectors are needed if it is unchanged, if only title, source, date and the like have changed, or if it is a
        copy: it has the same or nearly the same words as an article at another path.
        """
        with self.snapshot():
            verdict = self._judge(document)
        if verdict is None:
            return None
        if not verdict.changes:
            return verdict.stored
        # A new copy changes nothing in the indexes, so the generation stays; filters watch ``row_count``.
        with self.change() if verdict.row is not None else self.database.transaction() as connection:
            self._keep_out_copies(connection, [document])
            return self._store_without_embedding(connection, document)

    def put(self, document: Document, segments: Segments, vectors: NDArray[np.float32], *, signature: str) -> Stored:
        """Stores one article; see ``put_all``."""
        return self.put_all([Prepared(document, segments, vectors)], signature=signature)[0]

    def put_all(self, articles: Sequence[Prepared], *, signature: str) -> list[Stored]:
        """Stores articles in one transaction, their vectors being those of the embedder ``signature``.

        An earlier text at the same path becomes a version of it. Nearly all of the time that one article takes goes
        into seeing to it that it is on the disk; that happens once.

        Raises:
            ValueError: an article, its segments and its vectors do not fit together.
        """
        for article in articles:
            check_segments(article.document, article.segments, article.vectors)
        with self.change() as connection:
            self._keep_out_copies(connection, [article.document for article in articles])
            return [self._put(connection, article, signature) for article in articles]

    def remove(self, document_id: int) -> bool:
        """Removes an article with all that belongs to it; its copies wait. False if there is none with this id."""
        with self.change() as connection:
            return connection.execute("DELETE FROM documents WHERE id = ?", (document_id,)).rowcount > 0

    def waiting_documents(self) -> list[Document]:
        """The articles that are neither searched nor copies, the oldest first."""
        rows = self.database.rows(
            f"SELECT {DOCUMENT} FROM documents WHERE copy_of IS NULL AND NOT {_IS_SEARCHED} ORDER BY id"
        )
        return [self.as_document(row) for row in rows]

    def restore(self, past: Mapping[str, Past]) -> None:
        """Adds to the articles at these paths the versions and the earlier times from another collection."""
        with self.database.transaction() as connection:
            connection.executemany(
                "UPDATE documents SET added = ?1 WHERE path = ?2 AND ?1 <> '' AND (added = '' OR added > ?1)",
                [(added, path) for path, (added, _) in sorted(past.items())],
            )
            connection.executemany(
                "INSERT INTO versions "
                "(document_id, text, title, source, url, published, author, digest, replaced_at) "
                "SELECT id, ?, ?, ?, ?, ?, ?, ?, ? FROM documents WHERE path = ? ON CONFLICT DO NOTHING",
                [
                    (d.text, d.title, d.source, d.url, d.published, d.author, digest(d.text), v.replaced_at, path)
                    for path, (_, versions) in past.items()
                    for v in versions
                    for d in (v.document,)
                ],
            )

    def _put(self, connection: Connection, article: Prepared, signature: str) -> Stored:
        document = article.document
        stored = self._store_without_embedding(connection, document)
        if stored is not None:
            return stored
        self._accept(connection, signature)
        old = self._at(document.path)
        row = self._write(connection, document, old, copy_of=None)
        self._insert_segments(connection, row, article.segments, article.vectors)
        store_bands(connection, row, document.text)
        store_segments_checksum(connection, row)
        # What an unchanged former copy says, standing questions have heard from its original.
        if old is None or old.document.text != document.text:
            mark_unasked(connection, row)
        # An unchanged former copy counts as added: it becomes searchable now.
        is_new = old is None or (not old.searched and old.digest == digest(document.text))
        return Stored(ArticleReport(document.path, IndexOutcome.ADDED if is_new else IndexOutcome.UPDATED), row)

    def _store_without_embedding(self, connection: Connection, document: Document) -> Stored | None:
        verdict = self._judge(document)
        if verdict is None:
            return None
        if verdict.changes:
            self._write(connection, document, verdict.row, verdict.copy_of)
        return verdict.stored

    def _judge(self, document: Document) -> _Verdict | None:
        """Decides what becomes of an article without embedding; None: it must be embedded."""
        old = self._at(document.path)
        # A damaged one is written again.
        is_known = old is not None and old.intact and old.digest == digest(document.text)
        if is_known and old is not None and old.searched:
            if old.document.text != document.text:
                return None  # other white space, so other offsets
            changes = old.document != replace(document, id=old.document.id)
            outcome = IndexOutcome.UPDATED if changes else IndexOutcome.UNCHANGED
            return _Verdict(Stored(ArticleReport(document.path, outcome), old.document.id), old, None, changes)
        kept = self._intact_documents([old.copy_of]) if is_known and old and old.copy_of else []
        original = kept[0] if kept else self._original(document, old)
        if original is None:
            return None
        same = "index.same" if digest(original.text) == digest(document.text) else "index.nearly_same"
        reason = notice(same, title=original.title, path=original.path)
        report = ArticleReport(document.path, IndexOutcome.DUPLICATE, reason)
        changes = old is None or old.copy_of != original.id or old.document != replace(document, id=old.document.id)
        return _Verdict(Stored(report, original.id), old, original.id, changes)

    def _at(self, path: str) -> _Row | None:
        for words, copy_of, searched, *row in self.database.rows(
            f"SELECT digest, copy_of, {_IS_SEARCHED}, {DOCUMENT} FROM documents WHERE path = ?", (path,)
        ):
            intact = is_intact(row) and self.are_segments_intact(row[0])
            # Of a damaged one only the id counts: its columns may not even make a Document.
            document = to_document(row) if intact else Document("", path=path, id=row[0])
            return _Row(document, intact, words, copy_of, bool(searched))
        return None

    def _original(self, document: Document, old: _Row | None) -> Document | None:
        """The searched article, from another path, that ``document`` is a copy of."""
        own = old.document.id if old else 0
        same_words = self.database.rows(
            f"SELECT id FROM documents WHERE digest = ? AND id <> ? AND {_IS_SEARCHED}", (digest(document.text), own)
        )
        if same := self._intact_documents(row[0] for row in same_words):
            return same[0]
        alike = self.database.rows(
            "SELECT s.document_id FROM json_each(?) AS j "
            "CROSS JOIN shingles AS s ON s.band = j.key AND s.value = j.value "
            "WHERE s.document_id <> ? GROUP BY s.document_id ORDER BY count(*) DESC, s.document_id LIMIT ?",
            (bands_parameter(document.text), own, CANDIDATES),
        )
        others = self._intact_documents(row[0] for row in alike)
        return next((other for other in others if are_copies(document.text, other.text)), None)

    def _intact_documents(self, ids: Iterable[int]) -> list[Document]:
        """The articles with these ids, without damaged ones: those have no copies."""
        sql = f"SELECT {DOCUMENT} FROM documents WHERE id {IN_IDS} ORDER BY id"
        return [to_document(row) for row in self.database.rows(sql, (ids_parameter(ids),)) if is_intact(row)]

    def _accept(self, connection: Connection, signature: str) -> None:
        """Refuses vectors of another embedder than the stored ones: a process may have changed it in the meantime."""
        current = self.meta("embedder_signature")
        if current == signature:
            return
        if current and self.sentence_count():
            raise StoreError(notice("index.embedder_changed", home=self.place, embedder=current))
        self.set_meta(connection, "embedder_signature", signature)

    def _insert_segments(
        self, connection: Connection, document_id: int, segments: Segments, vectors: NDArray[np.float32]
    ) -> None:
        connection.executemany(
            'INSERT INTO sentences (document_id, position, "start", "end", vector) VALUES (?, ?, ?, ?, ?)',
            [
                (document_id, i, s.start, s.end, column)
                for i, (s, column) in enumerate(zip(segments.sentences, self.to_columns(vectors), strict=True))
            ],
        )
        connection.executemany(
            'INSERT INTO passages (document_id, "start", "end", first_sentence, last_sentence, terms, parts) '
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (document_id, p.start, p.end, p.first_sentence, p.last_sentence, " ".join(t.words), " ".join(t.parts))
                for p, t in zip(segments.passages, segments.terms, strict=True)
            ],
        )

    def _keep_out_copies(self, connection: Connection, documents: Sequence[Document]) -> None:
        """Sees to it that nobody else adds these articles or copies of them meanwhile; in SQLite nobody can."""

    def _further_columns(self, document: Document) -> dict[str, object]:
        """What else is kept of an article."""
        return {}

    def _write(self, connection: Connection, document: Document, old: _Row | None, copy_of: int | None) -> int:
        """Writes the row of an article and returns its id. What was made from another text is deleted."""
        described = from_document(document)
        values: dict[str, object] = {
            **described,
            "digest": digest(document.text),
            "copy_of": copy_of,
            "seal": document_checksum(described),
            **self._further_columns(document),
        }
        if old is None:
            values["added"] = now()
            marks = ", ".join(f":{column}" for column in values)
            sql = f"INSERT INTO documents ({', '.join(values)}) VALUES ({marks}) RETURNING id"
            return int(connection.execute(sql, values).fetchall()[0][0])
        row = old.document.id
        if old.intact and old.digest != digest(document.text):
            connection.execute(
                "INSERT INTO versions "
                "(document_id, text, title, source, url, published, author, digest, replaced_at) "
                "SELECT id, text, title, source, url, published, author, digest, ? FROM documents WHERE id = ? "
                "ON CONFLICT DO NOTHING",
                (now(), row),
            )
        if copy_of is not None or old.document.text != document.text:
            for table in ("passages", "sentences", "shingles", "part_seals"):
                connection.execute(f"DELETE FROM {table} WHERE document_id = ?", (row,))
            connection.execute("UPDATE documents SET copy_of = NULL WHERE copy_of = ?", (row,))
        changes = ", ".join(f"{column} = :{column}" for column in values)
        connection.execute(f"UPDATE documents SET {changes} WHERE id = :id", {**values, "id": row})
        return row
