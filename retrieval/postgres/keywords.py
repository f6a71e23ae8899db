"""Keyword search in PostgreSQL: BM25 over Fundstelle's own terms, which a GIN index finds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from retrieval.messages import notice
from retrieval.postgres import counts
from retrieval.postgres.lexemes import in_text, quoted
from retrieval.postgres.store import PostgresStore
from retrieval.search.keyword_index import PART_WEIGHT, SCORED_ENTRIES, telling_terms
from retrieval.types import Filter

#: The constants of BM25, as in SQLite's FTS5.
K1: Final = 1.2
B: Final = 0.75

_SCORE: Final = f"""
WITH asked AS (
    SELECT * FROM unnest(?::text[]::tsquery[], ?::float8[]) WITH ORDINALITY AS asked (term, idf, place)
), entries AS (
    SELECT p.id, p.length, a.idf, a.place, occurrences('{{0,0,0,1}}', p.keywords, a.term) AS words,
        occurrences('{{1,1,1,1}}', p.keywords, a.term) AS every
    FROM asked AS a JOIN passages AS p ON p.keywords @@ a.term WHERE {{scope}}
), weighed AS (
    SELECT id, length, idf, place, words + {PART_WEIGHT}::float8 * (every - words) AS often FROM entries
)
SELECT id, sum(idf * ((often * ({K1}::float8 + 1)) / (often + {K1}::float8 * (1 - {B}::float8
    + {B}::float8 * length / ?::float8))) ORDER BY place) AS score
FROM weighed GROUP BY id ORDER BY score DESC, id LIMIT ?
"""
_COUNTS: Final = """
SELECT term, sum(passages)::bigint FROM (
    SELECT term, passages FROM terms WHERE {condition}
    UNION ALL SELECT term, passages FROM recent_terms WHERE {condition}
) AS counted GROUP BY term HAVING sum(passages) > 0 ORDER BY term LIMIT ?
"""


class PostgresKeywords:
    """See ``Keywords``. A term's weight and the mean length are those of all passages, whatever a filter lets through.

    Scores are those of SQLite's FTS5, so that both engines find the same passages in the same order.
    """

    def __init__(self, store: PostgresStore, notify: Callable[[str], None] = lambda notice: None) -> None:
        self._store = store
        self._notify = notify

    def load(self, *, thorough: bool = False) -> None:
        """Counts anew what is counted wrongly, if asked to be ``thorough``."""
        database = self._store.database
        if thorough and not self._store.read_only and not counts.is_right(database):
            counts.rebuild(database)
            self._notify(notice("index.keywords_damaged"))

    def search(
        self, terms: Sequence[str], k: int, within: Filter | None = None, article: int = 0
    ) -> list[tuple[int, float]]:
        """See ``Keywords``."""
        lexemes = {term: lexeme for term in _cleaned(terms) if (lexeme := quoted(term))}
        if not lexemes or k <= 0:
            return []
        often = self.frequencies(list(lexemes))
        telling = [term for term in telling_terms(list(lexemes), often) if term in often]
        passages, tokens = self._totals()
        if not telling or not passages:
            return []
        scope, parameters = self._store.scope(within, article)
        queries = [lexemes[term] for term in telling]
        weights = [_idf(passages, often[term]) for term in telling]
        rows = self._store.database.rows(
            _SCORE.replace("{scope}", scope), (queries, weights, *parameters, tokens / passages, k)
        )
        return [(int(row), float(score)) for row, score in rows]

    def with_phrases(
        self, phrases: Sequence[Sequence[str]], terms: Sequence[str], k: int, within: Filter | None = None
    ) -> list[tuple[int, float]]:
        """See ``Keywords``."""
        wanted = [
            " ".join(cleaned) for phrase in phrases if (cleaned := [t for one in phrase for t in _cleaned([one])])
        ]
        passages, tokens = self._totals()
        if not wanted or k <= 0 or not passages:
            return []
        scope, parameters = self._store.scope(within)
        holding, values = _holding(wanted, "terms")
        rows = self._store.database.rows(
            f"SELECT id, length, terms, parts FROM passages WHERE {scope} AND {holding} ORDER BY id LIMIT ?",
            (*parameters, *values, SCORED_ENTRIES),
        )
        others = [*wanted, *_cleaned(terms)]
        weights = [_idf(passages, self._passages_with(phrase, "terms")) for phrase in wanted]
        weights += [_idf(passages, self._passages_with(phrase, "terms", "parts")) for phrase in others]
        scored = []
        for row, length, words, parts in rows:
            often = [float(in_text(phrase, words)) for phrase in wanted]
            often += [in_text(phrase, words) + PART_WEIGHT * in_text(phrase, parts) for phrase in others]
            norm = K1 * (1 - B + B * length / (tokens / passages))
            score = sum(idf * (f * (K1 + 1)) / (f + norm) for idf, f in zip(weights, often, strict=True))
            scored.append((int(row), score))
        return sorted(scored, key=lambda entry: (-entry[1], entry[0]))[:k]

    def frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """See ``Keywords``."""
        sql = _COUNTS.format(condition="term = ANY (?)")
        return dict(self._store.database.rows(sql, (list(terms), list(terms), len(terms))))

    def highest_passage(self) -> int:
        """See ``Keywords``."""
        return int(self._store.database.rows("SELECT coalesce(max(id), 0) FROM passages")[0][0])

    def terms_from(self, prefix: str, limit: int) -> dict[str, int]:
        """See ``Keywords``."""
        sql = _COUNTS.format(condition="term >= ? AND term < ? || chr(1114111)")
        return dict(self._store.database.rows(sql, (prefix, prefix, prefix, prefix, limit)))

    def texts_with(self, term: str, limit: int) -> list[str]:
        """See ``Keywords``."""
        lexeme = quoted(term)
        if not lexeme:
            return []
        rows = self._store.database.rows(
            'SELECT substr(d.text, p."start" + 1, p."end" - p."start") FROM '
            '(SELECT id, document_id, "start", "end" FROM passages WHERE keywords @@ ?::tsquery ORDER BY id LIMIT ?) '
            "AS p JOIN documents AS d ON d.id = p.document_id ORDER BY p.id",
            (f"{lexeme}:A", limit),
        )
        return [str(text) for (text,) in rows]

    def _totals(self) -> tuple[int, int]:
        """How many passages there are, and how many terms in all of them."""
        ((passages, tokens),) = self._store.database.rows(
            "SELECT coalesce(sum(passages), 0)::bigint, coalesce(sum(tokens), 0)::bigint FROM tallies"
        )
        return int(passages), int(tokens)

    def _passages_with(self, phrase: str, *columns: str) -> int:
        """How many passages hold a phrase in one of these columns."""
        if " " not in phrase and len(columns) == 2:
            return self.frequencies([phrase]).get(phrase, 0)
        found = [_holding([phrase], column) for column in columns]
        values = [value for _, of_column in found for value in of_column]
        sql = f"SELECT count(*) FROM passages WHERE {' OR '.join(f'({condition})' for condition, _ in found)}"
        return int(self._store.database.rows(sql, values)[0][0])


def _holding(phrases: Sequence[str], column: str) -> tuple[str, list[Any]]:
    """The condition that a passage holds all of the phrases in ``terms`` or ``parts``, and its values."""
    weight = {"terms": "A", "parts": "B"}[column]
    conditions, values = [], []
    for phrase in phrases:
        lexemes = [lexeme for term in phrase.split(" ") if (lexeme := quoted(term))]
        if lexemes:  # the index tells which may hold it
            conditions.append("keywords @@ ?::tsquery")
            values.append(" & ".join(f"{lexeme}:{weight}" for lexeme in lexemes))
        conditions.append(f"strpos(' ' || {column} || ' ', ?) > 0")
        values.append(f" {phrase} ")
    return " AND ".join(conditions), values


def _cleaned(terms: Sequence[str]) -> list[str]:
    """The terms as they are stored, each once."""
    return [term for term in dict.fromkeys(term.replace("\0", "").strip() for term in terms) if term]


def _idf(passages: int, holding: int) -> float:
    """A term's weight, as FTS5 defines it: one that more than half of the passages hold adds next to nothing."""
    weight = math.log((passages - holding + 0.5) / (holding + 0.5))
    return weight if weight > 0 else 1e-6
