"""Small real implementations of the models' protocols: exact, fast, and the same on every machine."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.answer import Span
from retrieval.language.terms import keyword_terms


class HashEmbedder:
    """An embedder without a model: each keyword term adds one to the dimension that its SHA-256 names.

    Texts that share terms are near each other, others are orthogonal but for collisions. ``name`` goes into the
    signature, so that two of them count as different embedders.
    """

    dimension = 64

    def __init__(self, name: str = "hash") -> None:
        self.signature = f"{name}-{self.dimension}"

    def load(self) -> None:
        """There is nothing to load."""

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """``(len(texts), 64)``; rows have length 1, that of a text without terms points along the first axis."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for term in keyword_terms(text):
                row[hashlib.sha256(term.encode()).digest()[0] % self.dimension] += 1
            if not row.any():
                row[0] = 1
            row /= np.linalg.norm(row)
        return vectors

    def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The same as for texts."""
        return self.embed_texts(texts)


class PatternReader:
    """A reader that finds the first match of a pattern, whatever is asked; a passage without one has no answer."""

    signature = "pattern"

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)

    def load(self) -> None:
        """There is nothing to load."""

    def read(self, question: str, passages: Sequence[str]) -> tuple[Span | None, ...]:
        """One best span a passage."""
        return tuple(self._span(passage) for passage in passages)

    def _span(self, passage: str) -> Span:
        found = self._pattern.search(passage)
        if found is None:
            return Span(passage[:3], 0, 3, score=0.0, null_score=20.0)
        return Span(found[0], found.start(), found.end(), score=12.0, null_score=0.0)


class ScriptedReader:
    """A reader that knows its answers: from each question to the quote it finds, wherever a passage holds it.

    A quote beats "no answer" by ``margin`` logits. Questions that are not in the script have no answer: the first
    word of each passage is its best span then, ``margin`` below "no answer".
    """

    def __init__(self, script: Mapping[str, str], margin: float = 12.0) -> None:
        self.signature = "scripted"
        self._script = dict(script)
        self._margin = margin

    def load(self) -> None:
        """There is nothing to load."""

    def read(self, question: str, passages: Sequence[str]) -> tuple[Span | None, ...]:
        """One best span a passage."""
        return tuple(self._span(question, passage) for passage in passages)

    def _span(self, question: str, passage: str) -> Span | None:
        quote = self._script.get(question)
        start = passage.find(quote) if quote else -1
        if quote and start >= 0:
            return Span(quote, start, start + len(quote), score=self._margin, null_score=0.0)
        words = passage.split()
        return Span(words[0], passage.index(words[0]), passage.index(words[0]) + len(words[0]), 0.0, self._margin)
