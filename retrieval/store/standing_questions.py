"""Standing questions in the database: who asks what, which articles they wait to be asked of, and what was answered.

An article is marked as unasked in the transaction that makes it searchable, and the mark goes in the transaction that
keeps its answers. An answer is a queue entry until it is delivered. So a kill at any moment loses nothing and finds
nothing twice; what may go out twice is a message that was on its way at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retrieval.dates import now
from retrieval.store.queries import StoreQueries
from retrieval.store.rows import IN_IDS, digest, ids_parameter, to_blobs, to_vectors
from retrieval.store.sql import Connection

_QUESTION: Final = "id, owner, question, added, since, known"


@dataclass(frozen=True, slots=True)
class StandingQuestion:
    """A question that is asked of new and changed articles.

    ``owner`` tells people apart without naming them, empty for whoever sits at this machine. ``added`` is a UTC time;
    articles numbered up to ``since`` were there before it. ``known`` is the latest answer, empty if there is none.
    """

    id: int
    owner: str
    question: str
    added: str
    since: int = 0
    known: str = ""


@dataclass(frozen=True, slots=True)
class StandingAnswer:
    """A quote in a new article that answers a standing question: ``document.text[start:end] == answer``.

    ``confidence`` is 0..1. ``before`` is the answer known until then if it is a different one, else empty. ``attempts``
    counts how often it was begun to be delivered. ``id`` is 0 for one that is not stored.
    """

    question: StandingQuestion
    document_id: int
    answer: str
    start: int
    end: int
    confidence: float
    before: str = ""
    found_at: str = ""
    attempts: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class UnaskedArticle:
    """An article that standing questions wait to be asked of; a later change gives it another ``number``."""

    number: int
    document_id: int


def mark_unasked(connection: Connection, document_id: int) -> None:
    """Marks a new or changed article, inside the transaction that stores it; without standing questions nothing."""
    connection.execute("DELETE FROM unasked_articles WHERE document_id = ?", (document_id,))
    if connection.execute("SELECT id FROM standing_questions LIMIT 1").fetchone():
        connection.execute("INSERT INTO unasked_articles (document_id) VALUES (?)", (document_id,))


class StandingQuestions:
    """The standing questions of a collection and their answers, in its database; safe in any thread.

    Raises:
        StoreError: from every method, when the database cannot be used.
    """

    def __init__(self, store: StoreQueries) -> None:
        self._store = store

    # Questions

    def add(self, question: str, owner: str = "", *, known: str = "") -> StandingQuestion:
        """Keeps a question, which is asked of articles from now on; the one that is there if it is known already."""
        with self._store.database.transaction() as connection:
            connection.execute(
                "INSERT INTO standing_questions (owner, question, added, since, known, signature, vector) "
                "VALUES (?, ?, ?, coalesce((SELECT max(number) FROM unasked_articles), 0), ?, '', ?) "
                "ON CONFLICT (owner, question) DO NOTHING",
                (owner, question, now(), known, b""),
            )
            row = connection.execute(
                f"SELECT {_QUESTION} FROM standing_questions WHERE owner = ? AND question = ?", (owner, question)
            ).fetchone()
        return StandingQuestion(*row)

    def find(self, question: str, owner: str = "") -> StandingQuestion | None:
        """Somebody's question in these words; None if it is not kept."""
        return next((kept for kept in self.of(owner) if kept.question == question), None)

    def of(self, owner: str) -> list[StandingQuestion]:
        """Somebody's questions, the oldest first."""
        return [kept for kept in self.all() if kept.owner == owner]

    def all(self) -> list[StandingQuestion]:
        """Everybody's questions, the oldest first."""
        rows = self._store.database.rows(f"SELECT {_QUESTION} FROM standing_questions ORDER BY id")
        return [StandingQuestion(*row) for row in rows]

    def remove(self, number: int, owner: str = "") -> bool:
        """Removes one of somebody's questions with its answers; False if they have none with this number."""
        with self._store.database.transaction() as connection:
            gone = connection.execute("DELETE FROM standing_questions WHERE id = ? AND owner = ?", (number, owner))
        self._store.database.empty_log()
        return gone.rowcount > 0

    def forget(self, owner: str) -> int:
        """Removes all of somebody's questions; how many that were."""
        with self._store.database.transaction() as connection:
            count = connection.execute("DELETE FROM standing_questions WHERE owner = ?", (owner,)).rowcount
        self._store.database.empty_log()
        return count

    def vectors(self, signature: str) -> dict[int, NDArray[np.float32]]:
        """The vectors ``(dimension,)`` that the embedder ``signature`` made, by the number of the question."""
        rows = self._store.database.rows(
            "SELECT id, vector FROM standing_questions WHERE signature = ? ORDER BY id", (signature,)
        )
        if not rows:
            return {}
        try:
            vectors = to_vectors([blob for _, blob in rows])
        except ValueError:
            return {}  # damaged: they are made anew
        return {number: vector for (number, _), vector in zip(rows, vectors, strict=True)}

    def put_vectors(self, numbers: Sequence[int], vectors: NDArray[np.float32], signature: str) -> None:
        """Keeps the vectors ``(len(numbers), dimension)`` of questions."""
        with self._store.database.transaction() as connection:
            connection.executemany(
                "UPDATE standing_questions SET signature = ?, vector = ? WHERE id = ?",
                [(signature, blob, number) for number, blob in zip(numbers, to_blobs(vectors), strict=True)],
            )

    def sample_vectors(self, count: int, *, without: int) -> NDArray[np.float32]:
        """The vectors ``(n, dimension)`` of up to ``count`` sentences from all over the collection, always the same.

        Those of the article ``without`` are left out.
        """
        first, last = self._store.database.rows("SELECT min(id), max(id) FROM sentences")[0]
        ids = np.linspace(first or 0, last or 0, count, dtype=np.int64)
        chosen = np.setdiff1d(ids, self._store.sentence_ids([without]))
        rows = self._store.database.rows(
            f"SELECT id FROM sentences WHERE id {IN_IDS} ORDER BY id", (ids_parameter(chosen),)
        )
        return self._store.vectors([row[0] for row in rows]) if rows else np.zeros((0, 0), np.float32)

    # Articles to ask

    def next_article(self) -> UnaskedArticle | None:
        """The article that has waited longest; None if there is none."""
        rows = self._store.database.rows("SELECT number, document_id FROM unasked_articles ORDER BY number LIMIT 1")
        return UnaskedArticle(*rows[0]) if rows else None

    def finish(self, article: UnaskedArticle, text: str, answers: Sequence[StandingAnswer]) -> int:
        """Keeps what an article with this text answers, and takes its mark away; how many of the answers are new.

        Nothing is kept if another process has done it, or if the article has changed since it was asked.
        """
        words = digest(text)
        new = 0
        with self._store.database.transaction() as connection:
            if not connection.execute("DELETE FROM unasked_articles WHERE number = ?", (article.number,)).rowcount:
                return 0
            # What stood in an earlier text of it, or in an article that is gone, can be shown to nobody any more.
            connection.execute(
                "DELETE FROM standing_answers WHERE delivered_at = '' AND (document_id IS NULL OR document_id = ?)",
                (article.document_id,),
            )
            for answer in answers:
                new += self._keep(connection, answer, words)
        return new

    def _keep(self, connection: Connection, answer: StandingAnswer, words: bytes) -> int:
        if not connection.execute("SELECT id FROM standing_questions WHERE id = ?", (answer.question.id,)).fetchone():
            return 0  # removed in the meantime
        kept = connection.execute(
            "INSERT INTO standing_answers "
            '(question_id, document_id, digest, answer, "start", "end", confidence, before, found_at) '
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                answer.question.id,
                answer.document_id,
                words,
                answer.answer,
                answer.start,
                answer.end,
                answer.confidence,
                answer.before,
                now(),
            ),
        ).rowcount
        if kept:
            connection.execute(
                "UPDATE standing_questions SET known = ? WHERE id = ?", (answer.answer, answer.question.id)
            )
        return kept

    # The queue of answers

    def undelivered(self, owner: str | None = None, *, without_way: str = "") -> list[StandingAnswer]:
        """The answers that somebody, or anybody, has not got yet, the oldest first.

        Those of an article that is about to be asked anew are left out, and those that went out by ``without_way``.
        """
        rows = self._store.database.rows(
            'SELECT a.id, a.document_id, a.answer, a."start", a."end", a.confidence, a.before, a.found_at, a.attempts, '
            "q.id, q.owner, q.question, q.added, q.since, q.known "
            "FROM standing_answers AS a JOIN standing_questions AS q ON q.id = a.question_id "
            f"WHERE a.delivered_at = '' AND a.document_id IS NOT NULL{'' if owner is None else ' AND q.owner = ?'} "
            "AND a.document_id NOT IN (SELECT document_id FROM unasked_articles) "
            "AND NOT EXISTS (SELECT 1 FROM sent_answers WHERE answer_id = a.id AND way = ?) ORDER BY a.id",
            (*(() if owner is None else (owner,)), without_way),
        )
        return [
            StandingAnswer(StandingQuestion(*row[9:]), *row[1:9], id=row[0])  # type: ignore[misc]
            for row in rows
        ]

    def begin_delivery(self, answers: Iterable[StandingAnswer]) -> None:
        """Counts an attempt at delivering each of them, before it is made."""
        ids = ids_parameter(answer.id for answer in answers)
        with self._store.database.transaction() as connection:
            connection.execute(f"UPDATE standing_answers SET attempts = attempts + 1 WHERE id {IN_IDS}", (ids,))

    def mark_sent(self, answers: Iterable[StandingAnswer], way: str) -> None:
        """Remembers that they went out by one of several ways."""
        ids = ids_parameter(answer.id for answer in answers)
        with self._store.database.transaction() as connection:
            connection.execute(
                "INSERT INTO sent_answers (answer_id, way) "
                f"SELECT id, ? FROM standing_answers WHERE id {IN_IDS} ON CONFLICT DO NOTHING",
                (way, ids),
            )

    def mark_delivered(self, answers: Iterable[StandingAnswer]) -> None:
        """Takes them out of the queue: they have reached their owner, or never will."""
        ids = ids_parameter(answer.id for answer in answers)
        with self._store.database.transaction() as connection:
            connection.execute(f"UPDATE standing_answers SET delivered_at = ? WHERE id {IN_IDS}", (now(), ids))
            connection.execute(f"DELETE FROM sent_answers WHERE answer_id {IN_IDS}", (ids,))
