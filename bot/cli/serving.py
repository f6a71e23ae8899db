"""``fundstelle mcp | serve``: the collection for language models, and for browsers and programs."""

from __future__ import annotations

import os
from importlib.util import find_spec

from bot.access.service import Service
from bot.cli.command import command
from bot.cli.console import say
from bot.errors import AccessError
from bot.messages import notice
from bot.settings import Settings
from bot.wiring import open_collection
from retrieval.collection import Collection

#: How long the end waits for a question that is being answered, in seconds.
_STOP_SECONDS = 1.0


@command
def mcp(settings: Settings) -> None:
    """Let a language model quote the articles: a Model Context Protocol server over stdin and stdout."""
    if find_spec("mcp") is None:
        raise AccessError(notice("access.no_mcp"))
    from bot.mcp.server import run

    with open_collection(settings, say) as collection:
        service = _service(collection)
        try:
            run(service, settings.language)
        finally:
            _end(service)


def _service(collection: Collection) -> Service:
    """The service; raises StoreError at once if the articles cannot be read."""
    collection.article_count()
    return Service(collection)


def _end(service: Service) -> None:
    if not service.reader.stop(_STOP_SECONDS):
        # A question is still being answered. It changes nothing, and its libraries cannot be interrupted.
        os._exit(0)
