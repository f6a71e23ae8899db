"""How the store's values become database rows and come back."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.store.checksums import checksum
from retrieval.types import Document, Filter, Landmark, Passage, Segments, Sentence

#: The columns that make a Document, in the order that its checksum is computed in.
_COLUMNS = ("path", "title", "source", "url", "published", "language", "landmarks", "author", "text")
#: What ``is_intact`` and ``to_document`` expect of a row, for a SELECT.
DOCUMENT = ", ".join(("id", *_COLUMNS, "seal"))

#: For a WHERE; takes an ``ids_parameter``.
IN_IDS = "IN (SELECT value FROM json_each(?))"

_CRC_BYTES = 4
#: The CRC-32 of anything that is followed by its own CRC-32.
_CRC_OF_WITH_CRC = 0x2144DF1C


def is_intact(row: Sequence[Any]) -> bool:
    """Whether the columns ``DOCUMENT`` of one row hold what was written to them."""
    return bool(document_checksum(to_values(row)) == row[-1])


def to_document(row: Sequence[Any]) -> Document:
    """A Document from the columns ``DOCUMENT`` of a row that is intact."""
    values = to_values(row)
    return Document(
        id=row[0],
        path=values["path"],
        title=values["title"],
        source=values["source"],
        url=values["url"],
        published=values["published"],
        language=values["language"],
        landmarks=tuple(Landmark(*landmark) for landmark in json.loads(values["landmarks"])),
        author=values["author"],
        text=values["text"],
    )


def from_document(document: Document) -> dict[str, str]:
    """What ``to_document`` reads again, by column."""
    return {
        "path": document.path,
        "title": document.title,
        "source": document.source,
        "url": document.url,
        "published": document.published,
        "language": document.language,
        # A fourth value only where it says something: articles without OCR keep their checksums.
        "landmarks": json.dumps(
            [astuple(landmark)[: 4 if landmark.ocr else 3] for landmark in document.landmarks], ensure_ascii=False
        ),
        "author": document.author,
        "text": document.text,
    }


def to_values(row: Sequence[Any]) -> dict[str, Any]:
    """The columns that make a Document, by name, from the columns ``DOCUMENT``."""
    return dict(zip(_COLUMNS, row[1:-1], strict=True))


def document_checksum(values: Mapping[str, Any]) -> bytes:
    """The checksum of what an answer shows of an article, as ``from_document`` gives it."""
    return checksum(values[column] for column in _COLUMNS)


def condition(within: Filter) -> tuple[str, list[Any]]:
    """The filter as an SQL condition on ``documents``, and its parameters. ``Database`` defines ``casefold``."""
    conditions: list[str] = ["1"]
    parameters: list[Any] = []
    if within.source:
        conditions.append("instr(casefold(source), ?)")
        parameters.append(within.source.casefold())
    if within.words:
        # One condition for however many: SQLite takes no expression of more than a thousand parts.
        whole = "casefold(documents.title || ' ' || documents.source || ' ' || documents.path)"
        conditions.append(f"NOT EXISTS (SELECT 1 FROM json_each(?) AS word WHERE NOT instr({whole}, word.value))")
        parameters.append(json.dumps(list(dict.fromkeys(word.casefold() for word in within.words))))
    if within.since:
        conditions.append("published >= ?")  # an empty one never is
        parameters.append(within.since)
    if within.until:
        conditions.append("published <> '' AND substr(published, 1, 10) <= ?")
        parameters.append(within.until)
    if within.without_ocr:
        marked = "EXISTS (SELECT 1 FROM json_each(documents.landmarks) AS mark WHERE json_array_length(mark.value) > 3)"
        conditions.append(f"CASE WHEN json_valid(documents.landmarks) THEN NOT {marked} ELSE 1 END")
    if within.article:
        conditions.append("documents.id = ?")
        parameters.append(str(within.article))
    return " AND ".join(conditions), parameters


def digest(text: str) -> bytes:
    """SHA-256 of the words, whatever white space is between them. Articles with the same digest are copies."""
    return hashlib.sha256(" ".join(text.split()).encode()).digest()


def to_blobs(vectors: NDArray[np.float32]) -> list[bytes]:
    """Each row of ``vectors`` as little-endian float16, followed by its CRC-32."""
    return [_with_crc(row.tobytes()) for row in np.asarray(vectors).astype("<f2")]


def _with_crc(data: bytes) -> bytes:
    """The bytes, followed by their CRC-32, little-endian."""
    return data + zlib.crc32(data).to_bytes(_CRC_BYTES, "little")


def to_vectors(blobs: Sequence[bytes]) -> NDArray[np.float32]:
    """What ``to_blobs`` has written, as float32 ``(len(blobs), dimension)`` with rows of length 1.

    Raises:
        ValueError: one is damaged, they differ in length, or there are none.
    """
    if any(not isinstance(blob, bytes) or zlib.crc32(blob) != _CRC_OF_WITH_CRC for blob in blobs):
        raise ValueError("a damaged vector")
    if len({len(blob) for blob in blobs}) != 1:
        raise ValueError("vectors of different lengths")
    rows = np.frombuffer(b"".join(blobs), dtype=np.uint8).reshape(len(blobs), -1)[:, :-_CRC_BYTES]
    return of_length_one(np.ascontiguousarray(rows).view("<f2").astype(np.float32))


def of_length_one(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows of ``vectors``, which float16 has made a little longer or shorter, with length 1, in place."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    np.divide(vectors, lengths, out=vectors, where=lengths > 0)
    return vectors


def ids_parameter(ids: Iterable[int]) -> str:
    """Any number of ids as one SQL parameter, to be read by ``json_each(?)``."""
    return json.dumps(sorted({int(value) for value in ids}))


def check_segments(document: Document, segments: Segments, vectors: NDArray[np.float32]) -> None:
    """Raises ValueError if an article, its segments and their vectors do not fit together."""
    if not document.path:
        raise ValueError("a stored document needs a path")
    sentences, passages = segments.sentences, segments.passages
    if vectors.ndim != 2 or len(vectors) != len(sentences) or not np.isfinite(vectors).all():
        raise ValueError(f"{len(sentences)} sentences need as many finite vectors, not {vectors.shape}")
    if len(segments.terms) != len(passages):
        raise ValueError(f"{len(passages)} passages need as many keyword terms, not {len(segments.terms)}")
    units: list[Sentence | Passage] = [*sentences, *passages]
    for unit in units:
        if not 0 <= unit.start < unit.end <= len(document.text) or document.text[unit.start : unit.end] != unit.text:
            raise ValueError(f"offsets {unit.start} to {unit.end} do not give the text {unit.text[:60]!r}")
    for passage in passages:
        if not 0 <= passage.first_sentence <= passage.last_sentence < len(sentences):
            raise ValueError(f"no sentences {passage.first_sentence} to {passage.last_sentence}")
