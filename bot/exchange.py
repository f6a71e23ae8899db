"""``fundstelle export | import``: the collection as a file, to build it again elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.command import Json, command
from bot.console import progress, say, written
from bot.report import finish
from bot.settings import Settings
from bot.texts import text
from bot.wiring import Fundstelle
from bot.wording import counted


@command
def export_articles(
    settings: Settings,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A JSON Lines file; “-” is standard output.")],
) -> None:
    """Write all articles with their earlier versions to a file."""
    from retrieval.exchange import export

    with Fundstelle(settings, notify=say) as fundstelle, written(file) as target:
        count = export(fundstelle.store, target)
    if file != "-":
        articles = counted("chat.articles", count, settings.language)
        say(text("cli.exported", settings.language, count=articles, path=Path(file).expanduser().absolute()))


@command
def import_articles(
    settings: Settings,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `fundstelle export` has written.")],
    as_json: Json = False,
) -> None:
    """Take up the articles of an exported collection."""
    from retrieval.exchange import take_in

    with Fundstelle(settings, notify=say) as fundstelle, progress(text("cli.indexing", settings.language)) as advance:
        report = take_in(file, fundstelle.store, fundstelle.indexer, advance)
    finish(report, settings.language, as_json=as_json)
