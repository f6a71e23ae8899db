"""deploy/citus.sql on the tables that Fundstelle makes. Citus's own functions are stood in for by its rules: a table is
distributed by a column that each of its unique indexes holds, has no triggers, and refers to reference tables only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from retrieval.backend import backend_of
from retrieval.language.compounds import all_terms
from tests.collection import put
from tests.conftest import ROOT
from tests.doubles import HashEmbedder
from tests.postgres_server import PostgresServer

if TYPE_CHECKING:
    from retrieval.postgres.store import PostgresStore

SCRIPT = (ROOT / "deploy" / "citus.sql").read_text(encoding="utf-8")
CITUS = """
CREATE TABLE spread (relation regclass PRIMARY KEY, kind text NOT NULL, key text);
CREATE FUNCTION refuse_triggers(relation regclass) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = relation AND NOT tgisinternal) THEN
        RAISE '% has triggers', relation;
    END IF;
END $$;
CREATE FUNCTION create_reference_table(relation regclass) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    PERFORM refuse_triggers(relation);
    INSERT INTO spread VALUES (relation, 'reference', NULL);
END $$;
CREATE FUNCTION create_distributed_table(relation regclass, key text, colocate_with text DEFAULT 'default')
    RETURNS void LANGUAGE plpgsql AS $$ DECLARE place smallint; BEGIN
    PERFORM refuse_triggers(relation);
    SELECT attnum INTO place FROM pg_attribute WHERE attrelid = relation AND attname = key AND NOT attisdropped;
    IF place IS NULL THEN
        RAISE '% has no column %', relation, key;
    END IF;
    IF EXISTS (SELECT 1 FROM pg_index
        WHERE indrelid = relation AND indisunique AND place <> ALL (indkey::smallint[])) THEN
        RAISE '% has a unique index without %', relation, key;
    END IF;
    IF colocate_with <> 'default'
        AND NOT EXISTS (SELECT 1 FROM spread AS s WHERE s.relation = colocate_with::regclass AND s.key IS NOT NULL) THEN
        RAISE '% is not distributed', colocate_with;
    END IF;
    INSERT INTO spread VALUES (relation, 'distributed', key);
END $$;
"""
# Foreign keys that Citus does not take, of all tables; those it does not know are local ones.
REFUSED = """
SELECT conname FROM pg_constraint
LEFT JOIN spread AS own ON own.relation = conrelid LEFT JOIN spread AS other ON other.relation = confrelid
WHERE contype = 'f' AND CASE own.kind
    WHEN 'distributed' THEN other.kind IS DISTINCT FROM 'reference'
    WHEN 'reference' THEN other.kind IS DISTINCT FROM 'reference'
    ELSE other.kind = 'distributed' END
"""


@pytest.fixture
def store(postgres_server: PostgresServer) -> Iterator[PostgresStore]:
    from retrieval.postgres.database import PostgresDatabase
    from retrieval.postgres.store import PostgresStore

    with PostgresStore(PostgresDatabase(postgres_server.new_database())) as store:
        run(store, CITUS)
        yield store


def run(store: PostgresStore, script: str) -> None:
    with store.database.alone() as connection:
        connection.raw.execute(script.encode())


def rows(store: PostgresStore, sql: str) -> list[Any]:
    return store.database.rows(sql)


def test_what_lies_on_the_nodes_is_keyed_by_its_article(store: PostgresStore) -> None:
    run(store, SCRIPT)
    kinds = dict(rows(store, "SELECT relation::text, kind FROM spread"))
    assert [name for name, kind in sorted(kinds.items()) if kind == "distributed"] == [
        "part_seals", "passages", "sentences", "versions",
    ]  # fmt: skip
    assert {key for (key,) in rows(store, "SELECT key FROM spread WHERE key IS NOT NULL")} == {"document_id"}
    assert rows(store, REFUSED) == []
    # Every table that refers to an article still goes with it, or forgets it.
    referring = {name for (name,) in rows(store, "SELECT relation::text FROM spread") if name != "documents"}
    found = rows(
        store,
        "SELECT conrelid::regclass::text, confdeltype FROM pg_constraint "
        "WHERE contype = 'f' AND confrelid = 'documents'::regclass",
    )
    assert referring <= {name for name, action in found if action in ("c", b"c")}


@pytest.mark.parametrize(
    ("call", "refused"),
    [
        ("create_distributed_table('versions', 'document_id')", "unique index"),
        ("create_distributed_table('documents', 'id')", "triggers"),
        ("create_distributed_table('shingles', 'document')", "no column"),
        ("create_distributed_table('shingles', 'document_id', colocate_with => 'documents')", "not distributed"),
        ("create_reference_table('documents')", "triggers"),
        ("create_reference_table('articles')", "does not exist"),
    ],
)
def test_what_citus_would_refuse_is_refused(store: PostgresStore, call: str, refused: str) -> None:
    with pytest.raises(Exception, match=refused):
        run(store, f"SELECT {call}")


def test_articles_are_found_before_and_after_it_was_run(store: PostgresStore) -> None:
    backend = backend_of(store)
    put(store, "Das Hallenbad öffnet am Dienstag.", "/before")
    run(store, SCRIPT)
    put(store, "Der Bahnhof wird im April gesperrt.", "/after")
    store.remove(store.ids_below("/before")["/before"])
    backend.check()  # the triggers that counted are gone
    assert store.sentence_count() == 1
    assert backend.keywords.frequencies(all_terms("Hallenbad").words) == {}
    ((passage, _),) = backend.keywords.search(all_terms("Wann wird der Bahnhof gesperrt?").words, 5)
    ((sentence, _),) = backend.vectors.search(HashEmbedder().embed_questions(["Bahnhof"])[0], 5)
    assert store.passages_of_sentences([sentence]) == {sentence: [passage]}
