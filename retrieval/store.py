"""The collection on disk: articles with their sentences, passages, vectors and keywords. The only truth.

The vector index and the keyword index are caches of it and can be rebuilt from it at any time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from sqlite3 import Connection

import numpy as np
from numpy.typing import NDArray

from retrieval.database import Database, damaged
from retrieval.errors import StoreError
from retrieval.rows import (
    DOCUMENT,
    check_parts,
    digest,
    ids_parameter,
    to_blobs,
    to_document,
    to_vectors,
)
from retrieval.types import Document, FileReport, IndexOutcome, Passage, Sentence

DATABASE_NAME = "fundstelle.db"
#: Where the vector index describes itself; here only to tell a new database from one that was emptied.
MANIFEST_NAME = "vectors.json"


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of an article. ``document_id`` is the article that is kept; of a duplicate, the one it repeats."""

    report: FileReport
    document_id: int


class Store:
    """The database in the data directory ``home``; safe to use from several threads and processes.

    Vectors are kept as float16: half the disk and cache, and the error it makes in a cosine (below 0.001) is far
    smaller than the differences that decide a search. They are handed out as float32 rows of length 1.

    Raises:
        StoreError: from the constructor and from every method, when the directory or the database cannot be used.
    """

    def __init__(self, home: Path, *, busy_timeout: float = 10.0) -> None:
        self.home = home
        path = home / DATABASE_NAME
        log = path.with_name(path.name + "-wal")
        # os.path.exists() is False where it may not look; Database says what is wrong then.
        manifest, present, logged = map(os.path.exists, (home / MANIFEST_NAME, path, log))
        if manifest and present and not logged and not path.stat().st_size:
            raise damaged(path, "sie ist leer")
        self.database = Database(path, busy_timeout=busy_timeout)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections of all threads."""
        self.database.close()

    @property
    def read_only(self) -> bool:
        """Whether the data directory can only be read."""
        return self.database.read_only

    @property
    def generation(self) -> int:
        """Grows by one with each change that any process has committed. Cheap enough to ask before every search."""
        return int(self.meta("generation"))

    @property
    def identity(self) -> str:
        """A random name of this database: an index of another one must not be taken for its own."""
        return self.meta("identity")

    @property
    def embedder_signature(self) -> str:
        """The signature of the embedder that made the vectors; empty as long as there are none."""
        return self.meta("embedder_signature")

    def snapshot(self) -> AbstractContextManager[None]:
        """Everything this thread reads inside belongs to one state of the store. No writing inside."""
        return self.database.snapshot()

    def settle(self, document: Document) -> Stored | None:
        """Takes up an article if that needs no new vectors; None if it must be embedded and ``put``.

        That is: unchanged, or the same words as an article from elsewhere (an older version of this one goes),
        or only title, source, url or date have changed.
        """
        settled, statement = self._judge(document)
        if statement is None:
            return settled
        with self.change() as connection:
            return self._settle(connection, document)

    def put(
        self,
        document: Document,
        sentences: Sequence[Sentence],
        passages: Sequence[Passage],
        vectors: NDArray[np.float32],
        terms: Sequence[Sequence[str]],
        *,
        signature: str,
    ) -> Stored:
        """Stores one article in one transaction; an older version at the same path goes in the same moment.

        Args:
            vectors: float32 ``(len(sentences), dimension)``, rows of length 1, made by the embedder ``signature``.
            terms: a list of keyword terms for each passage.

        Raises:
            ValueError: the parts do not fit together.
        """
        check_parts(document, sentences, passages, vectors, terms)
        with self.change() as connection:
            settled = self._settle(connection, document)
            if settled is not None:
                return settled
            self._accept(connection, signature)
            old = connection.execute("DELETE FROM documents WHERE path = ?", (document.path,)).rowcount
            row = _insert(
                connection,
                "INSERT INTO documents (text, title, source, url, published, path, digest) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*astuple(document)[:6], digest(document.text)),
            )
            connection.executemany(
                'INSERT INTO sentences (document_id, position, "start", "end", vector) VALUES (?, ?, ?, ?, ?)',
                [
                    (row, i, s.start, s.end, b)
                    for i, (s, b) in enumerate(zip(sentences, to_blobs(vectors), strict=True))
                ],
            )
            connection.executemany(
                'INSERT INTO passages (document_id, "start", "end", first_sentence, last_sentence, terms) '
                "VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (row, p.start, p.end, p.first_sentence, p.last_sentence, " ".join(t))
                    for p, t in zip(passages, terms, strict=True)
                ],
            )
        return Stored(FileReport(document.path, IndexOutcome.UPDATED if old else IndexOutcome.ADDED), row)

    def remove(self, document_id: int) -> bool:
        """Takes an article out with everything that belongs to it; False if there is none with this id."""
        with self.change() as connection:
            return connection.execute("DELETE FROM documents WHERE id = ?", (document_id,)).rowcount > 0

    def article_count(self) -> int:
        """The number of articles."""
        return int(self.database.rows("SELECT count(*) FROM documents")[0][0])

    def sentence_count(self) -> int:
        """The number of sentences of all articles."""
        return int(self.database.rows("SELECT count(*) FROM sentences")[0][0])

    def documents(self, ids: Iterable[int] | None = None) -> list[Document]:
        """The articles with these ids, or all, by id. Unknown ids are left out."""
        chosen = "" if ids is None else " WHERE id IN (SELECT value FROM json_each(?))"
        parameters = () if ids is None else (ids_parameter(ids),)
        rows = self.database.rows(f"SELECT {DOCUMENT} FROM documents{chosen} ORDER BY id", parameters)
        return [to_document(row) for row in rows]

    def document(self, document_id: int) -> Document:
        """One article. Raises KeyError when there is none (any more)."""
        for document in self.documents([document_id]):
            return document
        raise KeyError(document_id)

    def ids_below(self, path: str) -> dict[str, int]:
        """The articles that came from the file ``path``, itself or as members of it (``path#member``): path to id."""
        # "$" is the character after "#".
        sql = "SELECT path, id FROM documents WHERE path = ?1 OR (path > ?1 || '#' AND path < ?1 || '$')"
        return dict(self.database.rows(sql, (path,)))

    def passages(self, ids: Iterable[int]) -> dict[int, Passage]:
        """The passages with these ids. Unknown ids are left out."""
        with self.snapshot():
            rows = self.database.rows(
                'SELECT id, document_id, "start", "end", first_sentence, last_sentence FROM passages '
                "WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
                (ids_parameter(ids),),
            )
            texts = self.texts(row[1] for row in rows)
        return {
            row: Passage(texts[document][start:end], start, end, first, last, id=row, document_id=document)
            for row, document, start, end, first, last in rows
        }

    def passages_of_sentences(self, sentence_ids: Iterable[int]) -> dict[int, list[int]]:
        """For each sentence id the ids of the passages it stands in. Unknown ids are left out."""
        found: dict[int, list[int]] = {}
        # CROSS JOIN keeps SQLite to this order: ids, their sentences, their passages.
        for sentence, passage in self.database.rows(
            "SELECT s.id, p.id FROM json_each(?) AS j CROSS JOIN sentences AS s ON s.id = j.value "
            "CROSS JOIN passages AS p ON p.document_id = s.document_id "
            "AND p.first_sentence <= s.position AND p.last_sentence >= s.position ORDER BY s.id, p.id",
            (ids_parameter(sentence_ids),),
        ):
            found.setdefault(sentence, []).append(passage)
        return found

    def sentence_vectors(self, passage_ids: Iterable[int]) -> dict[int, NDArray[np.float32]]:
        """For each passage id the vectors of its sentences, ``(n, dimension)``. Unknown ids are left out."""
        blobs: dict[int, list[bytes]] = {}
        for passage, blob in self.database.rows(
            "SELECT p.id, s.vector FROM json_each(?) AS j CROSS JOIN passages AS p ON p.id = j.value "
            "CROSS JOIN sentences AS s ON s.document_id = p.document_id "
            "AND s.position BETWEEN p.first_sentence AND p.last_sentence ORDER BY p.id, s.position",
            (ids_parameter(passage_ids),),
        ):
            blobs.setdefault(passage, []).append(blob)
        return {passage: self._vectors(of_passage) for passage, of_passage in blobs.items()}

    def sentence_ids(self) -> NDArray[np.int64]:
        """The ids of all sentences, rising."""
        rows = self.database.rows("SELECT id FROM sentences")
        return np.sort(np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows)))

    def all_vectors(
        self, *, after: int = 0, block: int = 8192
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Ids ``(n,)`` and vectors ``(n, dimension)`` of all sentences with an id above ``after``, by id, in blocks."""
        while rows := self.database.rows(
            "SELECT id, vector FROM sentences WHERE id > ? ORDER BY id LIMIT ?", (after, block)
        ):
            yield np.array([row[0] for row in rows], dtype=np.int64), self._vectors([row[1] for row in rows])
            after = rows[-1][0]

    @contextmanager
    def change(self) -> Iterator[Connection]:
        """A transaction that changes what can be found: the next generation."""
        with self.database.transaction() as connection:
            connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")
            yield connection

    def texts(self, document_ids: Iterable[int]) -> dict[int, str]:
        """The whole texts of these articles."""
        sql = "SELECT id, text FROM documents WHERE id IN (SELECT value FROM json_each(?))"
        return dict(self.database.rows(sql, (ids_parameter(document_ids),)))

    def meta(self, key: str) -> str:
        """A value of the ``meta`` table, empty if it is not set."""
        rows = self.database.rows("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else ""

    def set_meta(self, connection: Connection, key: str, value: str) -> None:
        """Sets a value of the ``meta`` table inside a transaction."""
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def _settle(self, connection: Connection, document: Document) -> Stored | None:
        settled, statement = self._judge(document)
        if statement is not None:
            connection.execute(*statement)
        return settled

    def _judge(self, document: Document) -> tuple[Stored | None, tuple[str, tuple[object, ...]] | None]:
        """What becomes of an article without embedding (None: it must be embedded), and the statement that does it."""
        words = digest(document.text)
        rows = self.database.rows(
            f"SELECT {DOCUMENT}, digest FROM documents WHERE path = ?1 OR digest = ?2", (document.path, words)
        )
        same_path = next((to_document(row[:-1]) for row in rows if row[1] == document.path), None)
        same_words = next((to_document(row[:-1]) for row in rows if row[-1] == words), None)
        if same_words is None:
            return None, None
        if same_words != same_path:
            reason = f"gleicher Text wie „{same_words.title}“ ({same_words.path})"
            stored = Stored(FileReport(document.path, IndexOutcome.DUPLICATE, reason), same_words.id)
            # What stood at this path before is in no file any more.
            return stored, ("DELETE FROM documents WHERE id = ?", (same_path.id,)) if same_path else None
        if same_words.text != document.text:
            return None, None
        if same_words == replace(document, id=same_words.id):
            return Stored(FileReport(document.path, IndexOutcome.UNCHANGED), same_words.id), None
        return Stored(FileReport(document.path, IndexOutcome.UPDATED), same_words.id), (
            "UPDATE documents SET title = ?, source = ?, url = ?, published = ? WHERE id = ?",
            (document.title, document.source, document.url, document.published, same_words.id),
        )

    def _accept(self, connection: Connection, signature: str) -> None:
        """Vectors of two embedders must never be mixed; another process may have changed over in the meantime."""
        current = self.meta("embedder_signature")
        if current == signature:
            return
        if current and self.sentence_count():
            raise StoreError(
                f"Die Sammlung in {self.home} gehört inzwischen zu einem anderen Embedding-Modell ({current}). "
                "Bitte den Befehl noch einmal starten."
            )
        self.set_meta(connection, "embedder_signature", signature)

    def _vectors(self, blobs: Sequence[bytes]) -> NDArray[np.float32]:
        try:
            return to_vectors(blobs)
        except ValueError as error:
            raise damaged(self.database.path, "Vektoren verschiedener Länge") from error


def _insert(connection: Connection, sql: str, values: Sequence[object]) -> int:
    return int(connection.execute(sql, values).lastrowid or 0)
