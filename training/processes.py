"""Training on several cores: a process each with batches of its own, and one sum of all their gradients a step.

Two threads that share every multiplication wait for each other more than they compute: on two cores this is twice
as fast. ``python -m torch.distributed.run --nproc-per-node 2 -m training.embed`` starts them; a stage that is
started alone trains alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch
from torch import distributed


def join() -> int:
    """Which of the processes this is, from 0; to be called once, before anything else."""
    if "RANK" not in os.environ:
        return 0
    torch.set_num_threads(1)
    distributed.init_process_group("gloo")
    return distributed.get_rank()


def average(tensors: Sequence[torch.Tensor]) -> None:
    """Each of the tensors becomes the mean of those of all processes."""
    if not distributed.is_initialized():
        return
    together = torch.cat([tensor.reshape(-1) for tensor in tensors])
    distributed.all_reduce(together)
    together /= distributed.get_world_size()
    place = 0
    for tensor in tensors:
        tensor.copy_(together[place : place + tensor.numel()].view_as(tensor))
        place += tensor.numel()
