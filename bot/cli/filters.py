"""Which articles to search: the options that several commands share, and a filter in words."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from bot.access.filters import filter_from
from bot.settings import Settings

_OPTIONS: dict[str, Any] = {
    "source": Annotated[str | None, typer.Option("--source", metavar="NAME", show_default=False)],
    "since": Annotated[str | None, typer.Option("--since", metavar="DATE", show_default=False)],
    "until": Annotated[str | None, typer.Option("--until", metavar="DATE", show_default=False)],
    "no_ocr": Annotated[bool | None, typer.Option("--no-ocr", show_default=False)],
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
