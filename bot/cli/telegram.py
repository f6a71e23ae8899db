"""``fundstelle telegram``: the bot."""

from __future__ import annotations

from bot.cli.command import command
from bot.cli.console import say
from bot.cli.index import IndexFirst, index_if_empty, match_embedder
from bot.settings import Settings
from bot.wiring import open_collection


@command
def telegram(settings: Settings, index_first: IndexFirst = None) -> None:
    """Run the Telegram bot."""
    from bot.telegram import application

    with open_collection(settings, say) as collection:
        application.check_token(settings)  # before anything that takes long
        index_if_empty(collection, index_first, settings.language)
        match_embedder(collection, settings.language)
        application.run(settings, collection)
