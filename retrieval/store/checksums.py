"""Checksums that show what SQLite does not see: a flipped bit inside a value.

SQLite's own check finds damage of the structure: pages, rows, types. What a value says it cannot know. So three things
carry checksums:

- an article the seal of what an answer shows of it: text, landmarks, title, source, address, date, path, author,
  language; it is looked at whenever an article is read as one (a damaged title is not shown either),
- a vector a CRC-32 (``rows.to_blobs``), looked at whenever it is read,
- the sentences and passages of an article a seal together (offsets, keyword terms), looked at by ``Store.check`` and
  when the article is indexed again. What a search finds may suffer from damage there; a quote stays a quote.

Earlier versions have their digest. Not covered is what costs nothing but time when it is wrong: near-duplicate bands,
the marks of files and feeds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from sqlite3 import Connection
from typing import Any

_SEGMENTS = (
    'SELECT position, "start", "end" FROM sentences WHERE document_id = ? ORDER BY position',
    'SELECT id, "start", "end", first_sentence, last_sentence, terms, parts FROM passages '
    "WHERE document_id = ? ORDER BY id",
)


def checksum(values: Iterable[object]) -> bytes:
    """8 bytes that other values would not give."""
    # JSON: the same in every Python. A value of a type that it does not know is a damaged one.
    return hashlib.blake2b(json.dumps(list(values), default=repr).encode(), digest_size=8).digest()


def segments_checksum(rows: Callable[[str, Sequence[object]], Iterable[Any]], document_id: int) -> bytes:
    """The seal of an article's sentences and passages as they stand there now; ``rows`` runs a statement."""
    return checksum(row for sql in _SEGMENTS for row in rows(sql, (document_id,)))


def store_segments_checksum(connection: Connection, document_id: int) -> None:
    """Seals the parts of an article."""
    values = (document_id, segments_checksum(connection.execute, document_id))
    connection.execute("INSERT OR REPLACE INTO part_seals VALUES (?, ?)", values)
