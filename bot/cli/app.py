"""The command line: all commands of ``fundstelle``, put together.

Exit codes: 0 for an answer and for "the articles do not say", 2 for wrong usage, 1 for anything else, with one line
on stderr.
"""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.articles import list_articles, remove, show_article
from bot.cli.ask import ask, chat
from bot.cli.calibrate import calibrate
from bot.cli.evaluate import evaluate
from bot.cli.feedback import feedback, missed
from bot.cli.feeds import feeds
from bot.cli.index import index
from bot.cli.models import models
from bot.cli.serving import mcp, serve
from bot.cli.status import status
from bot.cli.sync import sync
from bot.cli.telegram import telegram, worker
from bot.cli.transfer import export_articles, import_articles
from bot.cli.usage import Commands
from bot.cli.watch import watch

app = Commands(name="fundstelle")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"fundstelle {version('fundstelle')}")
        raise typer.Exit


@app.callback()
def main(
    _version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True)] = False,
) -> None:
    """Nothing to do before the command: its own flags carry the settings."""


app.command()(index)
app.command()(ask)
app.command()(chat)
app.command()(telegram)
app.command()(worker)
app.command()(serve)
app.command()(mcp)
app.command()(status)
app.add_typer(models, name="models")
app.command(name="list")(list_articles)
app.command(name="show")(show_article)
app.command()(remove)
app.add_typer(feeds, name="feed")
app.add_typer(feedback, name="feedback")
app.add_typer(watch, name="watch")
app.command()(missed)
app.command()(sync)
app.command(name="export")(export_articles)
app.command(name="import")(import_articles)
app.command(name="eval")(evaluate)
app.command(name="calibrate")(calibrate)
