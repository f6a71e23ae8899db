"""What all commands have in common: the flags for the settings, the log, and how errors end."""

from __future__ import annotations

import functools
import inspect
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer

from bot.cli.console import print_anything, say
from bot.cli.help import SETTINGS
from bot.logs import log_file, logging_to
from bot.messages import text
from bot.settings import Settings, foreign_env_file, language_without_settings, load_settings
from bot.threads import wait_without_spinning
from retrieval.errors import FundstelleError

log = logging.getLogger(__name__)

Json = Annotated[bool, typer.Option("--json")]

# Field name of Settings -> its flag.
_FLAGS: dict[str, Any] = {
    "home": Annotated[Path | None, typer.Option(metavar="FOLDER", rich_help_panel=SETTINGS, show_default=False)],
    "embedder": Annotated[str | None, typer.Option(rich_help_panel=SETTINGS, metavar="MODEL")],
    "reader": Annotated[str | None, typer.Option(rich_help_panel=SETTINGS, metavar="MODEL")],
    "no_answer_threshold": Annotated[
        float | None, typer.Option(min=0, max=1, rich_help_panel=SETTINGS, metavar="0..1")
    ],
    "language": Annotated[Literal["de", "en"] | None, typer.Option(rich_help_panel=SETTINGS)],
}
_DEBUG = Annotated[bool, typer.Option("--debug", rich_help_panel=SETTINGS)]


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Makes a command of ``function(settings, …)``: its own parameters and the settings' flags become options.

    A FundstelleError becomes one line on stderr and exit code 1. So does any other exception, whose traceback goes
    to the log file and, with ``--debug``, to stderr.
    """

    @functools.wraps(function)
    def run(**arguments: Any) -> None:
        os.umask(0o077)  # whatever it writes, only whoever runs it can read
        print_anything()
        wait_without_spinning()  # before torch and FAISS load
        debug = arguments.pop("debug")
        flags = {name: arguments.pop(name) for name in _FLAGS}
        try:
            settings = load_settings(**flags)
        except FundstelleError as error:
            _fail(text("cli.error", flags["language"] or language_without_settings(), message=error))
        if foreign := foreign_env_file():
            say(text("settings.foreign_env_file", settings.language, path=foreign))
        with logging_to(settings, debug=debug):
            try:
                function(settings, **arguments)
            except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
                raise
            except FundstelleError as error:
                log.info("%s", error, exc_info=debug)
                _fail(text("cli.error", settings.language, message=error))
            except Exception as error:
                log.exception("%s failed", function.__name__)
                _fail(_unexpected(error, settings))

    own = [
        parameter
        for name, parameter in inspect.signature(function, eval_str=True).parameters.items()
        if name != "settings"
    ]
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in _FLAGS.items()
    ]
    shared.append(inspect.Parameter("debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=_DEBUG))
    run.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]
    return run


def _fail(message: str) -> NoReturn:
    say(message)
    raise typer.Exit(1)


def _unexpected(error: Exception, settings: Settings) -> str:
    path = log_file(settings)
    log_note = text("cli.unexpected_log", settings.language, path=path) if os.path.isfile(path) else ""
    description = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return text("cli.unexpected", settings.language, error=description, log=log_note)
