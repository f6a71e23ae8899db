"""Checksums that show what SQLite does not see: a flipped bit inside a value.

SQLite checks pages, rows and types, but it cannot know what a value should be. So three things carry checksums:

- An article has one over everything that an answer shows of it: text, landmarks, title, source, address, date, path,
  author and language. It is compared whenever the article is read, so a damaged title is not shown either.
- A vector has a CRC-32 (``rows.to_blobs``), compared whenever it is read.
- The sentences and passages of an article (offsets, keyword terms) have one together. ``Store.check`` compares it, and
  so does indexing the article again. Damage there may make search worse, but a quote stays a quote.

The columns are called ``seal``. Earlier versions of an article are protected by their digest. Near-duplicate bands and
the notes about files and feeds have no checksum: if they are wrong, that costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from retrieval.store.sql import Connection

_SEGMENTS = (
    'SELECT position, "start", "end" FROM sentences WHERE document_id = ? ORDER BY position',
    'SELECT id, "start", "end", first_sentence, last_sentence, terms, parts FROM passages '
    "WHERE document_id = ? ORDER BY id",
)


def checksum(values: Iterable[object]) -> bytes:
    """A BLAKE2b of the values, 8 bytes."""
    # JSON gives the same text in every Python. Only a damaged value has a type that it does not know.
    return hashlib.blake2b(json.dumps(list(values), default=repr).encode(), digest_size=8).digest()


def segments_checksum(rows: Callable[[str, Sequence[object]], Iterable[Any]], document_id: int) -> bytes:
    """The checksum of an article's sentences and passages as they are now; ``rows`` runs a statement."""
    return checksum(row for sql in _SEGMENTS for row in rows(sql, (document_id,)))


def store_segments_checksum(connection: Connection, document_id: int) -> None:
    """Keeps the checksum of an article's sentences and passages as they are now."""
    values = (document_id, segments_checksum(connection.execute, document_id))
    connection.execute(
        "INSERT INTO part_seals (document_id, seal) VALUES (?, ?) "
        "ON CONFLICT (document_id) DO UPDATE SET seal = excluded.seal",
        values,
    )
