"""``fundstelle telegram``: the bot; ``fundstelle worker``: one that only answers what others receive."""

from __future__ import annotations

from bot.cli.command import command
from bot.cli.console import say
from bot.cli.index import IndexFirst, index_if_empty, match_embedder
from bot.errors import TelegramError
from bot.messages import text
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


@command
def worker(settings: Settings) -> None:
    """Answer what Telegram bots on the same PostgreSQL database receive."""
    from bot.telegram import application

    if settings.database_url is None:
        raise TelegramError(text("telegram.worker_without_database", settings.language))
    with open_collection(settings, say) as collection:
        application.check_token(settings)
        match_embedder(collection, settings.language)
        application.run(settings, collection, receives=False)
