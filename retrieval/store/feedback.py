"""What people think of answers, and the questions that got none."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from retrieval.answer import Answer
from retrieval.dates import days_ago, now
from retrieval.errors import StoreError
from retrieval.store.queries import StoreQueries

logger = logging.getLogger(__name__)

#: So many questions without an answer are kept, those that were asked last.
KEEP_MISSED: Final = 10_000
#: Of a wanted answer, so many characters are kept.
MAX_WANTED_CHARS: Final = 1000

_WORD: Final = re.compile(r"\w+")
#: So many corrections are compared with a question, the latest ones.
MOST_CORRECTIONS: Final = 2000
_COLUMNS: Final = 'question, answer, document_id, "start", "end", verdict, wanted, user_hash, asked_at'

_IS_OLD: Final = (
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM feedback WHERE asked_at < ?) "
    "OR EXISTS (SELECT 1 FROM missed WHERE last_asked < ?)"
)


class Verdict(StrEnum):
    """What somebody thinks of an answer."""

    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What somebody thinks of one answer.

    ``answer`` is the quote, which was ``document.text[start:end]`` when it was given; it is empty for "the articles do
    not say". ``document_id`` is the article of the quote, or the one that came closest, or 0 if there is none any more.
    ``wanted`` is what would have been right, empty if nobody said so. ``user`` tells people apart without naming them.
    ``asked_at`` is a UTC time; empty: now.
    """

    question: str
    answer: str
    document_id: int
    start: int
    end: int
    verdict: Verdict
    wanted: str = ""
    user: str = ""
    asked_at: str = ""


@dataclass(frozen=True, slots=True)
class MissedQuestion:
    """A question that the articles do not answer: its last wording, how often it was asked, and when last (UTC)."""

    question: str
    count: int
    last_asked: str


def nearest(answer: Answer) -> int:
    """The id of the article that an answer is from, or of the one that came closest; 0 if there is none."""
    document = answer.document or next((hit.document for hit in answer.hits), None)
    return document.id if document else 0


def judge(answer: Answer, verdict: Verdict, *, wanted: str = "", user: str = "") -> Judgement:
    """Makes a Judgement of an answer."""
    return Judgement(
        question=answer.complete_question,
        answer=answer.text or "",
        document_id=nearest(answer),
        start=answer.start or 0,
        end=answer.end or 0,
        verdict=verdict,
        wanted=wanted,
        user=user,
    )


class FeedbackLog:
    """Keeps judgements and unanswered questions in the database of a collection.

    Raises:
        StoreError: from every method but ``note_missed``, when the database cannot be used.
    """

    #: What tells the judgements, and the questions without an answer, apart.
    _same_answer = "(user_hash, question, answer)"
    _same_question = "(question)"

    def __init__(self, store: StoreQueries) -> None:
        self._store = store

    def put(self, judgement: Judgement) -> int:
        """Keeps a judgement and returns its number. It replaces an earlier one by the same user of the same answer."""
        values = {
            "question": judgement.question,
            "answer": judgement.answer,
            "document_id": judgement.document_id,
            "start": judgement.start,
            "end": judgement.end,
            "verdict": judgement.verdict,
            "wanted": judgement.wanted[:MAX_WANTED_CHARS],
            "user": judgement.user,
            "asked_at": judgement.asked_at or now(),
        }
        with self._store.database.transaction() as connection:
            ((number,),) = connection.execute(
                f"INSERT INTO feedback ({_COLUMNS}) "
                "VALUES (:question, :answer, (SELECT id FROM documents WHERE id = :document_id), :start, :end, "
                ":verdict, :wanted, :user, :asked_at) "
                f"ON CONFLICT {self._same_answer} DO UPDATE SET document_id = excluded.document_id, "
                '"start" = excluded."start", "end" = excluded."end", verdict = excluded.verdict, '
                "wanted = excluded.wanted, asked_at = excluded.asked_at RETURNING id",
                values,
            ).fetchall()
        return int(number)

    def put_wanted(self, number: int, wanted: str) -> bool:
        """Adds to a judgement what would have been right; False if it is gone."""
        with self._store.database.transaction() as connection:
            changed = connection.execute(
                "UPDATE feedback SET wanted = ? WHERE id = ?", (wanted[:MAX_WANTED_CHARS], number)
            )
            return changed.rowcount > 0

    def judgements(self) -> list[Judgement]:
        """All judgements, the oldest first."""
        return self._judgements("ORDER BY id")

    def corrections(self) -> list[Judgement]:
        """The latest judgements that say what would have been right, ``MOST_CORRECTIONS`` at most, the latest first."""
        condition = "WHERE verdict = 'bad' AND wanted <> '' ORDER BY asked_at DESC, id DESC LIMIT ?"
        return self._judgements(condition, (MOST_CORRECTIONS,))

    def _judgements(self, condition: str, values: tuple[int, ...] = ()) -> list[Judgement]:
        rows = self._store.database.rows(f"SELECT {_COLUMNS} FROM feedback {condition}", values)
        return [
            Judgement(
                question=question,
                answer=answer,
                document_id=document_id or 0,
                start=start,
                end=end,
                verdict=Verdict(verdict),
                wanted=wanted,
                user=user,
                asked_at=asked_at,
            )
            for question, answer, document_id, start, end, verdict, wanted, user, asked_at in rows
        ]

    def forget(self, user: str) -> int:
        """Deletes a user's judgements and returns how many there were."""
        with self._store.database.transaction() as connection:
            count = connection.execute("DELETE FROM feedback WHERE user_hash = ?", (user,)).rowcount
        self._store.database.empty_log()
        return count

    def drop_older(self, days: int) -> None:
        """Deletes the judgements and the questions without an answer that are older than so many days.

        If that cannot be written, it is only logged.
        """
        oldest = days_ago(days)
        try:
            if self._store.read_only or not self._store.database.rows(_IS_OLD, (oldest, oldest)):
                return
            with self._store.database.transaction() as connection:
                connection.execute("DELETE FROM feedback WHERE asked_at < ?", (oldest,))
                connection.execute("DELETE FROM missed WHERE last_asked < ?", (oldest,))
        except StoreError as error:
            logger.warning("old feedback was not deleted: %s", error)

    def note_missed(self, question: str) -> None:
        """Counts a question that got no answer. Capitals and punctuation make no difference.

        If it cannot be written, that is only logged: whoever asked could do nothing about it.
        """
        try:
            if not self._store.read_only:
                self._note_missed(" ".join(_WORD.findall(question.casefold())) or question, question)
        except StoreError as error:
            logger.warning("a question without an answer was not noted: %s", error)

    def _note_missed(self, key: str, wording: str) -> None:
        with self._store.database.transaction() as connection:
            connection.execute(
                "INSERT INTO missed (question, wording, count, last_asked) VALUES (?, ?, 1, ?) "
                f"ON CONFLICT {self._same_question} DO UPDATE SET wording = excluded.wording, "
                "count = missed.count + 1, last_asked = excluded.last_asked",
                (key, wording, now()),
            )
            connection.execute(
                "DELETE FROM missed WHERE question NOT IN "
                "(SELECT question FROM missed ORDER BY last_asked DESC, question LIMIT ?)",
                (KEEP_MISSED,),
            )

    def missed_questions(self) -> list[MissedQuestion]:
        """The questions that got no answer, the most frequent first, then the latest."""
        rows = self._store.database.rows(
            "SELECT wording, count, last_asked FROM missed ORDER BY count DESC, last_asked DESC, question"
        )
        return [MissedQuestion(question, count=count, last_asked=last_asked) for question, count, last_asked in rows]
