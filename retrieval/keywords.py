"""Keyword search: BM25 over German word stems, in the same database as the articles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from retrieval.errors import StoreError
from retrieval.rows import ids_parameter
from retrieval.schema import KEYWORDS_TABLE
from retrieval.store import Store

#: What the part of a compound counts of what a word by itself counts; of 0 to 1 the best for the held-out questions.
PART_WEIGHT = 0.4


class KeywordIndex:
    """SQLite's FTS5 over the passages' terms.

    Each article's terms are written in the transaction that stores the article, so the index is never behind. It
    is a cache of ``passages.terms``: damaged or missing, it is built anew, and ``notify`` is told.
    """

    def __init__(self, store: Store, notify: Callable[[str], None] = lambda notice: None) -> None:
        self._store = store
        self._notify = notify

    def load(self) -> None:
        """Checks the index and rebuilds it if need be. Reads all of it: some milliseconds for 10,000 sentences."""
        if not self._store.read_only and not self.check():
            self._repair()

    def search(self, terms: Sequence[str], k: int, among: Iterable[int] | None = None) -> list[tuple[int, float]]:
        """The ``k`` passages that hold any of the terms and fit best: passage id and BM25 score (> 0), best first.

        ``among`` are the ids of the articles that count, None for all; a term's weight is that in all of them.
        ``terms`` come from ``german.keyword_terms`` and ``compounds.part_terms``. They are taken literally, whatever
        characters they contain.
        A term that more than half of the passages hold adds next to nothing, as FTS5 defines BM25.
        """
        query = _query(terms)
        if not query or k <= 0:
            return []
        try:
            return self._matches(query, k, among)
        except StoreError:
            if self._store.read_only or self.check():
                raise
        self._repair()
        return self._matches(query, k, among)

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

    def rebuild(self) -> None:
        """Builds the index anew from the passages, in one transaction."""
        with self._store.database.transaction() as connection:
            connection.execute("DROP TABLE IF EXISTS keywords")
            connection.execute(KEYWORDS_TABLE)
            connection.execute("INSERT INTO keywords (keywords) VALUES ('rebuild')")

    def _repair(self) -> None:
        self.rebuild()
        self._notify("Der Stichwortindex war beschädigt und wurde aus der Datenbank neu aufgebaut.")

    def _matches(self, query: str, k: int, among: Iterable[int] | None) -> list[tuple[int, float]]:
        # The "+" keeps SQLite from asking FTS5 for one passage after the other.
        chosen = (
            ""
            if among is None
            else "AND +rowid IN (SELECT id FROM passages WHERE document_id IN (SELECT value FROM json_each(?))) "
        )
        parameters = (query, k) if among is None else (query, ids_parameter(among), k)
        # FTS5's bm25() is negative, the better the smaller.
        sql = (
            f"SELECT rowid, -bm25(keywords, 1.0, {PART_WEIGHT}) AS score FROM keywords WHERE keywords MATCH ? {chosen}"
            "ORDER BY score DESC, rowid LIMIT ?"
        )
        return [(int(row), float(score)) for row, score in self._store.database.rows(sql, parameters)]


def _query(terms: Sequence[str]) -> str:
    """Any of the terms, each as a quoted string, in which FTS5 knows no syntax but the doubled quotation mark."""
    # FTS5 reads up to a NUL character, which would leave a quotation open.
    cleaned = (term.replace("\0", "").replace('"', '""').strip() for term in terms)
    return " OR ".join(f'"{term}"' for term in dict.fromkeys(cleaned) if term)


def _is_damage(error: StoreError) -> bool:
    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    return code == 11 or "no such table: keywords" in str(cause)  # 11: SQLITE_CORRUPT
