"""Computing in bfloat16, learning in float32: on a CPU with matrix units nearly twice as fast as autocast.

Autocast turns weights and activations back and forth in every layer; here the copy that computes is all bfloat16.
"""

from __future__ import annotations

import copy

import torch
from transformers import PreTrainedModel


class HalfCopy:
    """The bfloat16 copy of a model; ``model`` keeps the exact weights, and its optimizer moves those."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = copy.deepcopy(model).bfloat16()
        self._pairs = list(zip(model.parameters(), self.model.parameters(), strict=True))

    def hand_gradients_over(self) -> None:
        """After ``backward`` of the copy: its gradients become those of the exact weights."""
        for exact, half in self._pairs:
            exact.grad = None if half.grad is None else half.grad.float()
            half.grad = None

    @torch.no_grad()
    def take_weights(self) -> None:
        """After the optimizer's step: the copy follows."""
        for exact, half in self._pairs:
            half.copy_(exact)
