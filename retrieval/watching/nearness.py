"""Which questions a new article comes near to, so that only those are read.

A cosine means something else in each embedder, and for each question: some are near to everything. So the best sentence
of the article is compared with sentences from all over the collection: how many standard deviations it lies above their
mean.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

#: So many sentences of the collection are compared with.
BACKGROUND: Final = 512
#: How far above the mean, in standard deviations, the best sentence of an article has to lie.
NEAR: Final = 2.5
#: With fewer sentences to compare with, mean and deviation say little, and every article is near.
FEW: Final = 30


def near(
    questions: NDArray[np.float32], sentences: NDArray[np.float32], background: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Which questions an article with these sentences comes near to, ``(n,)``.

    All are vectors of length 1, in rows: ``questions`` (n, d), ``sentences`` (m, d), at least one, and ``background``
    (k, d) of the collection that the article is in.
    """
    if len(background) < FEW:
        return np.ones(len(questions), np.bool_)
    best = (questions @ sentences.T).max(axis=1)
    usual = questions @ background.T
    nearness: NDArray[np.bool_] = best >= usual.mean(axis=1) + NEAR * usual.std(axis=1)
    return nearness
