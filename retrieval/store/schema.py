"""The tables of the database as they are today: what a new file gets.

``migrations`` holds the steps that lead older files here. A change of the tables is made in both places, with one more
``SCHEMA_VERSION``; a test compares what they give.

Ids are AUTOINCREMENT, so an id is never given out twice: an index that is behind can point to rows that are gone, but
never to other rows than those it was built from.
"""

from __future__ import annotations

from typing import Final

SCHEMA_VERSION: Final = 7
#: Marks a database file as Fundstelle's ("Fund" in ASCII).
APPLICATION_ID: Final = 0x46756E64

#: The keyword index. It reads its content from ``passages``, so it can be rebuilt at any time. Terms come stemmed and
#: folded; every character but the separators belongs to a token, so they are split at spaces only. ``parts`` are the
#: terms of the parts of compounds, which count less.
KEYWORDS_TABLE: Final = """
CREATE VIRTUAL TABLE IF NOT EXISTS keywords USING fts5(
    terms, parts, content = 'passages', content_rowid = 'id',
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
);
"""

TABLES: Final = f"""
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;
INSERT INTO meta VALUES ('generation', 0), ('identity', lower(hex(randomblob(16))));

-- Articles.

CREATE TABLE documents (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    path      TEXT NOT NULL UNIQUE,
    digest    BLOB NOT NULL,          -- of the words, see rows.digest; a copy has that of its original
    title     TEXT NOT NULL,
    source    TEXT NOT NULL,
    url       TEXT NOT NULL,
    published TEXT NOT NULL,
    author    TEXT NOT NULL,
    language  TEXT NOT NULL,
    added     TEXT NOT NULL,          -- when it was first indexed, UTC; '': before this was recorded
    copy_of   INTEGER REFERENCES documents (id) ON DELETE SET NULL,
    landmarks TEXT NOT NULL,          -- JSON: [[start, page, heading], ...], with true after what OCR read
    text      TEXT NOT NULL,          -- near the end, so that reading the others skips its overflow pages
    seal      BLOB NOT NULL DEFAULT x''  -- see checksums
);
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

-- What they are searched by.

CREATE TABLE sentences (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    "start"     INTEGER NOT NULL,
    "end"       INTEGER NOT NULL,
    vector      BLOB NOT NULL,        -- little-endian float16, followed by a CRC-32
    UNIQUE (document_id, position)
);

-- Which sentences are gone, in the order in which they went: what an index has to take out.
CREATE TABLE removed_sentences (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    sentence_id INTEGER NOT NULL
);
CREATE TRIGGER log_removed_sentence AFTER DELETE ON sentences BEGIN
    INSERT INTO removed_sentences (sentence_id) VALUES (old.id);
END;

-- Vectors of a new embedder wait here until all are there.
CREATE TABLE staged_vectors (
    sentence_id INTEGER PRIMARY KEY,
    vector      BLOB NOT NULL
);

CREATE TABLE passages (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id    INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    "start"        INTEGER NOT NULL,
    "end"          INTEGER NOT NULL,
    first_sentence INTEGER NOT NULL,
    last_sentence  INTEGER NOT NULL,
    terms          TEXT NOT NULL,     -- near the end, so that reading the others skips its overflow pages
    parts          TEXT NOT NULL DEFAULT ''
);
CREATE INDEX passages_of_document ON passages (document_id, first_sentence, last_sentence);
{KEYWORDS_TABLE}
CREATE VIRTUAL TABLE keyword_frequencies USING fts5vocab(keywords, row);
CREATE TRIGGER keywords_insert AFTER INSERT ON passages BEGIN
    INSERT INTO keywords (rowid, terms, parts) VALUES (new.id, new.terms, new.parts);
END;
CREATE TRIGGER keywords_delete AFTER DELETE ON passages BEGIN
    INSERT INTO keywords (keywords, rowid, terms, parts) VALUES ('delete', old.id, old.terms, old.parts);
END;

-- MinHash bands of the articles that are searched, see near_duplicates.
CREATE TABLE shingles (
    band        INTEGER NOT NULL,
    value       INTEGER NOT NULL,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    PRIMARY KEY (band, value, document_id)
) WITHOUT ROWID;
CREATE INDEX shingles_of_document ON shingles (document_id);

-- The checksum of an article's sentences and passages, see checksums.
CREATE TABLE part_seals (
    document_id INTEGER PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
    seal        BLOB NOT NULL
);

-- Where articles come from.

-- What is looked at again and again: folders, feeds, web pages.
CREATE TABLE sources (
    location      TEXT PRIMARY KEY,
    kind          TEXT NOT NULL CHECK (kind IN ('folder', 'feed', 'page')),
    etag          TEXT NOT NULL,
    last_modified TEXT NOT NULL,
    checked_at    TEXT NOT NULL,
    error         TEXT NOT NULL
) WITHOUT ROWID;

-- The entries of feeds that have been dealt with, as long as the feeds name them.
CREATE TABLE entries (
    feed TEXT NOT NULL,
    key  TEXT NOT NULL,
    mark TEXT NOT NULL,               -- of what the feed said of it
    PRIMARY KEY (feed, key)
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

-- What people say.

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

-- Questions that wait for new articles.

-- owner tells people apart without naming them; '' is whoever sits at this machine.
CREATE TABLE standing_questions (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    owner     TEXT NOT NULL,
    question  TEXT NOT NULL,
    added     TEXT NOT NULL,          -- UTC
    since     INTEGER NOT NULL,       -- the number of the last article that it is not asked of
    known     TEXT NOT NULL,          -- the latest answer, as a quote; '': none so far
    signature TEXT NOT NULL,          -- of the embedder that made the vector; '': none yet
    vector    BLOB NOT NULL,          -- as that of a sentence
    UNIQUE (owner, question)
);

-- New and changed articles that standing questions are still to be asked of, in the order in which they came.
CREATE TABLE unasked_articles (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL UNIQUE REFERENCES documents (id) ON DELETE CASCADE
);

-- What they have answered, each article and each wording once a question; undelivered ones are a queue.
CREATE TABLE standing_answers (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    question_id  INTEGER NOT NULL REFERENCES standing_questions (id) ON DELETE CASCADE,
    document_id  INTEGER REFERENCES documents (id) ON DELETE SET NULL,
    digest       BLOB NOT NULL,       -- of the article's words, see rows.digest
    answer       TEXT NOT NULL,       -- the quote
    "start"      INTEGER NOT NULL,
    "end"        INTEGER NOT NULL,
    confidence   REAL NOT NULL,
    before       TEXT NOT NULL,       -- what was known until then, if that is something else; '' otherwise
    found_at     TEXT NOT NULL,       -- UTC
    attempts     INTEGER NOT NULL DEFAULT 0,
    delivered_at TEXT NOT NULL DEFAULT '',  -- UTC; '': not yet
    UNIQUE (question_id, document_id),
    UNIQUE (question_id, digest)
);
CREATE INDEX standing_answers_of_document ON standing_answers (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX undelivered_answers ON standing_answers (question_id) WHERE delivered_at = '';

-- By which of several ways an answer has gone out that is not delivered yet.
CREATE TABLE sent_answers (
    answer_id INTEGER NOT NULL REFERENCES standing_answers (id) ON DELETE CASCADE,
    way       TEXT NOT NULL,
    PRIMARY KEY (answer_id, way)
) WITHOUT ROWID;

PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""
