"""From scores to the probability that an answer is right.

Logistic regression (Platt scaling, Platt 1999) over a few features, fitted by ``training/calibrate.py`` on questions
that nothing was trained on, and kept as ``calibration.json`` beside the reader's weights.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from retrieval.errors import ModelError
from retrieval.types import Hit, Span

FILE = "calibration.json"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of the features; the confidence is the sigmoid of their sum.

    ``margin`` weighs the span's margin over "no answer" (logits). Two describe the passage when it was found by
    search: ``dense`` its best sentence's cosine (-1..1), ``behind`` how far its fused score lies behind the
    question's best passage (0 or less). ``threshold`` is the confidence from which on an answer is shown.
    The defaults suit a SQuAD 2.0 reader that nobody has calibrated.
    """

    bias: float = -0.5
    margin: float = 0.4
    dense: float = 0.0
    behind: float = 2.0
    threshold: float = 0.4

    def logit(self, span: Span, hit: Hit | None, best_score: float) -> float:
        """The log odds that ``span`` is right. ``hit`` is None when the passage was given, not searched."""
        z = self.bias + self.margin * span.margin
        if hit is not None:
            z += self.dense * hit.dense + self.behind * (hit.score - best_score)
        return z


@dataclass(frozen=True, slots=True)
class Calibrations:
    """Both calibrations of a reader: ``found`` for passages that search found, ``given`` for a given text."""

    found: Calibration = Calibration()
    given: Calibration = Calibration(bias=0.0, behind=0.0)

    @classmethod
    def read(cls, folder: Path | None) -> Calibrations:
        """The calibrations in a reader's folder, the defaults if there are none.

        Raises:
            ModelError: the file is damaged.
        """
        if folder is None or not (folder / FILE).is_file():
            return cls()
        try:
            values = json.loads((folder / FILE).read_text(encoding="utf-8"))
            return cls(**{part.name: Calibration(**values[part.name]) for part in fields(cls)})
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"Die Datei {folder / FILE} ist beschädigt ({error}). Bitte wiederherstellen oder löschen; "
                "ohne sie gelten Standardwerte."
            ) from error

    def write(self, folder: Path) -> None:
        """Writes ``calibration.json``."""
        (folder / FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def sigmoid(z: float) -> float:
    """Log odds -> probability (0..1)."""
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))
