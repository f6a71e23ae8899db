"""What the store is given of an article, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.index_report import ArticleReport
from retrieval.types import Document, Segments, Version

#: When an article was added first, and what it said before.
Past = tuple[str, tuple[Version, ...]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An article that is ready to be stored. ``vectors``: float32 ``(sentences, dimension)``, rows of length 1."""

    document: Document
    segments: Segments
    vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of an article. ``document_id`` is its id; for a duplicate, that of its original."""

    report: ArticleReport
    document_id: int
