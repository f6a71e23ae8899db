"""``fundstelle calibrate``: what the scores of the reader in use mean, learnt from questions with known answers."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.command import Json, command
from bot.cli.console import progress, say, show, show_json, whole_path
from bot.cli.evaluate import QuestionField
from bot.messages import text
from bot.render.text import number, percent
from bot.settings import Settings
from bot.wiring import open_collection

if TYPE_CHECKING:
    from retrieval.evaluation.fitting import Fit


@command
def calibrate(
    settings: Settings,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    questions: Annotated[QuestionField, typer.Option()] = QuestionField.GERMAN,
    as_json: Json = False,
) -> None:
    """Fit the confidence of the reader in use, for this data directory."""
    from retrieval.evaluation.fitting import calibrate
    from retrieval.evaluation.squad import read_evaluation

    data = read_evaluation(whole_path(file), field=questions.value)
    with open_collection(settings, say) as collection:
        reader = collection.reader
        with progress(text("cli.calibrating", settings.language)) as advance:
            fits = calibrate(data, collection.embedder, reader, top_k=settings.top_k, progress=advance)
        fits.calibrations.write_home(settings.home, reader.signature)
    both = {"found": fits.found, "given": fits.given}
    if as_json:
        figures = {name: _to_json(fit) for name, fit in both.items()}
        show_json({"reader": reader.signature, "questions": len(data.questions), **figures})
        return
    language = settings.language
    count = number(len(data.questions), language)
    show(text("cli.calibrated", language, reader=reader.signature, count=count))
    for name, fit in both.items():
        shares = {key: percent(getattr(fit, key), language) for key in ("answered", "right", "silent")}
        threshold = percent(fit.calibration.threshold, language)
        show(text(f"cli.calibrated_{name}", language, threshold=threshold, **shares))


def _to_json(fit: Fit) -> dict[str, Any]:
    return {
        **asdict(fit.calibration),
        "answered_share": round(100 * fit.answered, 2),
        "right_share": round(100 * fit.right, 2),
        "no_answer_accuracy": round(100 * fit.silent, 2),
    }
