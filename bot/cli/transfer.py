"""``fundstelle export | import``: the collection as a file, to build it again elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.command import Json, command
from bot.cli.console import open_output, progress, say, whole_path
from bot.cli.report import finish
from bot.cli.watch import ask_standing
from bot.messages import text
from bot.render.wording import quantity
from bot.settings import Settings
from bot.wiring import open_collection


@command
def export_articles(
    settings: Settings,
    file: Annotated[str, typer.Argument(metavar="FILE|-")],
    vectors: Annotated[bool, typer.Option("--vectors")] = False,
) -> None:
    """Write all articles with their earlier versions to a file."""
    from retrieval.indexing.transfer import export

    label = text("cli.exporting", settings.language)
    with open_collection(settings, say) as collection, open_output(file) as target, progress(label) as advance:
        count = export(collection.store, target, advance, vectors=vectors)
    if file != "-":
        articles = quantity("chat.articles", count, settings.language)
        say(text("cli.exported", settings.language, count=articles, path=whole_path(file)))


@command
def import_articles(
    settings: Settings,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    as_json: Json = False,
) -> None:
    """Add the articles of an exported collection."""
    from retrieval.indexing.transfer import take_in

    with open_collection(settings, say) as collection, progress(text("cli.indexing", settings.language)) as advance:
        report = take_in(whole_path(file), collection.store, collection.indexer, advance)
        ask_standing(collection, settings.language)
    finish(report, settings.language, as_json=as_json)
