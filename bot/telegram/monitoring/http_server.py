"""The HTTP servers of the bot: the webhook's, and the one for operators with metrics and health."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web

from bot.errors import TelegramError
from bot.messages import text
from bot.settings import PREFIX, Settings
from bot.telegram.monitoring.health import Health
from bot.telegram.monitoring.metrics import CONTENT_TYPE, Metrics
from retrieval.collection import Collection
from retrieval.errors import FundstelleError

log = logging.getLogger(__name__)


class Site:
    """``application`` at the address ``HOST:PORT`` that the setting ``name`` holds."""

    def __init__(self, application: web.Application, name: str, settings: Settings) -> None:
        self._name = name
        self._address = str(getattr(settings, name))
        self._language = settings.language
        # No access log: it would hold the webhook's path, and a line for each look at the metrics.
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)

    async def start(self) -> None:
        """Starts to listen. Raises TelegramError that names the setting if that fails."""
        host, _, port = self._address.rpartition(":")
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host.strip("[]"), int(port)).start()
        except (OSError, OverflowError) as error:  # OverflowError is a port beyond 65535.
            await self._runner.cleanup()
            name = PREFIX + self._name.upper()
            raise TelegramError(
                text("telegram.cannot_listen", self._language, address=self._address, setting=name, error=error)
            ) from error

    async def stop(self) -> None:
        """Finishes the requests that have begun, and closes."""
        await self._runner.cleanup()


def operations_app(metrics: Metrics, health: Health, collection: Collection) -> web.Application:
    """``/metrics`` for Prometheus and ``/healthz``: 200 when all is well, else 503 with what is not."""

    async def show_metrics(_: web.Request) -> web.Response:
        try:
            metrics.set_size(
                await asyncio.to_thread(collection.article_count), await asyncio.to_thread(collection.sentence_count)
            )
        except FundstelleError as error:  # The other figures matter all the more then.
            log.error("The size of the index could not be counted: %s", error)
        return web.Response(body=metrics.to_text(), headers={"Content-Type": CONTENT_TYPE})

    async def show_health(_: web.Request) -> web.Response:
        problems = health.problems()
        return web.Response(text="\n".join(problems or ["ok"]) + "\n", status=503 if problems else 200)

    application = web.Application()
    application.router.add_get("/metrics", show_metrics)
    application.router.add_get("/healthz", show_health)
    return application
