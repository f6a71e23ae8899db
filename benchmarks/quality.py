"""Quality: ``fundstelle eval`` on SQuAD files, reader alone and whole pipeline, German and English questions.

Each row of the table is one command, printed below it. English questions stand in a file under ``question_en`` or
under the same ids in its neighbour ``name.en.json`` of ``name.de.json``. FUNDSTELLE_EMBEDDER and FUNDSTELLE_READER
measure other models.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import markdown

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "eval"
FILES = ("xquad.de.json", "newsroom-dev.json")
FUNDSTELLE = Path(sys.executable).with_name("fundstelle")


def default_files() -> list[Path]:
    """The evaluation files beside the repository, as far as they are there."""
    return [Path(os.path.relpath(DATA / name)) for name in FILES if (DATA / name).is_file()]


def measure(path: Path) -> list[dict[str, Any]]:
    """A row for each mode and language: ``run`` (its name), ``command``, and the figures of ``fundstelle eval``."""
    rows = []
    for mode in ("reader", "open"):
        for language, options in _questions(path).items():
            arguments = ["eval", str(path), "--mode", mode, *options]
            command = shlex.join(["fundstelle", *arguments])
            print(command, file=sys.stderr)
            done = subprocess.run([FUNDSTELLE, *arguments, "--json"], stdout=subprocess.PIPE, check=False)
            if done.returncode:
                raise SystemExit(done.returncode)  # the command has said why
            name = f"{path.name.split('.')[0]}, {mode}, {language} questions"
            rows.append({"run": name, "command": command, **json.loads(done.stdout)})
    return rows


def report(rows: Sequence[dict[str, Any]]) -> str:
    """The table, and the commands below it."""
    names = dict.fromkeys(name for row in rows for name in row if name != "command")
    table = markdown(["" if name == "run" else name for name in names], [[row.get(n) for n in names] for row in rows])
    return "\n".join([table, "", "```", *(row["command"] for row in rows), "```"])


def _questions(path: Path) -> dict[str, list[str]]:
    """The languages of the questions, with the options that ask for them."""
    neighbour = path.with_name(path.name.replace(".de.", ".en."))
    if neighbour != path and neighbour.is_file():
        return {"German": [], "English": ["--questions-from", str(neighbour)]}
    if path.is_file() and '"question_en"' in path.read_text(encoding="utf-8"):
        return {"German": [], "English": ["--questions", "question_en"]}
    return {"German": []}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help=f"SQuAD files; by default {' and '.join(FILES)} in {DATA}")
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    options = parser.parse_args(arguments)
    files = options.files or default_files()
    if not files:
        parser.error(f"no files given, and none in {DATA}")
    rows = [row for path in files for row in measure(path)]
    print(json.dumps(rows) if options.json else report(rows))


if __name__ == "__main__":
    main()
