"""How the store's values become database rows and come back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.types import Document, Passage, Sentence

#: The columns that make a Document, in the order of ``to_document``.
DOCUMENT = "id, path, title, source, url, published, text"


def to_document(row: Sequence[object]) -> Document:
    """A Document from the columns ``DOCUMENT``."""
    document_id, path, title, source, url, published, text = row
    return Document(str(text), str(title), str(source), str(url), str(published), str(path), int(str(document_id)))


def digest(text: str) -> bytes:
    """SHA-256 of the words, whatever white space lies between them: what makes two articles the same."""
    return hashlib.sha256(" ".join(text.split()).encode()).digest()


def to_blobs(vectors: NDArray[np.float32]) -> list[bytes]:
    """Each row of ``vectors`` as little-endian float16."""
    return [row.tobytes() for row in np.asarray(vectors).astype("<f2")]


def to_vectors(blobs: Sequence[bytes]) -> NDArray[np.float32]:
    """The float32 rows of length 1 that ``to_blobs`` has written. Raises ValueError if their lengths differ."""
    if len({len(blob) for blob in blobs}) != 1:
        raise ValueError("vectors of different lengths")
    vectors = np.frombuffer(b"".join(blobs), dtype="<f2").reshape(len(blobs), -1).astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    np.divide(vectors, lengths, out=vectors, where=lengths > 0)
    return vectors


def ids_parameter(ids: Iterable[int]) -> str:
    """Any number of ids as one SQL parameter, for ``json_each(?)``."""
    return json.dumps(sorted({int(value) for value in ids}))


def check_parts(
    document: Document,
    sentences: Sequence[Sentence],
    passages: Sequence[Passage],
    vectors: NDArray[np.float32],
    terms: Sequence[Sequence[str]],
) -> None:
    """Raises ValueError if the parts of an article do not fit together."""
    if not document.path:
        raise ValueError("a stored document needs a path")
    if vectors.ndim != 2 or len(vectors) != len(sentences) or not np.isfinite(vectors).all():
        raise ValueError(f"{len(sentences)} sentences need as many finite vectors, not {vectors.shape}")
    if len(terms) != len(passages):
        raise ValueError(f"{len(passages)} passages need as many lists of terms, not {len(terms)}")
    units: list[Sentence | Passage] = [*sentences, *passages]
    for unit in units:
        if not 0 <= unit.start < unit.end <= len(document.text) or document.text[unit.start : unit.end] != unit.text:
            raise ValueError(f"offsets {unit.start} to {unit.end} do not give the text {unit.text[:60]!r}")
    for passage in passages:
        if not 0 <= passage.first_sentence <= passage.last_sentence < len(sentences):
            raise ValueError(f"no sentences {passage.first_sentence} to {passage.last_sentence}")
