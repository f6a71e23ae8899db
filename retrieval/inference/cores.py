"""Each core computes a batch of its own.

Two cores that share every single multiplication wait for each other several hundred times a question, and each of them
waits again for whatever else the machine does. With a batch each they meet once, at the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from retrieval.inference.model_files import fast_bfloat16

if TYPE_CHECKING:
    from torch import nn

Batch = TypeVar("Batch")
Result = TypeVar("Result")

_starting = threading.Lock()


def count() -> int:
    """How many cores compute: as many as PyTorch takes threads, see OMP_NUM_THREADS."""
    return _pool()[1]


def on_cores(compute: Callable[[Batch], Result], batches: Sequence[Batch]) -> list[Result]:
    """``compute`` of each batch, in order; as many at once as there are cores, the first ones begin."""
    return list(_pool()[0].map(compute, batches))


def prepare(model: nn.Module) -> None:
    """Once, after a model is read for the CPU: it computes in bfloat16 where that is faster.

    All of it, and not its matrices alone: turning what lies between them back and forth took a seventh of the time.
    """
    import torch

    if fast_bfloat16():
        model.to(torch.bfloat16)


def _pool() -> tuple[ThreadPoolExecutor, int]:
    with _starting:
        return _started()


@lru_cache(maxsize=1)
def _started() -> tuple[ThreadPoolExecutor, int]:
    import torch

    cores = torch.get_num_threads()
    # Counts for the thread that says it, and for those that compute with PyTorch for the first time afterwards.
    return ThreadPoolExecutor(cores, "core", initializer=lambda: torch.set_num_threads(1)), cores
