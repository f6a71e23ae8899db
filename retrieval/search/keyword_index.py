"""Keyword search: BM25 over German word stems, in the same database as the articles."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import accumulate

from retrieval.errors import StoreError
from retrieval.messages import notice
from retrieval.search.filter_scope import Scopes
from retrieval.store.rows import IN_IDS, ids_parameter
from retrieval.store.schema import KEYWORDS_TABLE
from retrieval.store.store import Store
from retrieval.types import Filter

#: What the part of a compound counts of what a word by itself counts; of 0 to 1 the best for the held-out questions.
PART_WEIGHT = 0.4
#: Entries of the index that a search scores, those of the rarest terms first. With 325,000 passages and the questions
#: of XQuAD, 95 of 100 searches take up to 22 ms of CPU (64 ms if all are scored), and 97 of 100 of the ten best
#: passages are proposed.
SCORED_ENTRIES = 30_000
#: Which passages so many articles have takes long to find out: first it is tried whether enough of the best
#: ``RESERVE`` times as many are theirs.
MANY_ARTICLES, RESERVE = 500, 8
#: The tables that FTS5 keeps an index in.
_PARTS = ("data", "idx", "docsize", "config")


class KeywordIndex:
    """SQLite's FTS5 over the passages' terms and the terms of the parts of their compounds.

    Each article's terms are written in the transaction that stores the article, so the index is never behind. It
    is a cache of what ``passages`` says: damaged or missing, it is built anew, and ``notify`` is told.
    """

    def __init__(
        self, store: Store, notify: Callable[[str], None] = lambda notice: None, *, scopes: Scopes | None = None
    ) -> None:
        self._store = store
        self._scopes = scopes or Scopes(store)
        self._notify = notify

    def load(self, *, thorough: bool = False) -> None:
        """Checks the index and rebuilds it if need be.

        Of a large database only the number of passages is looked at (some 10 ms for a million sentences), unless the
        check is to be ``thorough``: reading all of it takes many seconds then.
        """
        if self._store.read_only:
            return
        is_whole = self.check if thorough or self._store.database.is_small else self._is_complete
        if not is_whole():
            self._repair()

    def search(
        self, terms: Sequence[str], k: int, within: Filter | None = None, article: int = 0
    ) -> list[tuple[int, float]]:
        """See ``Keywords``."""
        return self.best(terms, k, self._scopes.of(within, article).articles if within or article else None)

    def best(self, terms: Sequence[str], k: int, among: Collection[int] | None = None) -> list[tuple[int, float]]:
        """Like ``search``; ``among`` are the ids of the articles that count, None for all.

        A term that more than half of the passages hold adds next to nothing, as FTS5 defines BM25.
        """
        terms = _cleaned(terms)
        if not terms or k <= 0:
            return []
        try:
            return self._matches(terms, k, among)
        except StoreError:
            if self._store.read_only or self.check():
                raise
        self._repair()
        return self._matches(terms, k, among)

    def with_phrases(
        self, phrases: Sequence[Sequence[str]], terms: Sequence[str], k: int, within: Filter | None = None
    ) -> list[tuple[int, float]]:
        """Like ``search``, but only passages in which the terms of each phrase stand as words one after the other."""
        wanted = [" ".join(_cleaned([term])[0] for term in phrase if _cleaned([term])) for phrase in phrases]
        wanted = [phrase for phrase in wanted if phrase]
        if not wanted or k <= 0:
            return []
        required = " AND ".join(f'terms : "{phrase}"' for phrase in wanted)
        # The other terms decide about the order alone.
        others = " OR ".join(f'"{term}"' for term in [*wanted, *_cleaned(terms)])
        among = self._scopes.of(within).articles if within else None
        return self._among(f"({required}) AND ({others})", k, among)

    def frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """In how many passages each of the terms stands, as a word or as a part of one; others are left out."""
        return dict(
            self._store.database.rows(
                "SELECT j.value, v.doc FROM json_each(?) AS j CROSS JOIN keyword_frequencies AS v ON v.term = j.value",
                (json.dumps(terms),),
            )
        )

    def highest_passage(self) -> int:
        """The highest id of a passage: there are as many of them at most."""
        return int(self._store.database.rows("SELECT ifnull(max(id), 0) FROM passages")[0][0])

    def terms_from(self, prefix: str, limit: int) -> dict[str, int]:
        """Up to ``limit`` terms that begin with ``prefix``, each with the number of its passages."""
        return dict(
            self._store.database.rows(
                "SELECT term, doc FROM keyword_frequencies WHERE term >= ?1 AND term < ?1 || char(0x10FFFF) LIMIT ?2",
                (prefix, limit),
            )
        )

    def texts_with(self, term: str, limit: int) -> list[str]:
        """The texts of up to ``limit`` passages that hold a term as a word, the oldest first."""
        if not _cleaned([term]):
            return []
        rows = self._store.database.rows(
            'SELECT substr(d.text, p."start" + 1, p."end" - p."start") '
            "FROM (SELECT rowid FROM keywords WHERE keywords MATCH ? LIMIT ?) AS k "
            "CROSS JOIN passages AS p ON p.id = k.rowid CROSS JOIN documents AS d ON d.id = p.document_id",
            (f'terms : "{_cleaned([term])[0]}"', limit),
        )
        return [str(text) for (text,) in rows]

    def check(self) -> bool:
        """Whether the index is there, undamaged, and says the same as the passages."""
        try:
            with self._store.database.transaction() as connection:
                # With rank 1 it is compared with the passages too.
                connection.execute("INSERT INTO keywords (keywords, rank) VALUES ('integrity-check', 1)")
        except StoreError as error:
            if _is_damage(error):
                return False
            raise
        return True

    def _is_complete(self) -> bool:
        try:
            ((indexed, stored),) = self._store.database.rows(
                "SELECT (SELECT count(*) FROM keywords_docsize), (SELECT count(*) FROM passages)"
            )
        except StoreError as error:
            if _is_damage(error):
                return False
            raise
        return bool(indexed == stored)

    def rebuild(self) -> None:
        """Builds the index anew from the passages, in one transaction."""
        with self._store.database.transaction() as connection:
            # DROP TABLE would open the index first, and a damaged one may not let itself be opened.
            connection.execute("PRAGMA writable_schema = ON")
            try:
                connection.execute("DELETE FROM sqlite_master WHERE name = 'keywords'")
            finally:
                connection.execute("PRAGMA writable_schema = RESET")
            for part in _PARTS:
                connection.execute(f"DROP TABLE IF EXISTS keywords_{part}")
            connection.execute(KEYWORDS_TABLE)
            connection.execute("INSERT INTO keywords (keywords) VALUES ('rebuild')")

    def _repair(self) -> None:
        self.rebuild()
        self._notify(notice("index.keywords_damaged"))

    def _matches(self, terms: Sequence[str], k: int, among: Collection[int] | None) -> list[tuple[int, float]]:
        query = " OR ".join(f'"{term}"' for term in telling_terms(terms, self.frequencies(terms)))
        if among is None:
            return self._best(query, k)
        if len(among) > MANY_ARTICLES:
            best = self._best(query, RESERVE * k)
            articles = dict(
                self._store.database.rows(
                    f"SELECT id, document_id FROM passages WHERE id {IN_IDS}",
                    (ids_parameter(row for row, _ in best),),
                )
            )
            chosen = [(row, score) for row, score in best if articles.get(row) in among]
            if len(chosen) >= k or len(best) < RESERVE * k:
                return chosen[:k]
        return self._among(query, k, among)

    def _among(self, query: str, k: int, among: Collection[int] | None) -> list[tuple[int, float]]:
        if among is None:
            return self._best(query, k)
        # The "+" keeps SQLite from asking FTS5 for one passage after the other.
        condition = f"AND +rowid IN (SELECT id FROM passages WHERE document_id {IN_IDS})"
        return self._best(query, k, condition, ids_parameter(among))

    def _best(self, query: str, k: int, condition: str = "", *parameters: str) -> list[tuple[int, float]]:
        # FTS5's bm25() is negative, the better the smaller.
        rows = self._store.database.rows(
            f"SELECT rowid, -bm25(keywords, 1.0, {PART_WEIGHT}) AS score FROM keywords "
            f"WHERE keywords MATCH ? {condition} ORDER BY score DESC, rowid LIMIT ?",
            (query, *parameters, k),
        )
        return [(int(row), float(score)) for row, score in rows]


def _cleaned(terms: Sequence[str]) -> list[str]:
    """The terms as FTS5 takes them between quotation marks, where it knows no syntax but the doubled one; each once."""
    # FTS5 reads up to a NUL character, which would leave a quotation open.
    cleaned = (term.replace("\0", "").replace('"', '""').strip() for term in terms)
    return [term for term in dict.fromkeys(cleaned) if term]


def _is_damage(error: StoreError) -> bool:
    """Whether the check, whose statement never changes, failed for what it found."""
    code = getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)


def telling_terms(terms: Sequence[str], often: Mapping[str, int]) -> list[str]:
    """The terms from the rarest on, as long as scoring them is quick: the frequent ones decide little then.

    ``often`` says in how many passages each stands.
    """
    rising = sorted(terms, key=lambda term: often.get(term, 0))
    entries = list(accumulate(often.get(term, 0) for term in rising))
    return [term for term, total in zip(rising, entries, strict=True) if total <= max(SCORED_ENTRIES, entries[0])]
