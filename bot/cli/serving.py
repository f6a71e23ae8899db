"""``fundstelle mcp | serve``: the collection for language models, and for browsers and programs."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.command import command
from bot.cli.console import busy, say
from bot.cli.index import match_embedder
from bot.errors import AccessError
from bot.messages import notice, text
from bot.settings import Settings
from bot.wiring import open_collection
from retrieval.collection import Collection

if TYPE_CHECKING:
    from bot.access.service import Service

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
        if sys.stdin.isatty():
            say(text("access.mcp_waits", settings.language))
        try:
            run(service, settings.language)
        finally:
            _end(service)


@command
def serve(
    settings: Settings,
    port: Annotated[int, typer.Option(min=0, max=65_535)] = 8080,
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    new_token: Annotated[bool, typer.Option("--new-token")] = False,
) -> None:
    """Ask in the browser: a page and an HTTP API for this machine."""
    import asyncio

    from bot.http.guard import is_loopback
    from bot.http.server import HttpServer, serve
    from bot.http.token import load_token

    language = settings.language
    with open_collection(settings, say) as collection:
        service = _service(collection)
        try:
            token = load_token(settings.home, renew=new_token)
            match_embedder(collection, language)
            with busy(text("chat.loading", language)):
                collection.load()
            if not is_loopback(host):
                say(text("http.open_to_network", language))
            server = HttpServer(service, token, language, host, port)
            asyncio.run(serve(server, lambda url: say(text("http.running", language, address=f"{url}?token={token}"))))
        finally:
            _end(service)


def _service(collection: Collection) -> Service:
    """The service; raises StoreError at once if the articles cannot be read."""
    from bot.access.service import Service

    collection.article_count()
    return Service(collection)


def _end(service: Service) -> None:
    if not service.reader.stop(_STOP_SECONDS):
        # A question is still being answered. It changes nothing, and its libraries cannot be interrupted.
        os._exit(0)
