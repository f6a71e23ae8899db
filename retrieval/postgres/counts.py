"""What is counted of the collection: sentences, passages, their terms, and in how many passages each term stands.

Triggers add a row for each change, so that writers need not wait for each other; the sums count. Now and then the rows
are merged. Distributed tables have no triggers (deploy/citus.sql), and subqueries over them stand in FROM, where Citus
takes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.postgres.database import PostgresDatabase


def merge(database: PostgresDatabase, *, most: int = 0) -> None:
    """Merges what has been added; of terms only if there are more than ``most`` entries. One process at a time."""
    ((waiting,),) = database.rows("SELECT count(*) FROM (SELECT 1 FROM recent_terms LIMIT ?) AS counted", (most + 1,))
    with database.transaction() as connection:
        # Another process that is at it need not be waited for.
        if not connection.execute("SELECT pg_try_advisory_xact_lock(hashtext('fundstelle counts'))").fetchall()[0][0]:
            return
        if waiting > most:
            connection.execute(
                "WITH gone AS (DELETE FROM recent_terms RETURNING term, passages), "
                "counted AS (SELECT term, sum(passages)::bigint AS passages FROM gone GROUP BY term) "
                "INSERT INTO terms (term, passages) SELECT term, passages FROM counted "
                "ON CONFLICT (term) DO UPDATE SET passages = terms.passages + excluded.passages"
            )
            connection.execute("DELETE FROM terms WHERE passages = 0")
        connection.execute(
            "WITH gone AS (DELETE FROM tallies RETURNING *) INSERT INTO tallies "
            "SELECT sum(changes), sum(sentences), sum(passages), sum(tokens) FROM gone HAVING count(*) > 0"
        )


def rebuild(database: PostgresDatabase) -> None:
    """Counts all anew, in one transaction; nobody writes meanwhile."""
    with database.transaction() as connection:
        connection.execute("LOCK TABLE passages, sentences, tallies, terms, recent_terms IN EXCLUSIVE MODE")
        ((changes,),) = connection.execute("SELECT coalesce(sum(changes), 0)::bigint FROM tallies").fetchall()
        for table in ("tallies", "terms", "recent_terms"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute(
            "INSERT INTO tallies (changes, sentences, passages, tokens) "
            "SELECT ?::integer, s.sentences, p.passages, p.tokens FROM "
            "(SELECT count(*) AS sentences FROM sentences) AS s, "
            "(SELECT count(*) AS passages, coalesce(sum(length), 0) AS tokens FROM passages) AS p",
            (changes + 1,),
        )
        connection.execute(
            "INSERT INTO terms SELECT t.lexeme, count(*) FROM passages, unnest(keywords) AS t GROUP BY 1"
        )


def is_right(database: PostgresDatabase) -> bool:
    """Whether all is counted as it is; reads all passages."""
    with database.snapshot():
        ((right,),) = database.rows(
            "SELECT (t.sentences, t.passages, t.tokens) = (s.sentences, p.passages, p.tokens) FROM "
            "(SELECT coalesce(sum(sentences), 0)::bigint AS sentences, coalesce(sum(passages), 0)::bigint AS passages, "
            "coalesce(sum(tokens), 0)::bigint AS tokens FROM tallies) AS t, "
            "(SELECT count(*) AS sentences FROM sentences) AS s, "
            "(SELECT count(*) AS passages, coalesce(sum(length), 0)::bigint AS tokens FROM passages) AS p"
        )
        ((wrong,),) = database.rows(
            "WITH kept AS (SELECT term, sum(passages) AS passages FROM "
            "(SELECT * FROM terms UNION ALL SELECT * FROM recent_terms) AS every GROUP BY term "
            "HAVING sum(passages) <> 0), counted AS (SELECT t.lexeme AS term, count(*) AS passages "
            "FROM passages, unnest(keywords) AS t GROUP BY 1) "
            "SELECT count(*) FROM kept FULL JOIN counted USING (term) "
            "WHERE kept.passages IS DISTINCT FROM counted.passages"
        )
    return bool(right) and not wrong
