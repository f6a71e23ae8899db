"""``fundstelle index``: adding articles, also before a chat or the bot begins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.command import Json, command
from bot.cli.console import busy, progress, say, whole_path
from bot.cli.report import finish
from bot.cli.watch import ask_standing
from bot.messages import in_language, text
from bot.settings import Settings
from bot.wiring import open_collection
from retrieval.collection import Collection
from retrieval.index_report import IndexOutcome, IndexReport

IndexFirst = Annotated[Path | None, typer.Option("--index", metavar="PATH", show_default=False)]


@command
def index(
    settings: Settings,
    paths: Annotated[list[str], typer.Argument(metavar="PATH|URL...")],
    timings: Annotated[bool, typer.Option("--timings")] = False,
    as_json: Json = False,
) -> None:
    """Add articles from files, folders and web pages."""
    addresses = [path for path in paths if "://" in path]
    with open_collection(settings, say) as collection:
        report = _index(collection, [str(whole_path(path)) for path in paths if "://" not in path], settings.language)
        if addresses:
            with busy(text("cli.fetching", settings.language)):
                report += collection.index(addresses)
        ask_standing(collection, settings.language)
    finish(report, settings.language, as_json=as_json, timings=timings)


def match_embedder(collection: Collection, language: str) -> None:
    """Shows a bar if vectors are computed anew for another embedder."""
    with progress(text("cli.embedding_anew", language), at_once=False) as advance:
        collection.match_embedder(advance)


def index_if_empty(collection: Collection, path: Path | None, language: str) -> None:
    """Adds what ``--index`` names to a collection without articles, and says what could not be added."""
    if path is None or collection.article_count():
        return
    for article in _index(collection, [str(whole_path(path))], language).articles:
        if article.outcome is IndexOutcome.FAILED:
            say(f"{article.path}: {in_language(article.reason, language)}")


def _index(collection: Collection, paths: list[str], language: str) -> IndexReport:
    match_embedder(collection, language)
    with progress(text("cli.indexing", language)) as advance:
        return collection.index(paths, advance)
