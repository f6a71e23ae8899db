"""How the tables of an older version become today's, one frozen step a version.

A step never changes once it has landed, and it runs none of today's code: only SQL with the columns of its own time,
and the few lines of Python further down. So it does to a file of its version the same for ever, whatever the tables
look like by then. This module imports nothing of Fundstelle, and a test looks at that.

What a step has to compute is done in one of two ways:

- Checksums and CRCs are computed here, from literal columns. They are a few lines, and without them every article of
  an upgraded file would count as damaged.
- The language of an article, its near-duplicate bands and the parts of compounds depend on word lists and on code that
  goes on changing. A step leaves them empty and sets the mark ``backfill`` in ``meta``; ``backfill`` fills them in.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from typing import Final

_FROM_1 = """
-- Copies have the digest of another article, and SQLite cannot drop a UNIQUE from a table.
CREATE TABLE documents_2 (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    path      TEXT NOT NULL UNIQUE,
    digest    BLOB NOT NULL,
    title     TEXT NOT NULL,
    source    TEXT NOT NULL,
    url       TEXT NOT NULL,
    published TEXT NOT NULL,
    author    TEXT NOT NULL,
    language  TEXT NOT NULL,
    added     TEXT NOT NULL,
    copy_of   INTEGER REFERENCES documents_2 (id) ON DELETE SET NULL,
    landmarks TEXT NOT NULL,
    text      TEXT NOT NULL
);
INSERT INTO documents_2
    (id, path, digest, title, source, url, published, author, language, added, copy_of, landmarks, text)
    SELECT id, path, digest, title, source, url, published, '', '', '', NULL, '[]', text FROM documents;
DELETE FROM sqlite_sequence WHERE name = 'documents_2';
INSERT INTO sqlite_sequence (name, seq) SELECT 'documents_2', seq FROM sqlite_sequence WHERE name = 'documents';
DROP TABLE documents;
ALTER TABLE documents_2 RENAME TO documents;
CREATE INDEX documents_of_digest ON documents (digest);
CREATE INDEX copies_of_document ON documents (copy_of) WHERE copy_of IS NOT NULL;

CREATE TABLE versions (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    text        TEXT NOT NULL,
    title       TEXT NOT NULL,
    source      TEXT NOT NULL,
    url         TEXT NOT NULL,
    published   TEXT NOT NULL,
    author      TEXT NOT NULL,
    digest      BLOB NOT NULL,
    replaced_at TEXT NOT NULL,
    UNIQUE (document_id, digest, replaced_at)
);

CREATE TABLE shingles (
    band        INTEGER NOT NULL,
    value       INTEGER NOT NULL,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    PRIMARY KEY (band, value, document_id)
) WITHOUT ROWID;
CREATE INDEX shingles_of_document ON shingles (document_id);

CREATE TABLE sources (
    location      TEXT PRIMARY KEY,
    kind          TEXT NOT NULL CHECK (kind IN ('folder', 'feed', 'page')),
    etag          TEXT NOT NULL,
    last_modified TEXT NOT NULL,
    checked_at    TEXT NOT NULL,
    error         TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE files (
    path          TEXT NOT NULL,
    document_path TEXT NOT NULL,
    size          INTEGER NOT NULL,
    mtime_ns      INTEGER NOT NULL,
    PRIMARY KEY (path, document_path)
) WITHOUT ROWID;
CREATE INDEX files_of_document ON files (document_path);
CREATE TRIGGER forget_file AFTER DELETE ON documents BEGIN
    DELETE FROM files WHERE path IN (SELECT path FROM files WHERE document_path = old.path);
END;

-- Languages and bands.
INSERT OR REPLACE INTO meta (key, value) VALUES ('backfill', 1);
"""

_FROM_2 = """
CREATE TABLE entries (
    feed TEXT NOT NULL,
    key  TEXT NOT NULL,
    mark TEXT NOT NULL,
    PRIMARY KEY (feed, key)
) WITHOUT ROWID;
"""

_FROM_3 = """
CREATE TABLE removed_sentences (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    sentence_id INTEGER NOT NULL
);
CREATE TRIGGER log_removed_sentence AFTER DELETE ON sentences BEGIN
    INSERT INTO removed_sentences (sentence_id) VALUES (old.id);
END;

DROP TRIGGER keywords_insert;
DROP TRIGGER keywords_delete;
DROP TABLE keywords;
ALTER TABLE passages ADD COLUMN parts TEXT NOT NULL DEFAULT '';
CREATE VIRTUAL TABLE keywords USING fts5(
    terms, parts, content = 'passages', content_rowid = 'id',
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
);
INSERT INTO keywords (keywords) VALUES ('rebuild');
CREATE VIRTUAL TABLE keyword_frequencies USING fts5vocab(keywords, row);
CREATE TRIGGER keywords_insert AFTER INSERT ON passages BEGIN
    INSERT INTO keywords (rowid, terms, parts) VALUES (new.id, new.terms, new.parts);
END;
CREATE TRIGGER keywords_delete AFTER DELETE ON passages BEGIN
    INSERT INTO keywords (keywords, rowid, terms, parts) VALUES ('delete', old.id, old.terms, old.parts);
END;

-- The parts of compounds.
INSERT OR REPLACE INTO meta (key, value) VALUES ('backfill', 1);
"""

_FROM_4 = """
ALTER TABLE documents ADD COLUMN seal BLOB NOT NULL DEFAULT x'';

CREATE TABLE part_seals (
    document_id INTEGER PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
    seal        BLOB NOT NULL
);
"""

_FROM_5 = """
CREATE TABLE feedback (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    question    TEXT NOT NULL,
    answer      TEXT NOT NULL,
    document_id INTEGER REFERENCES documents (id) ON DELETE SET NULL,
    "start"     INTEGER NOT NULL,
    "end"       INTEGER NOT NULL,
    verdict     TEXT NOT NULL CHECK (verdict IN ('good', 'bad')),
    wanted      TEXT NOT NULL,
    user_hash   TEXT NOT NULL,
    asked_at    TEXT NOT NULL,
    UNIQUE (user_hash, question, answer)
);
CREATE INDEX feedback_of_document ON feedback (document_id) WHERE document_id IS NOT NULL;

CREATE TABLE missed (
    question   TEXT PRIMARY KEY,
    wording    TEXT NOT NULL,
    count      INTEGER NOT NULL,
    last_asked TEXT NOT NULL
) WITHOUT ROWID;
"""

_FROM_6 = """
CREATE TABLE standing_questions (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    owner     TEXT NOT NULL,
    question  TEXT NOT NULL,
    added     TEXT NOT NULL,
    since     INTEGER NOT NULL,
    known     TEXT NOT NULL,
    signature TEXT NOT NULL,
    vector    BLOB NOT NULL,
    UNIQUE (owner, question)
);

CREATE TABLE unasked_articles (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL UNIQUE REFERENCES documents (id) ON DELETE CASCADE
);

CREATE TABLE standing_answers (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    question_id  INTEGER NOT NULL REFERENCES standing_questions (id) ON DELETE CASCADE,
    document_id  INTEGER REFERENCES documents (id) ON DELETE SET NULL,
    digest       BLOB NOT NULL,
    answer       TEXT NOT NULL,
    "start"      INTEGER NOT NULL,
    "end"        INTEGER NOT NULL,
    confidence   REAL NOT NULL,
    before       TEXT NOT NULL,
    found_at     TEXT NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    delivered_at TEXT NOT NULL DEFAULT '',
    UNIQUE (question_id, document_id),
    UNIQUE (question_id, digest)
);
CREATE INDEX standing_answers_of_document ON standing_answers (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX undelivered_answers ON standing_answers (question_id) WHERE delivered_at = '';

CREATE TABLE sent_answers (
    answer_id INTEGER NOT NULL REFERENCES standing_answers (id) ON DELETE CASCADE,
    way       TEXT NOT NULL,
    PRIMARY KEY (answer_id, way)
) WITHOUT ROWID;
"""


def _add_checksums_5(connection: sqlite3.Connection) -> None:
    """Version 5: an article and its parts get a BLAKE2b of their JSON, a vector its CRC-32 behind it."""

    def checksum(rows: list[object]) -> bytes:
        return hashlib.blake2b(json.dumps(rows, default=repr).encode(), digest_size=8).digest()

    def with_crc(vector: bytes) -> bytes:
        return vector + zlib.crc32(vector).to_bytes(4, "little")

    for (row,) in connection.execute("SELECT id FROM documents").fetchall():
        (values,) = connection.execute(
            "SELECT path, title, source, url, published, language, landmarks, author, text FROM documents WHERE id = ?",
            (row,),
        ).fetchall()
        connection.execute("UPDATE documents SET seal = ? WHERE id = ?", (checksum(list(values)), row))
    for (row,) in connection.execute("SELECT DISTINCT document_id FROM sentences").fetchall():
        sentences = connection.execute(
            'SELECT position, "start", "end" FROM sentences WHERE document_id = ? ORDER BY position', (row,)
        ).fetchall()
        passages = connection.execute(
            'SELECT id, "start", "end", first_sentence, last_sentence, terms, parts FROM passages '
            "WHERE document_id = ? ORDER BY id",
            (row,),
        ).fetchall()
        values = (row, checksum([*sentences, *passages]))
        connection.execute("INSERT INTO part_seals (document_id, seal) VALUES (?, ?)", values)
    connection.create_function("with_crc", 1, with_crc, deterministic=True)
    for table in ("sentences", "staged_vectors"):
        connection.execute(f"UPDATE {table} SET vector = with_crc(vector)")


Step = tuple[str, Callable[[sqlite3.Connection], None] | None]

#: What makes version n + 1 of version n: an SQL script, and what is computed after it.
STEPS: Final[dict[int, Step]] = {
    1: (_FROM_1, None),
    2: (_FROM_2, None),
    3: (_FROM_3, None),
    4: (_FROM_4, _add_checksums_5),
    5: (_FROM_5, None),
    6: (_FROM_6, None),
}


def migrate(connection: sqlite3.Connection) -> int:
    """Brings the tables to today's version, each step one transaction; the version that was found.

    Harmless when two processes do it at the same moment: each looks at the version again under the write lock.
    """
    found = _version(connection)
    # Dropping a table that others refer to would empty those, and this cannot be switched inside a transaction.
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        for version in range(found, max(STEPS) + 1):
            connection.execute("BEGIN IMMEDIATE")
            try:
                if _version(connection) == version:
                    script, compute = STEPS[version]
                    run_script(connection, script)
                    if compute is not None:
                        compute(connection)
                    connection.execute(f"PRAGMA user_version = {version + 1}")
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
    finally:
        connection.execute("PRAGMA foreign_keys = ON")
    return found


def run_script(connection: sqlite3.Connection, script: str) -> None:
    """Runs the statements of a script one by one: ``executescript`` would commit the transaction first."""
    for statement in _statements(script):
        connection.execute(statement)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
