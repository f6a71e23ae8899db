"""``fundstelle eval``: quality figures on files with questions."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.command import Json, command
from bot.cli.console import progress, say, show_json, show_lines, whole_path
from bot.cli.figures import show_figures, show_reading, show_silence
from bot.cli.filters import with_filter
from bot.messages import in_language, text
from bot.render.text import percent
from bot.render.wording import citation
from bot.settings import Settings
from bot.wiring import open_collection
from retrieval.errors import EvaluationError
from retrieval.types import Filter

if TYPE_CHECKING:
    from retrieval.evaluation.silence import SilenceOutcome


class Mode(StrEnum):
    """What is measured."""

    READER = "reader"  # the context is given
    OPEN = "open"  # the context has to be found
    DIALOGUE = "dialogue"  # the same, with follow-up questions
    SILENCE = "silence"  # no article answers
    STREAM = "stream"  # the questions are there first, then one article after another


class QuestionField(StrEnum):
    """The key under which the questions stand."""

    GERMAN = "question"
    ENGLISH = "question_en"
    COMPLETE = "question_complete"
    COMPLETE_ENGLISH = "question_complete_en"


@command
@with_filter
def evaluate(
    settings: Settings,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    mode: Annotated[Mode, typer.Option()] = Mode.READER,
    questions: Annotated[QuestionField, typer.Option()] = QuestionField.GERMAN,
    questions_from: Annotated[Path | None, typer.Option(metavar="FILE", show_default=False)] = None,
    articles: Annotated[list[Path] | None, typer.Option(metavar="PATH", show_default=False)] = None,
    *,
    within: Filter,
    verbose: Annotated[bool, typer.Option("--verbose")] = False,
    as_json: Json = False,
) -> None:
    """Measure quality on a file with questions and answers, or silence on one with questions nobody can answer."""
    if within and mode is not Mode.OPEN:
        raise EvaluationError(text("cli.within_needs_open", settings.language))
    file = whole_path(file)
    is_silence = mode is Mode.SILENCE
    for option, misplaced in (
        ("--articles", articles and not is_silence),
        ("--verbose", verbose and not is_silence),
        ("--questions-from", questions_from and is_silence),
    ):
        if misplaced:
            raise EvaluationError(text("cli.eval_option", settings.language, option=option, mode=mode.value))
    if mode in (Mode.DIALOGUE, Mode.STREAM):
        measure = _dialogue_figures if mode is Mode.DIALOGUE else _stream_figures
        figures = measure(settings, file, questions, questions_from)
        if as_json:
            show_json(figures)
        else:
            show_figures(figures, settings.language)
    elif is_silence:
        _silence(settings, file, questions, articles or [], verbose=verbose, as_json=as_json)
    else:
        _answers(settings, file, mode, questions, questions_from, within, as_json=as_json)


def _answers(
    settings: Settings,
    file: Path,
    mode: Mode,
    questions: QuestionField,
    questions_from: Path | None,
    within: Filter,
    *,
    as_json: bool,
) -> None:
    from retrieval.evaluation.runs import evaluate_open, evaluate_reader, risk_curve, summarise
    from retrieval.evaluation.squad import read_evaluation

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
    else:
        show_reading(figures, curve, settings.language)


def _silence(
    settings: Settings,
    file: Path,
    questions: QuestionField,
    articles: Sequence[Path],
    *,
    verbose: bool,
    as_json: bool,
) -> None:
    from retrieval.evaluation.silence import (
        evaluate_silence,
        read_collection,
        read_silence_questions,
        summarise_silence,
    )

    language = settings.language
    if not articles:
        raise EvaluationError(text("cli.silence_needs_articles", language))
    listed = read_silence_questions(file, field=questions.value)
    documents, failed = read_collection(articles)
    for article in failed:
        say(f"{article.path}: {in_language(article.reason, language)}")
    with open_collection(settings, say) as collection, progress(text("cli.evaluating", language)) as advance:
        calibration = collection.calibrations.found
        outcomes = evaluate_silence(
            listed,
            documents,
            collection.embedder,
            collection.reader,
            calibration,
            collection.threshold(calibration),
            top_k=settings.top_k,
            progress=advance,
        )
    figures = summarise_silence(outcomes)
    answered = [outcome for outcome in outcomes if outcome.answer.text is not None] if verbose else []
    if as_json:
        show_json({**figures, **({"answered": [_to_json(outcome) for outcome in answered]} if verbose else {})})
        return
    show_silence(figures, figures["kinds"], language)
    for outcome in answered:
        answer = outcome.answer
        where = citation(answer.document, language) if answer.document else ""
        show_lines(f"\n{outcome.question.question}\n  {answer.text} ({percent(answer.confidence, language)}, {where})")


def _to_json(outcome: SilenceOutcome) -> dict[str, str | float | None]:
    question, answer = outcome.question, outcome.answer
    return {
        "id": question.id,
        "kind": question.kind,
        "question": question.question,
        "answer": answer.text,
        "confidence": round(answer.confidence, 4),
        "title": answer.document.title if answer.document else "",
    }


def _dialogue_figures(
    settings: Settings, file: Path, questions: QuestionField, questions_from: Path | None
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


def _stream_figures(
    settings: Settings, file: Path, questions: QuestionField, questions_from: Path | None
) -> dict[str, float | int | None]:
    from retrieval.evaluation.squad import read_evaluation
    from retrieval.evaluation.stream import evaluate_stream, summarise_stream

    data = read_evaluation(file, field=questions.value, questions_from=questions_from)
    with open_collection(settings, say) as collection, progress(text("cli.evaluating", settings.language)) as advance:
        calibration = collection.calibrations.found
        threshold = collection.threshold(calibration)
        outcomes = evaluate_stream(
            data,
            collection.embedder,
            collection.reader,
            calibration,
            threshold,
            top_k=settings.top_k,
            progress=advance,
        )
    return summarise_stream(outcomes)
