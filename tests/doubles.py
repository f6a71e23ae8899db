"""Real implementations of the model protocols that need no weights."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.german import keyword_terms


class HashEmbedder:
    """Texts with the same keyword terms have near vectors: each term is hashed to one of the dimensions.

    ``name`` makes the signature; two embedders of different names hash differently.
    """

    def __init__(self, name: str = "hash", dimension: int = 64) -> None:
        self._name = name
        self._dimension = dimension

    @property
    def signature(self) -> str:
        return f"{self._name}/{self._dimension}"

    @property
    def dimension(self) -> int:
        return self._dimension

    def load(self) -> None:
        pass

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            # A text without terms gets a direction of its own.
            for term in keyword_terms(text) or ["\0"]:
                value = zlib.crc32(f"{self._name}:{term}".encode())
                row[value % self._dimension] += 1 if value & 0x10000 else -1
            if not row.any():
                row[0] = 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.embed_texts(texts)
