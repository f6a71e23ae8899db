"""Writes ``requirements.lock`` and ``torch.lock`` beside this file: what the image installs, each with its hashes.
The driver of PostgreSQL is among it: several containers share a collection only there.

    pip install uv
    python deploy/lock.py

To be run after each change of pyproject.toml or constraints.txt; a test compares the versions. ``uv`` resolves what
pyproject.toml asks for, in the versions of constraints.txt, and takes the hashes of all files of these versions from
the package index, so that the lock fits every machine with this Python.

torch is the CPU build, which stands in PyTorch's own index. Where that cannot be reached, the wheels in PIP_FIND_LINKS
are hashed instead; the lock then fits the machines of these wheels alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import unquote

HERE = Path(__file__).parent
PYTHON = "3.11"
TORCH_INDEX = os.environ.get("TORCH_INDEX", "https://download.pytorch.org/whl/cpu")
# The CUDA build asks for these, the CPU build does not.
_CUDA = re.compile(r"(torch|triton|nvidia-|cuda-)")


def main() -> None:
    """Writes both files."""
    command = [
        *("uv", "pip", "compile", "pyproject.toml", "--extra", "postgres", "-c", "constraints.txt"),
        *("--python-version", PYTHON),
        *("--python-platform", "x86_64-manylinux_2_28", "--generate-hashes", "--no-header", "--no-annotate"),
    ]
    compiled = subprocess.run(command, cwd=HERE.parent, check=True, capture_output=True, text=True).stdout
    # A requirement begins at the margin; its hashes are indented.
    requirements = re.split(r"\n(?=\S)", compiled.strip())
    kept = [requirement for requirement in requirements if not _CUDA.match(requirement)]
    _write("requirements.lock", kept)
    (version,) = re.findall(r"^torch==([\d.]+)", (HERE.parent / "constraints.txt").read_text(), re.MULTILINE)
    hashes = " \\\n".join(f"    --hash=sha256:{value}" for value in _torch_hashes(f"torch-{version}+cpu-"))
    _write("torch.lock", [f"torch=={version}+cpu \\\n{hashes}"])


def _write(name: str, requirements: list[str]) -> None:
    head = "# Made by deploy/lock.py; pip install --require-hashes --no-deps -r …\n"
    (HERE / name).write_text(head + "\n".join(requirements) + "\n", encoding="utf-8")


def _torch_hashes(begin: str) -> list[str]:
    """The hashes of the files whose names begin so and that are for this Python."""
    tag = f"-cp{PYTHON.replace('.', '')}-"
    try:
        with urllib.request.urlopen(f"{TORCH_INDEX}/torch/", timeout=30) as page:
            links = unquote(page.read().decode())
        found = re.findall(rf"/{re.escape(begin)}[^\"#]*{tag}[^\"#]*\.whl#sha256=([0-9a-f]{{64}})", links)
    except OSError as error:
        folders = [Path(folder) for folder in os.environ.get("PIP_FIND_LINKS", "").split()]
        print(f"{TORCH_INDEX} cannot be reached ({error}); wheels are looked for in {folders}", file=sys.stderr)
        wheels = [wheel for folder in folders for wheel in folder.glob(f"{begin}*{tag}*.whl")]
        found = [hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels]
    if not found:
        raise SystemExit("no hash of torch was found")
    return sorted(set(found))


if __name__ == "__main__":
    main()
