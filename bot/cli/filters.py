"""Which articles to search: the options that several commands share, and a filter in words."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from bot.access.filters import filter_from
from bot.messages import text
from bot.render.text import day
from bot.settings import Settings
from retrieval.types import Filter

_OPTIONS: dict[str, Any] = {
    "source": Annotated[
        str | None,
        typer.Option("--source", metavar="NAME", help="Only articles whose source holds this.", show_default=False),
    ],
    "since": Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Only articles from this day on.", show_default=False),
    ],
    "until": Annotated[
        str | None,
        typer.Option("--until", metavar="DATE", help="Only articles up to this day.", show_default=False),
    ],
    "no_ocr": Annotated[
        bool | None,
        typer.Option("--no-ocr", help="No articles with pages that OCR has read.", show_default=False),
    ],
}


def with_filter(function: Callable[..., None]) -> Callable[..., None]:
    """Turns the parameter ``within`` of ``function(settings, …)`` into options. Stands below ``@command``.

    The function may raise FilterError then, see ``filter_from``.
    """

    @functools.wraps(function)
    def run(settings: Settings, **arguments: Any) -> None:
        given = {name: arguments.pop(name) for name in _OPTIONS}
        function(settings, within=filter_from(**given, language=settings.language), **arguments)

    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        if parameter.name == "within":
            options = _OPTIONS.items()
            parameters += [parameter.replace(name=name, default=None, annotation=kind) for name, kind in options]
        else:
            parameters.append(parameter)
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def describe_filter(within: Filter, language: str) -> str:
    """What a filter lets through, in short ("Quelle: dpa, seit 17. Mai 2024"); empty for one that asks for nothing."""
    parts = {
        "source": within.source,
        "since": day(within.since, language),
        "until": day(within.until, language),
    }
    said = [text(f"chat.within_{name}", language, value=value) for name, value in parts.items() if value]
    return ", ".join([*said, text("chat.within_ocr", language)] if within.without_ocr else said)
