"""What speaks for a span: the features of its confidence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """The features of a span's confidence.

    ``margin`` is its margin over "no answer" (logits). The others stay 0 for a text that was given: ``agreeing``
    counts the other passages that were read whose best span says the same, ``behind`` is how far the passage's fused
    score lies behind the question's best (0 or less), ``strange`` is 1 if the question names a place or a person that
    the article does not have.
    """

    margin: float
    agreeing: float = 0.0
    behind: float = 0.0
    strange: float = 0.0
