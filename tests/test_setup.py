"""The set-up of the Makefile: a few lines for people, pip's own in a log, stdout and stdin left to the questions."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

# A Python that makes environments of its own kind. Its pip says much and eats stdin; its fundstelle echoes.
_PYTHON = """#!/bin/sh
case "$*" in
"-m venv "*)
    mkdir -p "$3/bin"
    cp "$0" "$3/bin/python"
    printf '#!/bin/sh\\necho "$@"\\ncat\\n' >"$3/bin/fundstelle"
    chmod +x "$3/bin/fundstelle" ;;
"-m pip "*)
    cat
    echo "Collecting $*"
    echo "WARNING: a warning" >&2
    case "$*" in *"$PIP_FAILS"*) echo "ERROR: No matching distribution" >&2; exit 3 ;; esac ;;
esac
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with what the set-up needs."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "python").write_text(_PYTHON, encoding="utf-8")
    (tmp_path / "python").chmod(0o755)
    return tmp_path


def make(tree: Path, target: str, *, pip_fails: str = "never", stdin: str = "") -> subprocess.CompletedProcess[str]:
    """``make target``; ``pip_fails`` is a part of the arguments with which pip fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", target, f"PYTHON={tree / 'python'}"],
        cwd=tree, env=environment | {"PIP_FAILS": pip_fails}, input=stdin, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_line_a_step_and_the_rest_in_the_log(tree: Path) -> None:
    done = make(tree, "install")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "Setting up in .venv, about two minutes …",
        "  PyTorch …",
        "  Fundstelle and its libraries …",
    ]
    log = (tree / ".venv" / "setup.log").read_text(encoding="utf-8")
    assert log.count("Collecting") == log.count("WARNING") == 2
    assert log.index("-c constraints.txt --no-deps") < log.index("--editable .")


def test_it_is_done_once(tree: Path) -> None:
    make(tree, "install")
    assert "PyTorch" not in make(tree, "install").stderr


def test_piped_questions_reach_the_chat_and_only_answers_come_out(tree: Path) -> None:
    done = make(tree, "chat", stdin="Wer?\nWann?\n")
    assert (done.returncode, done.stdout) == (0, "chat --index seeds\nWer?\nWann?\n")


@pytest.mark.parametrize("step", ["torch", "--editable ."])
def test_a_step_that_fails_ends_it_with_pip_s_last_words(tree: Path, step: str) -> None:
    done = make(tree, "chat", pip_fails=step, stdin="Wer?\n")
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    position = lines.index("ERROR: No matching distribution")
    assert lines[position + 1] == "Setting up has failed. All that pip said is in .venv/setup.log."
    again = make(tree, "install")
    assert again.returncode == 0
    assert "Fundstelle and its libraries" in again.stderr


def test_the_big_pytorch_is_announced(tree: Path) -> None:
    make(tree, "install", pip_fails="torch")
    metadata = tree / ".venv" / "lib" / "python3.11" / "site-packages" / "torch-2.13.0.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Name: torch\nRequires-Dist: nvidia-cublas; platform_system == 'Linux'\n", encoding="utf-8")
    done = make(tree, "install")
    assert done.returncode == 0
    assert done.stderr.index("gigabytes of CUDA") < done.stderr.index("Fundstelle and its libraries")
