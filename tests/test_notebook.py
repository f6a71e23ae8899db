"""docs/notebook.ipynb runs, and prints what stands in it. ``python -m tests.test_notebook`` writes that down anew."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"


def cells() -> list[dict[str, Any]]:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    return list(notebook["cells"])


def printed() -> list[str]:
    """What each code cell prints, in the order of the notebook."""
    names: dict[str, object] = {}
    outputs = []
    for cell in cells():
        if cell["cell_type"] == "code":
            with contextlib.redirect_stdout(io.StringIO()) as output:
                exec("".join(cell["source"]), names)
            outputs.append(output.getvalue())
    return outputs


def test_the_notebook_prints_what_stands_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(NOTEBOOK.parent)
    shown = ["".join(output["text"]) for cell in cells() for output in cell.get("outputs", ())]
    assert len(shown) > 3
    assert [output for output in printed() if output] == shown


def test_it_is_a_notebook_that_programs_can_open() -> None:
    ids = [cell["id"] for cell in cells()]
    assert len(set(ids)) == len(ids)
    for cell in cells():
        assert set(cell) == {"cell_type", "id", "metadata", "source"} | (
            {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        )


def _write() -> None:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        os.chdir(NOTEBOOK.parent)
        outputs = iter(printed())
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            text = next(outputs).splitlines(keepends=True)
            cell["outputs"] = [{"name": "stdout", "output_type": "stream", "text": text}] if text else []
    NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
