"""The tables of the database, version by version; ``migration`` makes today's of those of an older one.

Ids are AUTOINCREMENT, so an id is never given out twice: an index that is behind can point to rows that are
gone, but never to other rows than those it was built from.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

from retrieval.language.compounds import part_terms
from retrieval.language.terms import text_language
from retrieval.store.checksums import seal, store_parts_seal
from retrieval.store.near_duplicates import store_bands
from retrieval.store.rows import COLUMNS, with_crc

#: The keyword index. It reads its content from ``passages`` and can therefore be rebuilt at any time. Terms come
#: stemmed and folded; every character but the separators belongs to a token, so it is split at spaces only. ``parts``
#: are the terms of the parts of compounds, which count less.
KEYWORDS_TABLE: Final = """
CREATE VIRTUAL TABLE IF NOT EXISTS keywords USING fts5(
    terms, parts, content = 'passages', content_rowid = 'id',
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
);
"""

_VERSION_1 = """
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;

CREATE TABLE documents (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    path      TEXT NOT NULL UNIQUE,
    digest    BLOB NOT NULL UNIQUE,   -- of the words, see rows.digest
    title     TEXT NOT NULL,
    source    TEXT NOT NULL,
    url       TEXT NOT NULL,
    published TEXT NOT NULL,
    text      TEXT NOT NULL
);

CREATE TABLE sentences (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    "start"     INTEGER NOT NULL,
    "end"       INTEGER NOT NULL,
    vector      BLOB NOT NULL,        -- little-endian float16, followed by a CRC-32 since version 4
    UNIQUE (document_id, position)
);

CREATE TABLE passages (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id    INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    "start"        INTEGER NOT NULL,
    "end"          INTEGER NOT NULL,
    first_sentence INTEGER NOT NULL,
    last_sentence  INTEGER NOT NULL,
    terms          TEXT NOT NULL      -- last, so that reading the others skips its overflow pages
);
CREATE INDEX passages_of_document ON passages (document_id, first_sentence, last_sentence);

-- Vectors of a new embedder wait here until all are there.
CREATE TABLE staged_vectors (
    sentence_id INTEGER PRIMARY KEY,
    vector      BLOB NOT NULL
);
CREATE VIRTUAL TABLE keywords USING fts5(
    terms, content = 'passages', content_rowid = 'id',
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
);
CREATE TRIGGER keywords_insert AFTER INSERT ON passages BEGIN
    INSERT INTO keywords (rowid, terms) VALUES (new.id, new.terms);
END;
CREATE TRIGGER keywords_delete AFTER DELETE ON passages BEGIN
    INSERT INTO keywords (keywords, rowid, terms) VALUES ('delete', old.id, old.terms);
END;

INSERT INTO meta VALUES ('generation', 0), ('identity', lower(hex(randomblob(16))));
"""

_VERSION_2 = """
-- Copies have the digest of another article, and SQLite cannot drop a UNIQUE from a table.
CREATE TABLE documents_2 (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    path      TEXT NOT NULL UNIQUE,
    digest    BLOB NOT NULL,          -- of the words, see rows.digest
    title     TEXT NOT NULL,
    source    TEXT NOT NULL,
    url       TEXT NOT NULL,
    published TEXT NOT NULL,
    author    TEXT NOT NULL,
    language  TEXT NOT NULL,
    added     TEXT NOT NULL,          -- when it was first taken up, UTC; '': before this was recorded
    copy_of   INTEGER REFERENCES documents_2 (id) ON DELETE SET NULL,
    landmarks TEXT NOT NULL,          -- JSON: [[start, page, heading], ...]
    text      TEXT NOT NULL           -- last, so that reading the others skips its overflow pages
);
INSERT INTO documents_2
    SELECT id, path, digest, title, source, url, published, '', '', '', NULL, '[]', text FROM documents;
DELETE FROM sqlite_sequence WHERE name = 'documents_2';
INSERT INTO sqlite_sequence SELECT 'documents_2', seq FROM sqlite_sequence WHERE name = 'documents';
DROP TABLE documents;
ALTER TABLE documents_2 RENAME TO documents;
CREATE INDEX documents_of_digest ON documents (digest);
CREATE INDEX copies_of_document ON documents (copy_of) WHERE copy_of IS NOT NULL;

-- What an article said before it was corrected.
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
    replaced_at TEXT NOT NULL,        -- UTC
    UNIQUE (document_id, digest, replaced_at)
);

-- MinHash bands of the articles that are searched, see shingles.
CREATE TABLE shingles (
    band        INTEGER NOT NULL,
    value       INTEGER NOT NULL,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    PRIMARY KEY (band, value, document_id)
) WITHOUT ROWID;
CREATE INDEX shingles_of_document ON shingles (document_id);

-- What is looked at again and again: folders, feeds, web pages.
CREATE TABLE sources (
    location      TEXT PRIMARY KEY,
    kind          TEXT NOT NULL CHECK (kind IN ('folder', 'feed', 'page')),
    etag          TEXT NOT NULL,
    last_modified TEXT NOT NULL,
    checked_at    TEXT NOT NULL,
    error         TEXT NOT NULL
) WITHOUT ROWID;

-- Size and time of a file when it was last read without an error, so that it can be skipped unread. One row an article
-- in it: without its article the file has to be read again.
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
"""

_VERSION_3 = """
-- The entries of feeds that have been dealt with, as long as the feeds name them.
CREATE TABLE entries (
    feed TEXT NOT NULL,
    key  TEXT NOT NULL,
    mark TEXT NOT NULL,               -- of what the feed said of it
    PRIMARY KEY (feed, key)
) WITHOUT ROWID;
"""

_VERSION_4 = """
-- Which sentences are gone, in the order in which they went: what an index has to take out.
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
"""

_VERSION_4_KEYWORDS = f"""{KEYWORDS_TABLE}
INSERT INTO keywords (keywords) VALUES ('rebuild');
CREATE VIRTUAL TABLE keyword_frequencies USING fts5vocab(keywords, row);
CREATE TRIGGER keywords_insert AFTER INSERT ON passages BEGIN
    INSERT INTO keywords (rowid, terms, parts) VALUES (new.id, new.terms, new.parts);
END;
CREATE TRIGGER keywords_delete AFTER DELETE ON passages BEGIN
    INSERT INTO keywords (keywords, rowid, terms, parts) VALUES ('delete', old.id, old.terms, old.parts);
END;
"""

_VERSION_5 = """
ALTER TABLE documents ADD COLUMN seal BLOB NOT NULL DEFAULT x'';   -- see seals

CREATE TABLE part_seals (
    document_id INTEGER PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
    seal        BLOB NOT NULL
);
"""

_VERSION_6 = """
-- What people think of answers. user_hash tells people apart without naming them; '' is whoever sits at this machine.
CREATE TABLE feedback (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    question    TEXT NOT NULL,
    answer      TEXT NOT NULL,        -- the quote; '': the articles do not say
    document_id INTEGER REFERENCES documents (id) ON DELETE SET NULL,
    "start"     INTEGER NOT NULL,     -- of the quote in the article as it was then
    "end"       INTEGER NOT NULL,
    verdict     TEXT NOT NULL CHECK (verdict IN ('good', 'bad')),
    wanted      TEXT NOT NULL,        -- what would have been right; '': not said
    user_hash   TEXT NOT NULL,
    asked_at    TEXT NOT NULL,        -- UTC
    UNIQUE (user_hash, question, answer)
);
CREATE INDEX feedback_of_document ON feedback (document_id) WHERE document_id IS NOT NULL;

-- Questions that the articles do not answer.
CREATE TABLE missed (
    question   TEXT PRIMARY KEY,      -- its words in small letters
    wording    TEXT NOT NULL,         -- as it was last asked
    count      INTEGER NOT NULL,
    last_asked TEXT NOT NULL          -- UTC
) WITHOUT ROWID;
"""


def _describe_articles(connection: sqlite3.Connection) -> None:
    """What version 2 knows about articles that version 1 has taken up."""
    for (row,) in connection.execute("SELECT id FROM documents").fetchall():
        (text,) = connection.execute("SELECT text FROM documents WHERE id = ?", (row,)).fetchone()
        connection.execute("UPDATE documents SET language = ? WHERE id = ?", (text_language(text), row))
        store_bands(connection, row, text)


def _split_compounds(connection: sqlite3.Connection) -> None:
    """The parts of the compounds in passages from before version 4."""
    for (document,) in connection.execute("SELECT id FROM documents").fetchall():
        (text,) = connection.execute("SELECT text FROM documents WHERE id = ?", (document,)).fetchone()
        places = connection.execute('SELECT id, "start", "end" FROM passages WHERE document_id = ?', (document,))
        connection.executemany(
            "UPDATE passages SET parts = ? WHERE id = ?",
            [(" ".join(part_terms(text[start:end])), row) for row, start, end in places.fetchall()],
        )


def _seal(connection: sqlite3.Connection) -> None:
    """The checksums of what is there; vectors get theirs too."""
    for (row,) in connection.execute("SELECT id FROM documents").fetchall():
        values = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM documents WHERE id = ?", (row,)).fetchone()
        connection.execute("UPDATE documents SET seal = ? WHERE id = ?", (seal(values), row))
    for (row,) in connection.execute("SELECT DISTINCT document_id FROM sentences").fetchall():
        store_parts_seal(connection, row)
    connection.create_function("with_crc", 1, with_crc, deterministic=True)
    for table in ("sentences", "staged_vectors"):
        connection.execute(f"UPDATE {table} SET vector = with_crc(vector)")


#: What makes schema version n + 1 of version n, from the empty file on; an SQL script or a function.
STEPS: Final[tuple[tuple[str | Callable[[sqlite3.Connection], None], ...], ...]] = (
    (_VERSION_1,),
    (_VERSION_2, _describe_articles),
    (_VERSION_3,),
    (_VERSION_4, _split_compounds, _VERSION_4_KEYWORDS),
    (_VERSION_5, _seal),
    (_VERSION_6,),
)
SCHEMA_VERSION: Final = len(STEPS)
