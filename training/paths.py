"""Where training reads and writes."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("FUNDSTELLE_TRAINING_DATA", ROOT.parent / "shared" / "data"))
WORK = Path(os.environ.get("FUNDSTELLE_TRAINING_WORK", ROOT / "training" / "work"))
MODELS = ROOT / "retrieval" / "models"
