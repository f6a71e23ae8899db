"""The outcome of a run, for people and programs."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import typer

from bot.cli.console import say, show, show_json
from bot.messages import in_language, text
from bot.render.text import decimal, number, percent
from retrieval.index_report import IndexOutcome, IndexReport


def finish(report: IndexReport, language: str, *, as_json: bool, timings: bool = False) -> None:
    """Prints the report, with where the time went if wanted; exit code 1 if a file has failed."""
    files = [replace(file, reason=in_language(file.reason, language)) for file in report.articles]
    skipped = [
        replace(part, what=in_language(part.what, language), why=in_language(part.why, language))
        for part in report.skipped
    ]
    report = replace(report, articles=tuple(files), skipped=tuple(skipped))
    if as_json:
        show_json(_to_json(report) | ({"timings": _timings_json(report)} if timings else {}))
    else:
        _print(report, language)
        if timings:
            show(_timings_text(report, language))
    failed = report.count(IndexOutcome.FAILED)
    if failed:
        say(text("cli.index_some_failed", language, failed=failed, count=len(report.articles)))
        raise typer.Exit(1)


def _to_json(report: IndexReport) -> dict[str, Any]:
    return {
        **{outcome.value: report.count(outcome) for outcome in IndexOutcome},
        "files": [
            {"path": file.path, "outcome": file.outcome.value, "reason": file.reason} for file in report.articles
        ],
        "skipped": [asdict(part) for part in report.skipped],
        "elapsed_ms": round(report.elapsed_ms, 1),
    }


def _print(report: IndexReport, language: str) -> None:
    for file in report.articles:
        if file.reason or file.outcome is IndexOutcome.REMOVED:
            reason = f": {file.reason}" if file.reason else ""
            show(f"{file.path}: {text(f'cli.index_{file.outcome}', language)}{reason}")
    for part in report.skipped:
        show(f"{part.path}: {text('cli.index_skipped', language, what=part.what, why=part.why)}")
    counts = [
        f"{report.count(outcome)} {text(f'cli.index_{outcome}', language)}"
        for outcome in IndexOutcome
        if outcome is not IndexOutcome.REMOVED or report.count(outcome)  # only a look at folders removes
    ]
    show(", ".join(counts))


def _timings_json(report: IndexReport) -> dict[str, float]:
    return {
        **{name: round(value, 1) for name, value in asdict(report.timings).items()},
        "sentences_per_second": round(_sentences_per_second(report), 1),
    }


def _timings_text(report: IndexReport, language: str) -> str:
    timings, elapsed = report.timings, report.elapsed_ms or 1.0
    shares = {
        "parse": timings.parse_ms / elapsed,
        "split": timings.split_ms / elapsed,
        "embed": timings.embed_ms / elapsed,
        "store": timings.store_ms / elapsed,
    }
    return text(
        "cli.index_timings",
        language,
        sentences=number(timings.sentences, language),
        seconds=decimal(elapsed / 1000, language),
        speed=number(round(_sentences_per_second(report)), language),
        **{name: percent(share, language) for name, share in shares.items()},
    )


def _sentences_per_second(report: IndexReport) -> float:
    return 1000 * report.timings.sentences / report.elapsed_ms if report.elapsed_ms else 0.0
