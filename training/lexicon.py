"""Translation probabilities from parallel text: IBM model 1 (Brown et al. 1993, "The Mathematics of Statistical
Machine Translation"), as a sparse matrix in numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def translation_table(
    sources: Sequence[NDArray[np.int32]],
    targets: Sequence[NDArray[np.int32]],
    *,
    source_size: int,
    target_size: int,
    rounds: int = 5,
    max_length: int = 40,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """p(target | source) for all id pairs that occur together.

    ``sources[i]`` and ``targets[i]`` are the ids of one pair; pairs longer than ``max_length`` on either side are
    left out. Returns ``(source ids, target ids, probabilities)``, sorted by source id, without those below 1e-3.
    """
    keys, groups, group = [], [], 0
    for source, target in zip(sources, targets, strict=True):
        if not (0 < len(source) <= max_length and 0 < len(target) <= max_length):
            continue
        keys.append((source[None, :].astype(np.int64) * target_size + target[:, None]).ravel())
        groups.append(np.repeat(np.arange(group, group + len(target)), len(source)))
        group += len(target)
    codes, inverse = np.unique(np.concatenate(keys), return_inverse=True)
    group_of = np.concatenate(groups)
    source_of = codes // target_size
    probability = np.ones(len(codes))
    for _ in range(rounds):
        weight = probability[inverse]
        weight /= np.bincount(group_of, weight, group)[group_of]  # E step: each target word chooses its source word
        counts = np.bincount(inverse, weight, len(codes))
        probability = counts / np.bincount(source_of, counts, source_size)[source_of]  # M step
    kept = probability > 1e-3
    return source_of[kept], codes[kept] % target_size, probability[kept]
