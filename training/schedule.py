"""A training run that is given minutes, not steps: the learning rate follows the clock.

The machines that train this differ a hundredfold in speed; a run that is told how long it may take always ends
with its learning rate at zero.
"""

from __future__ import annotations

import time

import torch

from training import processes
from training.precision import HalfCopy


class TimedSchedule:
    """Warm-up over the first 3 % of the time, then linear decay to zero.

    With ``half`` the loss is that of the bfloat16 copy of the model whose weights ``optimizer`` moves. Where several
    processes train one model, all of them step together, and go by one clock.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer, minutes: float, name: str, *, half: HalfCopy | None = None
    ) -> None:
        self._optimizer = optimizer
        self._half = half
        self._begin = time.monotonic()
        self._seconds = minutes * 60
        self._rates = [group["lr"] for group in optimizer.param_groups]
        self._name = name
        self._steps = 0
        self._tokens = 0
        self._losses: list[float] = []
        self._share = 0.0

    @property
    def share(self) -> float:
        """How much of the time had passed at the last step (0..1)."""
        return self._share

    @property
    def over(self) -> bool:
        return self.share >= 1.0

    def step(self, loss: torch.Tensor, tokens: int) -> None:
        """One optimizer step on ``loss``; prints a line every fifty steps."""
        learning = [parameter for group in self._optimizer.param_groups for parameter in group["params"]]
        if torch.isfinite(loss):
            loss.backward()
            if self._half is not None:
                self._half.hand_gradients_over()
        else:
            # One batch that cannot be computed must not turn all weights into NaN.
            print(f"{self._name}: a batch of {tokens} tokens has the loss {loss.item()} and is left out", flush=True)
        for parameter in learning:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        passed = torch.tensor([min(1.0, (time.monotonic() - self._begin) / self._seconds)])
        processes.average([passed, *(parameter.grad for parameter in learning)])
        self._share = passed.item()
        norm = torch.nn.utils.clip_grad_norm_(learning, 1.0)
        if not torch.isfinite(norm):
            self._optimizer.zero_grad(set_to_none=True)
            print(f"{self._name}: a batch of {tokens} tokens has the gradient {norm} and is left out", flush=True)
            return
        share = self.share
        factor = min(share / 0.03 + 0.01, 1.0) * (1 - share)
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        if self._half is not None:
            self._half.take_weights()
        self._steps += 1
        self._tokens += tokens
        self._losses.append(loss.item())
        if self._steps % 50 == 0:
            elapsed = time.monotonic() - self._begin
            mean = sum(self._losses) / len(self._losses)
            self._losses.clear()
            rate = f"{self._tokens / elapsed:.0f} tokens/s a process"
            print(f"{self._name} {share:6.1%} step {self._steps} loss {mean:.4f} {rate}", flush=True)
