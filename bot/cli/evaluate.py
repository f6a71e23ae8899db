"""``fundstelle eval``: quality figures on a SQuAD file."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.command import Json, command
from bot.cli.console import progress, say, show, show_json
from bot.cli.filters import with_filter
from bot.messages import text
from bot.settings import Settings
from bot.wiring import open_collection
from retrieval.errors import EvaluationError
from retrieval.types import Filter


class Mode(StrEnum):
    """What is measured."""

    READER = "reader"  # the context is given
    OPEN = "open"  # the context has to be found
    DIALOGUE = "dialogue"  # the same, with follow-up questions


class Questions(StrEnum):
    """The key under which the questions stand."""

    GERMAN = "question"
    ENGLISH = "question_en"
    COMPLETE = "question_complete"
    COMPLETE_ENGLISH = "question_complete_en"


@command
@with_filter
def evaluate(
    settings: Settings,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A SQuAD 1.1 or 2.0 file.")],
    mode: Annotated[Mode, typer.Option(help="Context given, to be found, or dialogues.")] = Mode.READER,
    questions: Annotated[Questions, typer.Option(help="The key of the questions.")] = Questions.GERMAN,
    questions_from: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Take the questions from here, by id.", show_default=False)
    ] = None,
    *,
    within: Filter,
    as_json: Json = False,
) -> None:
    """Measure quality on a file with questions and answers."""
    from retrieval.evaluation.runs import evaluate_open, evaluate_reader, risk_curve, summarise
    from retrieval.evaluation.squad import read_evaluation

    if within and mode is not Mode.OPEN:
        raise EvaluationError(text("cli.within_needs_open", settings.language))
    if mode is Mode.DIALOGUE:
        _print(_dialogue_figures(settings, file, questions, questions_from), as_json=as_json)
        return
    data = read_evaluation(file, field=questions.value, questions_from=questions_from)
    with open_collection(settings, say) as collection, progress(text("cli.evaluating", settings.language)) as advance:
        if mode is Mode.OPEN:
            calibration = collection.calibrations.found
            outcomes = evaluate_open(
                data,
                collection.embedder,
                collection.reader,
                calibration,
                collection.threshold(calibration),
                top_k=settings.top_k,
                within=within,
                progress=advance,
            )
        else:
            calibration = collection.calibrations.given
            outcomes = evaluate_reader(
                data, collection.reader, calibration, collection.threshold(calibration), progress=advance
            )
    figures, curve = summarise(outcomes), risk_curve(outcomes)
    if as_json:
        show_json({**figures, "risk_coverage": curve})
        return
    # Of the surest questions, how many are answered wrongly.
    risks = ", ".join(f"{coverage:.0f} %: {risk:.1f}" for coverage, risk in curve)
    _print({**figures, "risk_coverage": risks}, as_json=False)


def _dialogue_figures(
    settings: Settings, file: Path, questions: Questions, questions_from: Path | None
) -> dict[str, float | int]:
    from retrieval.answering.answerer import Answerer
    from retrieval.answering.conversation import Conversation
    from retrieval.evaluation.dialogues import evaluate_dialogues, read_dialogues, summarise_dialogues

    data = read_dialogues(file, field=questions.value, questions_from=questions_from)
    with open_collection(settings, say) as collection, progress(text("cli.evaluating", settings.language)) as advance:
        calibration = collection.calibrations.found
        threshold = collection.threshold(calibration)
        outcomes = evaluate_dialogues(
            data,
            collection.embedder,
            lambda search: Answerer(search, collection.reader, calibration, threshold=threshold),
            lambda answerer: Conversation(answerer, top_k=settings.top_k).ask,
            progress=advance,
        )
    return summarise_dialogues(outcomes)


def _print(figures: Mapping[str, float | int | str | None], *, as_json: bool) -> None:
    if as_json:
        show_json(figures)
        return
    width = max(map(len, figures))
    for name, value in figures.items():
        show(f"{name:<{width}}  {'-' if value is None else value}")
