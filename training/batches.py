"""Batches of token ids for training: similar lengths together, padded to multiples of eight."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import torch

MULTIPLE = 8  # matrix units want it


def pad(rows: Sequence[Sequence[int] | np.ndarray], value: int = 0) -> torch.Tensor:
    """Rows of different lengths as one (n, longest) int64 tensor."""
    width = max(map(len, rows))
    width += -width % MULTIPLE
    out = np.full((len(rows), width), value, np.int64)
    for row, ids in zip(out, rows, strict=True):
        row[: len(ids)] = ids
    return torch.from_numpy(out)


def by_length(lengths: Sequence[int], tokens: int, rng: random.Random) -> list[list[int]]:
    """Positions grouped so that a batch holds about ``tokens`` padded tokens, in random order."""
    order = sorted(range(len(lengths)), key=lambda item: (lengths[item], rng.random()))
    batches: list[list[int]] = []
    batch: list[int] = []
    for item in order:
        width = lengths[item] + -lengths[item] % MULTIPLE
        if batch and width * (len(batch) + 1) > tokens:
            batches.append(batch)
            batch = []
        batch.append(item)
    if batch:
        batches.append(batch)
    rng.shuffle(batches)
    return batches
