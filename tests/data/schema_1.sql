-- The tables as Fundstelle 0.1.0 made them (schema version 1), for the test of the migration.
BEGIN IMMEDIATE;

CREATE TABLE IF NOT EXISTS meta (
    key   TEXT PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS documents (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    path      TEXT NOT NULL UNIQUE,
    digest    BLOB NOT NULL UNIQUE,   -- of the words, see store.digest
    title     TEXT NOT NULL,
    source    TEXT NOT NULL,
    url       TEXT NOT NULL,
    published TEXT NOT NULL,
    text      TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS sentences (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    "start"     INTEGER NOT NULL,
    "end"       INTEGER NOT NULL,
    vector      BLOB NOT NULL,        -- little-endian float16
    UNIQUE (document_id, position)
);

CREATE TABLE IF NOT EXISTS passages (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id    INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    "start"        INTEGER NOT NULL,
    "end"          INTEGER NOT NULL,
    first_sentence INTEGER NOT NULL,
    last_sentence  INTEGER NOT NULL,
    terms          TEXT NOT NULL      -- last, so that reading the others skips its overflow pages
);
CREATE INDEX IF NOT EXISTS passages_of_document ON passages (document_id, first_sentence, last_sentence);

-- Vectors of a new embedder wait here until all are there.
CREATE TABLE IF NOT EXISTS staged_vectors (
    sentence_id INTEGER PRIMARY KEY,
    vector      BLOB NOT NULL
);

CREATE VIRTUAL TABLE IF NOT EXISTS keywords USING fts5(
    terms, content = 'passages', content_rowid = 'id',
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
);

CREATE TRIGGER IF NOT EXISTS keywords_insert AFTER INSERT ON passages BEGIN
    INSERT INTO keywords (rowid, terms) VALUES (new.id, new.terms);
END;
CREATE TRIGGER IF NOT EXISTS keywords_delete AFTER DELETE ON passages BEGIN
    INSERT INTO keywords (keywords, rowid, terms) VALUES ('delete', old.id, old.terms);
END;

INSERT OR IGNORE INTO meta VALUES ('generation', 0), ('identity', lower(hex(randomblob(16))));
PRAGMA application_id = 1182101092;
PRAGMA user_version = 1;
COMMIT;
