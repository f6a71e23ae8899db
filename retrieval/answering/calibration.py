"""From scores to the probability that an answer is right.

Logistic regression (Platt scaling, Platt 1999) over a few features. ``retrieval.evaluation.fitting`` fits it on
questions that nothing was trained on. It is kept as ``calibration.json`` beside the reader's weights; a data directory
can hold calibrations of its own, for any reader, and they come first.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from retrieval.answering.evidence import Evidence
from retrieval.errors import ModelError
from retrieval.files import write_json
from retrieval.inference.model_files import CALIBRATION_FILE
from retrieval.messages import notice

#: The calibrations of a data directory, by the reader's signature.
HOME_FILE = "calibrations.json"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of the ``Evidence``; the confidence is the sigmoid of their sum.

    ``threshold`` is the confidence from which on an answer is shown. The defaults suit a SQuAD 2.0 reader that nobody
    has calibrated.
    """

    bias: float = -0.5
    margin: float = 0.4
    agreeing: float = 0.0
    behind: float = 2.0
    strange: float = -1.0
    threshold: float = 0.4

    def logit(self, evidence: Evidence) -> float:
        """The log odds of being right."""
        weighed: list[float] = [
            getattr(self, feature.name) * getattr(evidence, feature.name) for feature in fields(evidence)
        ]
        return self.bias + sum(weighed)


@dataclass(frozen=True, slots=True)
class Calibrations:
    """Both calibrations of a reader: ``found`` for passages that search found, ``given`` for a given text."""

    found: Calibration = Calibration()
    given: Calibration = Calibration(bias=0.0, behind=0.0, strange=0.0)

    @classmethod
    def read(cls, folder: Path | None) -> Calibrations:
        """The calibrations in a reader's folder, the defaults if there are none.

        Raises:
            ModelError: the file is damaged.
        """
        if folder is None or not (folder / CALIBRATION_FILE).is_file():
            return cls()
        return _read(folder / CALIBRATION_FILE, None) or cls()

    @classmethod
    def read_home(cls, home: Path, signature: str) -> Calibrations | None:
        """What the data directory holds for the reader of this signature, None if nothing.

        Raises:
            ModelError: the file is damaged.
        """
        return _read(home / HOME_FILE, signature) if (home / HOME_FILE).is_file() else None

    def write(self, folder: Path) -> None:
        """Writes ``calibration.json``."""
        write_json(folder / CALIBRATION_FILE, asdict(self))

    def write_home(self, home: Path, signature: str) -> None:
        """Keeps these calibrations in the data directory for the reader of this signature.

        Raises:
            ModelError: the file that is there is damaged.
            StoreError: the directory cannot be written.
        """
        path = home / HOME_FILE
        kept = _read_object(path) if path.is_file() else {}
        write_json(path, {**kept, signature: asdict(self)})


def _read(path: Path, key: str | None) -> Calibrations | None:
    """The calibrations that are the file's content, or that stand in it under a key."""
    values = _read_object(path)
    if key is not None and key not in values:
        return None
    try:
        chosen = values if key is None else values[key]
        return Calibrations(**{part.name: Calibration(**chosen[part.name]) for part in fields(Calibrations)})
    except (KeyError, TypeError) as error:
        raise _damage_error(path, error) from error


def _read_object(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damage_error(path, error) from error
    if not isinstance(values, dict):
        raise _damage_error(path, notice("models.no_json_object"))
    return values


def _damage_error(path: Path, reason: object) -> ModelError:
    return ModelError(notice("models.calibration", path=path, error=reason))


def sigmoid(z: float) -> float:
    """Log odds -> probability (0..1)."""
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def logit(p: float) -> float:
    """Probability (0..1) -> log odds, infinite at both ends."""
    if not 0 < p < 1:
        return math.inf if p > 0 else -math.inf
    return math.log(p / (1 - p))
