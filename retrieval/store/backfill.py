"""Fills in what a migration has left empty, because today's code and word lists decide it.

That is the language of an article, its near-duplicate bands and the parts of the compounds in its passages (see
``migrations``). A step that leaves something empty also sets the mark ``backfill`` in ``meta``. Whoever opens the
database for writing and finds the mark fills in what is empty and removes the mark, all in one transaction. If a
process is killed in between, the mark is still there, and the next one does the work. Until then the database can be
searched, but the parts of compounds do not count; so it is for one that can only be read.
"""

from __future__ import annotations

from sqlite3 import Connection

from retrieval.language.compounds import part_terms
from retrieval.language.detection import text_language
from retrieval.store.checksums import segments_checksum, store_segments_checksum
from retrieval.store.near_duplicates import store_bands
from retrieval.store.rows import DOCUMENT, document_checksum, is_intact, to_values

#: Gives a row if there is something to fill in.
IS_DUE = "SELECT 1 FROM meta WHERE key = 'backfill'"


def backfill(connection: Connection) -> None:
    """Fills in what is empty, inside a transaction. Does nothing if another process has done it in the meantime."""
    if not connection.execute(IS_DUE).fetchall():
        return
    for (document_id,) in connection.execute("SELECT id FROM documents ORDER BY id").fetchall():
        (row,) = connection.execute(f"SELECT {DOCUMENT} FROM documents WHERE id = ?", (document_id,)).fetchall()
        # A new checksum would hide that an article is damaged.
        if is_intact(row):
            values = to_values(row)
            _fill_language(connection, document_id, values)
            _fill_bands(connection, document_id, values["text"])
            _fill_compounds(connection, document_id, values["text"])
    # FTS5 does not see that its content has changed.
    connection.execute("INSERT INTO keywords (keywords) VALUES ('rebuild')")
    connection.execute("DELETE FROM meta WHERE key = 'backfill'")


def _fill_language(connection: Connection, document_id: int, values: dict[str, str]) -> None:
    if values["language"]:
        return
    values = {**values, "language": text_language(values["text"])}
    connection.execute(
        "UPDATE documents SET language = ?, seal = ? WHERE id = ?",
        (values["language"], document_checksum(values), document_id),
    )


def _fill_bands(connection: Connection, document_id: int, text: str) -> None:
    """Gives bands to an article that has sentences: one without either is a copy, or waits."""
    has_sentences, has_bands = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM sentences WHERE document_id = ?1), "
        "EXISTS (SELECT 1 FROM shingles WHERE document_id = ?1)",
        (document_id,),
    ).fetchone()
    if has_sentences and not has_bands:
        store_bands(connection, document_id, text)


def _fill_compounds(connection: Connection, document_id: int, text: str) -> None:
    """Gives the parts of their compounds to the passages of an article, unless something in them is damaged."""
    kept = connection.execute("SELECT seal FROM part_seals WHERE document_id = ?", (document_id,)).fetchall()
    if kept != [(segments_checksum(connection.execute, document_id),)]:
        return
    places = connection.execute(
        'SELECT id, "start", "end" FROM passages WHERE document_id = ? AND parts = \'\'', (document_id,)
    ).fetchall()
    parts = {row: " ".join(part_terms(text[start:end])) for row, start, end in places}
    found = [(terms, row) for row, terms in parts.items() if terms]
    if found:
        connection.executemany("UPDATE passages SET parts = ? WHERE id = ?", found)
        store_segments_checksum(connection, document_id)
