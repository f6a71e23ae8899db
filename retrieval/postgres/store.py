"""The collection in PostgreSQL: ``Store`` with the few statements that differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, ClassVar, Final, cast

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from retrieval.errors import StoreError
from retrieval.messages import notice
from retrieval.postgres import counts
from retrieval.postgres.database import PostgresDatabase, lock_key, retried
from retrieval.postgres.lexemes import tsvector
from retrieval.postgres.statements import PostgresConnection
from retrieval.store.near_duplicates import CANDIDATES, are_copies, bands
from retrieval.store.rows import digest, ids_parameter, of_length_one
from retrieval.store.sql import Connection
from retrieval.store.store import Store
from retrieval.store.stored import Prepared, Stored
from retrieval.types import Document, Filter, Segments

#: After so many articles, what they added to the counts of terms is merged, if it is more than so many entries.
MERGED_PUTS: Final = 100
MERGED_ENTRIES: Final = 20_000
#: The vector index of a dimension is called this.
INDEX_NAME: Final = "sentences_near_{dimension}"

_IDS: Final = "= ANY (translate(?, '[]', '{}')::bigint[])"


class PostgresStore(Store):
    """See ``Store``. Several processes, on several machines, may write at once.

    In the place of one writer's lock, an article is locked while it is stored: its path, its words and its
    near-duplicate bands, so that two that are alike come one after the other, and the second is found to be a copy.
    What a restart of the server or another writer interrupts is done again.
    """

    _vector: ClassVar[str] = "halfvec_send(vector)"
    _unstaged: ClassVar[str] = "NOT EXISTS (SELECT 1 FROM staged_vectors AS v WHERE v.sentence_id = sentences.id)"

    def __init__(self, database: PostgresDatabase) -> None:
        self.database: PostgresDatabase = database
        self.home = Path(".")
        self._puts = 0

    @property
    def place(self) -> str:
        """Where the database is, without a password."""
        return self.database.path

    def writing(self) -> AbstractContextManager[None]:
        """Nothing to wait for: others may write, too."""
        return nullcontext()

    @contextmanager
    def change(self) -> Iterator[PostgresConnection]:
        """A transaction that changes what can be found; with it a new generation begins."""
        with self.database.transaction() as connection:
            yield connection
            connection.execute("INSERT INTO tallies (changes) VALUES (1)")

    @property
    def generation(self) -> int:
        """Grows with each change of what can be found, by any process."""
        return int(self.database.rows("SELECT coalesce(sum(changes), 0)::bigint FROM tallies")[0][0])

    def sentence_count(self, *, after: int = 0) -> int:
        """The number of sentences of all articles, or of those with an id above ``after``."""
        if after:
            return super().sentence_count(after=after)
        return int(self.database.rows("SELECT coalesce(sum(sentences), 0)::bigint FROM tallies")[0][0])

    def passages_of_sentences(self, sentence_ids: Iterable[int]) -> dict[int, list[int]]:
        """The ids of the passages that hold each of these sentences, by sentence id. Unknown ids are left out."""
        found: dict[int, list[int]] = {}
        for sentence, passage in self.database.rows(
            "SELECT s.id, p.id FROM sentences AS s JOIN passages AS p ON p.document_id = s.document_id "
            f"AND p.first_sentence <= s.position AND p.last_sentence >= s.position WHERE s.id {_IDS} ORDER BY 1, 2",
            (ids_parameter(sentence_ids),),
        ):
            found.setdefault(sentence, []).append(passage)
        return found

    def sentence_vectors(self, passage_ids: Iterable[int]) -> dict[int, NDArray[np.float32]]:
        """The vectors of each passage's sentences, ``(n, dimension)``, by passage id. Unknown ids are left out."""
        columns: dict[int, list[bytes]] = {}
        for passage, column in self.database.rows(
            "SELECT p.id, halfvec_send(s.vector) FROM passages AS p JOIN sentences AS s "
            "ON s.document_id = p.document_id AND s.position BETWEEN p.first_sentence AND p.last_sentence "
            f"WHERE p.id {_IDS} ORDER BY p.id, s.position",
            (ids_parameter(passage_ids),),
        ):
            columns.setdefault(passage, []).append(column)
        if len({len(column) for of_passage in columns.values() for column in of_passage}) > 1:
            return {passage: self._decoded(of_passage) for passage, of_passage in columns.items()}
        # All at once: taking them apart one by one costs more than asking for them.
        everything = self._decoded([column for of_passage in columns.values() for column in of_passage] or [b""])
        ends = np.cumsum([len(of_passage) for of_passage in columns.values()])
        return dict(zip(columns, np.split(everything, ends[:-1]), strict=True)) if columns else {}

    def condition(self, within: Filter) -> tuple[str, list[Any]]:
        """The filter as an SQL condition on ``documents``, and its parameters."""
        conditions: list[str] = ["true"]
        parameters: list[Any] = []
        if within.source:
            conditions.append("strpos(folded_source, ?) > 0")
            parameters.append(within.source.casefold())
        for word in dict.fromkeys(word.casefold() for word in within.words):
            conditions.append("strpos(folded, ?) > 0")
            parameters.append(word)
        if within.since:
            conditions.append("published >= ?")
            parameters.append(within.since)
        if within.until:
            conditions.append("published <> '' AND substr(published, 1, 10) <= ?")
            parameters.append(within.until)
        if within.without_ocr:
            conditions.append("NOT has_ocr")
        if within.article:
            conditions.append("documents.id = ?")
            parameters.append(within.article)
        return " AND ".join(conditions), parameters

    def scope(self, within: Filter | None, article: int = 0) -> tuple[str, list[Any]]:
        """Which rows of ``sentences`` and ``passages`` count for a filter and an article, as an SQL condition."""
        conditions: list[str] = ["true"]
        parameters: list[Any] = []
        if within:
            chosen, parameters = self.condition(within)
            conditions.append(f"document_id IN (SELECT coalesce(copy_of, id) FROM documents WHERE {chosen})")
        if article:
            conditions.append("document_id = ?")
            parameters = [*parameters, article]
        return " AND ".join(conditions), parameters

    def put_all(self, articles: Sequence[Prepared], *, signature: str) -> list[Stored]:
        """See ``Store``."""
        stored = self._put_all(articles, signature=signature)
        self._puts += len(articles)
        if self._puts >= MERGED_PUTS:
            self._puts = 0
            counts.merge(self.database, most=MERGED_ENTRIES)
        return stored

    # Each is done as a whole, or again.
    _put_all = retried(Store.put_all)
    store_without_embedding = retried(Store.store_without_embedding)
    remove = retried(Store.remove)
    restore = retried(Store.restore)
    put_meta = retried(Store.put_meta)
    begin_staging = retried(Store.begin_staging)
    stage = retried(Store.stage)
    change_over = retried(Store.change_over)
    put_source = retried(Store.put_source)
    update_source = retried(Store.update_source)
    remove_source = retried(Store.remove_source)
    put_seen_entries = retried(Store.put_seen_entries)
    put_file = retried(Store.put_file)

    @contextmanager
    def claim(self, location: str) -> Iterator[bool]:
        """Inside, whether this process alone looks at a source: another machine may be at it."""
        with self.database.holding_lock(f"source {location}") as held:
            yield held

    def to_columns(self, vectors: NDArray[np.float32]) -> Sequence[Any]:
        """Each row of ``vectors`` as float16."""
        return [HalfVector(row) for row in np.asarray(vectors, dtype=np.float16)]

    def _decoded(self, columns: Sequence[Any]) -> NDArray[np.float32]:
        if not columns or len({len(column) for column in columns}) != 1:
            raise ValueError("vectors of different lengths, or none")
        # halfvec_send: two bytes for the dimension and two that are not used, then the numbers, all big-endian.
        rows = np.frombuffer(b"".join(columns), dtype=">f2").reshape(len(columns), -1)[:, 2:]
        return of_length_one(rows.astype(np.float32))

    def _insert_segments(
        self, connection: Connection, document_id: int, segments: Segments, vectors: NDArray[np.float32]
    ) -> None:
        raw = cast(PostgresConnection, connection).raw
        copy_sentences = 'COPY sentences (document_id, position, "start", "end", vector) FROM STDIN (FORMAT BINARY)'
        with raw.cursor() as cursor, cursor.copy(copy_sentences) as copy:
            copy.set_types(["int8", "int4", "int4", "int4", "halfvec"])
            for i, (s, column) in enumerate(zip(segments.sentences, self.to_columns(vectors), strict=True)):
                copy.write_row((document_id, i, s.start, s.end, column))
        copy_passages = (
            'COPY passages (document_id, "start", "end", first_sentence, last_sentence, length, '
            "terms, parts, keywords) FROM STDIN"
        )
        with raw.cursor() as cursor, cursor.copy(copy_passages) as copy:
            for p, terms in zip(segments.passages, segments.terms, strict=True):
                length = len(terms.words) + len(terms.parts)
                words, parts = " ".join(terms.words), " ".join(terms.parts)
                place = (document_id, p.start, p.end, p.first_sentence, p.last_sentence)
                copy.write_row((*place, length, words, parts, tsvector(terms)))

    def _further_columns(self, document: Document) -> dict[str, object]:
        return {
            "folded_source": document.source.casefold(),
            "folded": f"{document.title} {document.source} {document.path}".casefold(),
            "has_ocr": any(landmark.ocr for landmark in document.landmarks),
        }

    def _keep_out_copies(self, connection: Connection, documents: Sequence[Document]) -> None:
        locked: list[bytes] = []
        for document in documents:
            if "\0" in document.text:
                raise StoreError(notice("store.postgres_nul", article=document.path))
            locked += [f"path {document.path}".encode("utf-8", "replace"), digest(document.text)]
            locked += [f"band {band} {value}".encode() for band, value in enumerate(bands(document.text))]
        keys = sorted(set(map(lock_key, locked)))
        # In the same order everywhere: no two writers wait for each other.
        connection.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(?::bigint[]) AS key", (keys,))

    def _keep_out_writers(self, connection: Connection) -> None:
        connection.execute("SELECT value FROM meta WHERE key = 'embedder_signature' FOR UPDATE").fetchall()

    def _swap(self, connection: Connection) -> None:
        rows = connection.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'sentences_near_%'").fetchall()
        for (name,) in rows:  # the new vectors may be of another dimension
            connection.execute(f"DROP INDEX {name}")
        super()._swap(connection)

    def _accept(self, connection: Connection, signature: str) -> None:
        # Until the transaction ends, nobody changes over to another embedder.
        connection.execute("SELECT value FROM meta WHERE key = 'embedder_signature' FOR SHARE").fetchall()
        super()._accept(connection, signature)

    def _original(self, document: Document, old: Any) -> Document | None:
        own = old.document.id if old else 0
        same_words = self.database.rows(
            "SELECT id FROM documents AS d WHERE digest = ? AND id <> ? "
            "AND EXISTS (SELECT 1 FROM shingles WHERE document_id = d.id)",
            (digest(document.text), own),
        )
        if same := self._intact_documents(row[0] for row in same_words):
            return same[0]
        values = list(bands(document.text))
        alike = self.database.rows(
            "SELECT s.document_id FROM unnest(?::integer[], ?::bigint[]) AS j (band, value) "
            "JOIN shingles AS s ON s.band = j.band AND s.value = j.value "
            "WHERE s.document_id <> ? GROUP BY s.document_id ORDER BY count(*) DESC, s.document_id LIMIT ?",
            (list(range(len(values))), values, own, CANDIDATES),
        )
        others = self._intact_documents(row[0] for row in alike)
        return next((other for other in others if are_copies(document.text, other.text)), None)

    def _check_bookkeeping(self) -> None:
        """Nothing: ``counts.is_right`` looks at it."""

    def _damage(self, detail: str) -> StoreError:
        return StoreError(notice("store.postgres_failed", path=self.place, error=detail))
