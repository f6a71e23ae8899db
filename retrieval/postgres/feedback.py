"""What people think of answers, in PostgreSQL."""

from __future__ import annotations

from retrieval.postgres.database import retried
from retrieval.postgres.store import PostgresStore
from retrieval.store.feedback import FeedbackLog


class PostgresFeedbackLog(FeedbackLog):
    """See ``FeedbackLog``."""

    _same_answer = "(user_hash, md5(question), md5(answer))"
    _same_question = "(md5(question))"

    def __init__(self, store: PostgresStore) -> None:
        super().__init__(store)
        self.database = store.database

    put = retried(FeedbackLog.put)
    put_wanted = retried(FeedbackLog.put_wanted)
    forget = retried(FeedbackLog.forget)
    _note_missed = retried(FeedbackLog._note_missed)
