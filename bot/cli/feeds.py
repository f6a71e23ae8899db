"""``fundstelle feed add | remove | list``: the feeds of the collection."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bot.cli.command import Json, command
from bot.cli.console import busy, say, show, show_json
from bot.cli.usage import Commands
from bot.messages import in_language, text
from bot.settings import Settings
from bot.wiring import open_collection
from retrieval.errors import WebError
from retrieval.types import Source, SourceKind

feeds = Commands()


@feeds.command()
@command
def add(settings: Settings, url: Annotated[str, typer.Argument(metavar="URL")]) -> None:
    """Fetch a feed and remember it."""
    from retrieval.indexing.web_sources import Collector

    language = settings.language
    with open_collection(settings, say) as collection:
        collector = Collector(collection.store, collection.indexer, collection.fetcher())
        with busy(text("cli.fetching", language)):
            source, feed = collector.add_feed(url)
    title = feed.title or source.location
    show(text("cli.feed_added", language, title=title, url=source.location, count=len(feed.entries)))


@feeds.command()
@command
def remove(settings: Settings, url: Annotated[str, typer.Argument(metavar="URL")]) -> None:
    """Forget a feed; its articles stay."""
    with open_collection(settings, say) as collection:
        if url not in {source.location for source in collection.store.sources(SourceKind.FEED)}:
            raise WebError(text("cli.feed_unknown", settings.language, url=url))
        collection.store.remove_source(url)
    show(text("cli.feed_removed", settings.language, url=url))


@feeds.command(name="list")
@command
def list_feeds(settings: Settings, as_json: Json = False) -> None:
    """List the feeds, and how the last look at each went."""
    with open_collection(settings, say) as collection:
        known = collection.store.sources(SourceKind.FEED)
    if as_json:
        show_json({"feeds": [_to_json(feed, settings.language) for feed in known]})
        return
    if not known:
        say(text("cli.feed_none", settings.language))
    for feed in known:
        show(f"{feed.location} ({_state(feed, settings.language)})")


def _to_json(feed: Source, language: str) -> dict[str, Any]:
    error = in_language(feed.error, language)
    return {"url": feed.location, "checked_at": feed.checked_at or None, "error": error}


def _state(feed: Source, language: str) -> str:
    if not feed.checked_at:
        return text("cli.feed_never", language)
    checked = text("cli.feed_checked", language, time=feed.checked_at.rstrip("Z").replace("T", " "))
    return f"{checked}: {in_language(feed.error, language)}" if feed.error else checked
