"""The HTTP server in an event loop and a thread of its own, and what all that speak the Bot API have: a journal."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any, Self

from aiohttp import web

from tests.botapi.journal import Call, Journal, Json
from tests.botapi.updates import Updates


class ServerThread(ABC):
    """A server on 127.0.0.1 while the block runs; its methods may be called from any thread.

    ``port`` 0 is any that is free; ``proxy`` is where posts to the webhook's host go instead.
    """

    def __init__(self, *, port: int = 0, proxy: str = "", first_message: int = 1) -> None:
        self.port = port
        self._log = Journal()
        self._next = {"update": 1000, "message": first_message, "query": 1, "file": 1}
        self._updates = Updates(self._log, proxy)

    @abstractmethod
    def _application(self) -> web.Application:
        """What is served."""

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[None]:
        """What else is there while it serves."""
        yield

    def __enter__(self) -> Self:
        ready: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        self.port = ready.result(10)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    @property
    def url(self) -> str:
        """What belongs into FUNDSTELLE_TELEGRAM_BASE_URL."""
        return f"http://127.0.0.1:{self.port}"

    def calls(self, method: str, *, code: int | None = 200) -> list[Call]:
        """The calls of one method so far, the successful ones or those with ``code`` (None: all)."""
        return self._log.of(method, code)

    def sent(self, chat: int | None = None) -> list[Json]:
        """The messages that the bot has sent, in order, as people see them."""
        return [call.answer for call in self.calls("sendMessage") if chat in (None, call.answer["chat"]["id"])]

    def wait(self, condition: Callable[[], Any], timeout: float = 20.0) -> Any:
        """Waits until ``condition`` gives something true, and returns it; AssertionError after ``timeout`` seconds."""
        return self._log.wait(condition, timeout)

    def _count(self, kind: str) -> int:
        with self._log.lock:
            self._next[kind] += 1
            return self._next[kind]

    async def _serve(self, ready: Future[int]) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.1)
        async with self._serving():
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True).start()
            ready.set_result(runner.addresses[0][1])
            await self._end.wait()
            self._updates.close()
            await runner.cleanup()
