"""What became of the files of a run, for people and programs."""

from __future__ import annotations

from typing import Any

import typer

from bot.console import say, show, show_json
from bot.texts import text
from retrieval.types import IndexOutcome, IndexReport


def finish(report: IndexReport, language: str, *, as_json: bool) -> None:
    """Prints the report; ends the command with exit code 1 if a file has failed."""
    if as_json:
        show_json(_to_json(report))
    else:
        _print(report, language)
    failed = report.count(IndexOutcome.FAILED)
    if failed:
        say(text("cli.index_some_failed", language, failed=failed, count=len(report.files)))
        raise typer.Exit(1)


def _to_json(report: IndexReport) -> dict[str, Any]:
    return {
        **{outcome.value: report.count(outcome) for outcome in IndexOutcome},
        "files": [{"path": file.path, "outcome": file.outcome.value, "reason": file.reason} for file in report.files],
        "elapsed_ms": round(report.elapsed_ms, 1),
    }


def _print(report: IndexReport, language: str) -> None:
    for file in report.files:
        if file.reason or file.outcome is IndexOutcome.REMOVED:
            reason = f": {file.reason}" if file.reason else ""
            show(f"{file.path}: {text(f'cli.index_{file.outcome}', language)}{reason}")
    counts = [
        f"{report.count(outcome)} {text(f'cli.index_{outcome}', language)}"
        for outcome in IndexOutcome
        if outcome is not IndexOutcome.REMOVED or report.count(outcome)  # only a look at folders removes
    ]
    show(", ".join(counts))
