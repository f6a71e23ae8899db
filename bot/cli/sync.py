"""``fundstelle sync``: folders, feeds and web pages are looked at again, once or again and again."""

from __future__ import annotations

import logging
import re
import sys
import time
from datetime import datetime, timedelta
from typing import Annotated

import typer

from bot.cli.command import Json, command
from bot.cli.console import busy, say
from bot.cli.report import finish
from bot.cli.watch import ask_standing
from bot.messages import notice, text
from bot.settings import Settings
from bot.wiring import open_collection
from retrieval.collection import Collection

log = logging.getLogger(__name__)

_SECONDS = {"s": 1, "m": 60, "h": 3600}
_MIN_SECONDS, _MAX_SECONDS = 60, 7 * 24 * 3600


def parse_interval(value: str) -> timedelta:
    """From "90s", "30m" or "2h"; at least a minute and at most a week."""
    match = re.fullmatch(r"([0-9]{1,6})([smh])", value.strip().lower())
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not _MIN_SECONDS <= seconds <= _MAX_SECONDS:
        raise typer.BadParameter(notice("usage.no_time", value=value))
    return timedelta(seconds=seconds)


@command
def sync(
    settings: Settings,
    every: Annotated[timedelta | None, typer.Option(parser=parse_interval, metavar="TIME", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Index what is new or has changed in indexed folders, feeds and web pages."""
    with open_collection(settings, say) as collection:
        if every is None:
            _run_round(collection, settings.language, as_json=as_json)
            return
        try:
            while True:
                _try_round(collection, settings.language, as_json=as_json)
                sys.stdout.flush()
                say(text("cli.sync_next", settings.language, time=f"{datetime.now() + every:%H:%M}"))
                time.sleep(every.total_seconds())
        except KeyboardInterrupt:
            pass  # the way to end it


def _run_round(collection: Collection, language: str, *, as_json: bool) -> None:
    if not collection.store.sources():
        say(text("cli.sync_nothing", language))
    with busy(text("cli.syncing", language)):
        report = collection.sync()
    ask_standing(collection, language)
    finish(report, language, as_json=as_json)


def _try_round(collection: Collection, language: str, *, as_json: bool) -> None:
    try:
        _run_round(collection, language, as_json=as_json)
    except typer.Exit:
        pass  # something could not be added, and the report has said so
    except BrokenPipeError:
        raise  # nobody reads the reports any more
    except Exception as error:
        log.exception("a round has failed")
        say(text("cli.sync_failed", language, error=error))
