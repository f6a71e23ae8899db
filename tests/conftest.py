"""Fixtures that several test modules share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test, and a test's data directory is its own."""
    for name in [name for name in os.environ if name.startswith("FUNDSTELLE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FUNDSTELLE_HOME", str(tmp_path / "home"))


@pytest.fixture
def seeds() -> Path:
    """The folder with the sample articles."""
    return ROOT / "seeds"
