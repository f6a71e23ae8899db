"""The engine PostgreSQL: see ``retrieval.backend.Backend``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Final

from retrieval.postgres import counts
from retrieval.postgres.feedback import PostgresFeedbackLog
from retrieval.postgres.keywords import PostgresKeywords
from retrieval.postgres.store import MERGED_ENTRIES, PostgresStore
from retrieval.postgres.vectors import PostgresVectorIndex

#: Vectors; text search by BM25 (three that PostgreSQL can have); tables on several servers.
_TOLD: Final = ["vector", "pg_textsearch", "pg_search", "vchord_bm25", "citus"]
#: By so much the sentences grow before the planner has to know.
GROWTH: Final = 1.5


class PostgresBackend:
    """The collection in ``store`` and the indexes over it, which PostgreSQL itself keeps."""

    def __init__(self, store: PostgresStore, notify: Callable[[str], None] = lambda notice: None) -> None:
        self.store = store
        self.vectors = PostgresVectorIndex(self.store)
        self.keywords = PostgresKeywords(self.store, notify)

    @cached_property
    def feedback(self) -> PostgresFeedbackLog:
        """What people think of answers, and the questions that got none."""
        return PostgresFeedbackLog(self.store)

    @property
    def place(self) -> str:
        """Where the database is, without a password."""
        return self.store.place

    @property
    def replica(self) -> str:
        """See ``Backend``."""
        replica = self.store.database.replica
        return "" if replica is None else replica.path

    def load(self, thorough: bool = False) -> None:
        """See ``Backend``: both indexes change with the articles; ``thorough`` counts whether that is so."""
        self.keywords.load(thorough=thorough)
        if thorough:
            self.vectors.load()

    def after_writing(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Merges what was counted, and makes the vector index once there are enough sentences for one.

        After many new articles the planner's statistics are made anew; the server itself does it within minutes, in
        which a search would take several times as long.
        """
        if self.store.read_only:
            return
        counts.merge(self.store.database, most=MERGED_ENTRIES)
        ((known,),) = self.store.database.rows("SELECT reltuples FROM pg_class WHERE oid = 'sentences'::regclass")
        if self.store.sentence_count() > GROWTH * max(0, known):
            with self.store.database.alone() as connection:
                connection.execute("ANALYZE documents, sentences, passages, shingles")
        self.vectors.load(progress)

    def check(self) -> None:
        """See ``Backend``."""
        self.store.check()
        self.load(thorough=True)
        self.after_writing()

    def index_state(self) -> str:
        """See ``Backend``."""
        return "behind" if self.vectors.is_due() else "current"

    def size(self) -> tuple[int, int]:
        """See ``Backend``."""
        ((everything, index),) = self.store.database.rows(
            "SELECT pg_database_size(current_database()), coalesce((SELECT sum(pg_relation_size(indexrelid)) "
            "FROM pg_stat_user_indexes WHERE indexrelname LIKE 'sentences_near_%'), 0)::bigint"
        )
        return int(everything) - int(index), int(index)

    def extensions(self) -> dict[str, str]:
        """See ``Backend``: those that search, or spread the tables over several servers."""
        return dict(
            self.store.database.rows(
                "SELECT extname, extversion FROM pg_extension WHERE extname = ANY(?) ORDER BY extname", (_TOLD,)
            )
        )

    def close(self) -> None:
        """See ``Backend``."""
        self.store.close()
