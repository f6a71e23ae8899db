"""What speaks for a span: the features of its confidence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """The features of a span's confidence.

    ``margin`` is its margin over "no answer", ``lead`` the one over the best other place in the passage (logits, 0 and
    up). Three come from search, and stay 0 for a text that was given: ``agreeing`` counts the other passages that were
    read whose best span says the same, ``behind`` is how far the passage's fused score lies behind the question's best
    (0 or less), ``near`` how near the passage's best sentence is to the question (cosine, -1..1).
    """

    margin: float
    lead: float = 0.0
    agreeing: float = 0.0
    behind: float = 0.0
    near: float = 0.0
