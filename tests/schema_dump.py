"""A small collection as an SQL script, kept as ``data/schema_N.sql`` for the tests of the migrations.

A new schema version needs one, made by its own code before the version after it exists:
``python -m tests.schema_dump > tests/data/schema_8.sql``. The files of older versions were made by theirs, of the same
articles.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from retrieval.indexing.indexer import Indexer
from retrieval.language.sentences import SentenceSplitter
from retrieval.store.feedback import FeedbackLog, Judgement, Verdict
from retrieval.store.schema import SCHEMA_VERSION
from retrieval.store.standing_questions import StandingAnswer, StandingQuestions, UnaskedArticle
from retrieval.store.store import DATABASE_NAME, Store
from retrieval.types import Document, Landmark, SeenEntry, Source, SourceKind
from tests.doubles import HashEmbedder

PERM = Document(
    "Dmitri Machonin ist Gouverneur der Region Perm.\nEr besuchte Minsk am 17. Mai.\nDer Handel wächst.",
    title="Perm wächst",
    source="BelTA",
    url="https://example.org/perm",
    published="2024-05-17",
    path="/perm.txt",
)
BREST = Document(
    "In Brest öffnet die Messehalle.\nSie zeigt Maschinen aus Minsk.",
    title="Brest",
    source="BelTA",
    published="2024-06-01",
    path="/brest.txt",
    landmarks=(Landmark(0, 1, "Eröffnung"),),
    author="Jürgen Groß",
)
COLOGNE_BEFORE = Document("Köln schließt sein Bad am Rhein.", title="Köln", path="/koeln.txt")
COLOGNE = Document("Köln öffnet sein Bad am Rhein.\nÜber 300 Gäste kamen.", title="Köln", path="/koeln.txt")
COPY = Document(PERM.text, title="Abschrift", source="dpa", path="/kopie.txt")
OPENED = Document("400 Gäste sahen in Hagen den Zirkus.", title="Hagen", path="/hagen.txt")
UNASKED = Document("In Siegen fiel der erste Schnee.", title="Siegen", path="/siegen.txt")
REMOVED = (
    Document("Das Rathaus von Fulda ist abgebrannt.", title="Fulda", path="/fulda.txt"),
    Document("In Erfurt steht ein Haus aus Holz.", title="Erfurt", path="/erfurt.txt"),
)


def fill(home: Path) -> None:
    """Two of the articles are gone again, one of them the last; one has another text than before."""
    with Store(home) as store:
        indexer = Indexer(store, SentenceSplitter(), HashEmbedder())
        indexer.index_documents([PERM, REMOVED[0], COLOGNE_BEFORE, BREST])
        indexer.index_documents([COLOGNE, COPY, REMOVED[1]])
        indexer.remove([document for document in store.documents() if document.title in ("Fulda", "Erfurt")])
        store.put_source(Source("https://example.org/feed", SourceKind.FEED, etag='"1"'))
        store.put_seen_entries("https://example.org/feed", [SeenEntry("https://example.org/perm", "marke")])
        store.put_file("/perm.txt", 123, 456, ["/perm.txt"])
        log = FeedbackLog(store)
        log.put(Judgement("Wer regiert Perm?", "Dmitri Machonin", 1, 0, 15, Verdict.GOOD, user="u"))
        log.note_missed("Wie heißt der Bürgermeister von Köln?")
        standing = StandingQuestions(store)
        question = standing.add("Wie viele Gäste kamen?", known="200 Gäste")
        indexer.index_documents([OPENED])
        answer = StandingAnswer(question, 7, "400 Gäste", 0, 9, 0.9, before="200 Gäste")
        standing.finish(UnaskedArticle(1, 7), OPENED.text, [answer])
        indexer.index_documents([UNASKED])


def dump(connection: sqlite3.Connection) -> Iterator[str]:
    """The statements that make a database with the same tables, rows and ids; the keyword index is built anew."""
    schema = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
    ).fetchall()
    virtual = [name for _, name, sql in schema if sql.startswith("CREATE VIRTUAL")]
    shadows = tuple(f"{name}_" for name in virtual)
    tables = [
        (name, sql)
        for kind, name, sql in schema
        if kind == "table" and name not in virtual and not name.startswith(("sqlite_", *shadows))
    ]
    for name, sql in tables:
        yield f"{sql};"
        yield from _rows(connection, name)
    yield "DELETE FROM sqlite_sequence;"
    yield from _rows(connection, "sqlite_sequence")
    yield from (f"{sql};" for _, name, sql in schema if name in virtual)
    yield "INSERT INTO keywords (keywords) VALUES ('rebuild');"
    yield from (f"{sql};" for kind, _, sql in schema if kind != "table")
    for pragma in ("application_id", "user_version"):
        (value,) = connection.execute(f"PRAGMA {pragma}").fetchone()
        yield f"PRAGMA {pragma} = {value};"


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    quoted = ", ".join(f'quote("{column}")' for column in columns)
    for values in connection.execute(f"SELECT {quoted} FROM {table}").fetchall():
        yield f"INSERT INTO {table} VALUES ({', '.join(values)});"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder))
        connection = sqlite3.connect(Path(folder) / DATABASE_NAME)
        head = f"-- A collection of schema version {SCHEMA_VERSION}, made by its own code; see tests/schema_dump.py."
        sys.stdout.write("\n".join([head, "BEGIN;", *dump(connection), "COMMIT;"]) + "\n")
        connection.close()


if __name__ == "__main__":
    main()
