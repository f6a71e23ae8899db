"""Which questions a new article comes near to, so that only those are read.

A cosine means something else in each embedder, and for each question: some are near to everything. So the best sentence
of the article is compared with sentences of other articles: how many standard deviations it lies above their mean. To
that is added which share of the question's terms the article has. An English question shares little more than names
with German text, so less is asked of it. An article without a place or person that the question names is not near.

Of the held-out questions (``training/data/held_out``) that name two things or more, 96 % in German and 98 % in English
come near their own article; of the other articles 5 % come near a question, whatever it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retrieval.language.compounds import all_terms
from retrieval.language.detection import question_language
from retrieval.language.names import strange_names
from retrieval.types import Document

#: So many sentences of the collection are compared with.
BACKGROUND: Final = 512
#: With fewer of them, mean and deviation say little, and every article is near.
FEW: Final = 30
#: What all of the terms are worth, in standard deviations, and from which sum on an article is near.
TERMS: Final = 3.0
NEAR: Final = {"de": 3.5, "en": 3.0}


def near(
    questions: Sequence[str],
    vectors: NDArray[np.float32],
    document: Document,
    sentences: NDArray[np.float32],
    background: NDArray[np.float32],
) -> list[bool]:
    """Which questions an article comes near to.

    Args:
        questions: n questions.
        vectors: theirs, ``(n, d)``, rows of length 1, as all of these.
        document: the article.
        sentences: its vectors, ``(m, d)``, at least one.
        background: those of sentences of other articles, ``(k, d)``.
    """
    if len(background) < FEW:
        return [True] * len(questions)
    best = (vectors @ sentences.T).max(axis=1)
    usual = vectors @ background.T
    above = (best - usual.mean(axis=1)) / np.maximum(usual.std(axis=1), 1e-6)
    text = f"{document.title}\n{document.text}"
    there = all_terms(text).distinct
    return [
        float(distance) + TERMS * _share(wanted, there) >= NEAR[language] and not strange_names(question, text)
        for question, distance, (wanted, language) in zip(questions, above, map(_described, questions), strict=True)
    ]


def _share(wanted: frozenset[str], there: frozenset[str]) -> float:
    return len(wanted & there) / len(wanted) if wanted else 0.0


@lru_cache(maxsize=10_000)
def _described(question: str) -> tuple[frozenset[str], str]:
    """The terms of a question, and its language."""
    return all_terms(question).distinct, question_language(question)
