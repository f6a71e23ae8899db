"""Listens for browsers and programs until the process is to end."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web

from bot.access.service import Service
from bot.errors import AccessError
from bot.http.application import Site
from bot.http.guard import Guard, own_name
from bot.messages import notice

#: How long the end waits for answers on their way, in seconds.
_SHUTDOWN_SECONDS = 0.5
_SILENT = logging.getLogger(f"{__name__}.protocol")
_SILENT.disabled = True
_ANYWHERE = ("", "0.0.0.0", "::")


class HttpServer:
    """The server at ``host`` and ``port`` (0: any that is free), for those who have ``token``."""

    def __init__(self, service: Service, token: str, language: str, host: str, port: int) -> None:
        self._host, self._port = host.strip("[]"), port
        application = Site(service, Guard(token, host), language).application()
        # No log of requests, nor of malformed ones: both would hold questions and the token.
        self._runner = web.AppRunner(application, access_log=None, logger=_SILENT, shutdown_timeout=_SHUTDOWN_SECONDS)

    async def start(self) -> str:
        """Starts to listen; the address. Raises AccessError if that fails."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except (OSError, OverflowError, ValueError) as error:
            await self._runner.cleanup()
            address = f"{self._host}:{self._port}"
            raise AccessError(notice("http.cannot_listen", address=address, error=error)) from error
        port = self._runner.addresses[0][1]
        name = own_name() if self._host in _ANYWHERE else self._host
        return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"

    async def stop(self) -> None:
        """Finishes what is on its way for a moment, and closes."""
        await self._runner.cleanup()


async def serve(server: HttpServer, started: Callable[[str], None]) -> None:
    """Runs the server until SIGTERM or SIGINT; ``started`` gets its address. Raises AccessError."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, ValueError, RuntimeError):  # Windows; not the main thread.
            loop.add_signal_handler(number, stop.set)
    started(await server.start())
    try:
        await stop.wait()
    finally:
        await server.stop()
