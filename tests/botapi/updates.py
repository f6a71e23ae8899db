"""The updates that wait for the bot: handed out by getUpdates, or posted to the webhook one after the other."""

from __future__ import annotations

import asyncio
import json
import time
from urllib.parse import urlsplit

import aiohttp

from tests.botapi.checks import Refused, checked_webhook
from tests.botapi.journal import Call, Journal, Json

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
_RETRY_SECONDS = 0.05


class Updates:
    """To be used in the server's event loop. ``proxy`` is where posts to the webhook's host go instead."""

    def __init__(self, journal: Journal, proxy: str) -> None:
        self._journal = journal
        self._proxy = proxy
        self._queue: list[tuple[int, bytes]] = []
        self._news = asyncio.Event()
        self._poll: asyncio.Future[None] | None = None
        self._webhook: Json = {}
        self._posting: asyncio.Task[None] | None = None
        self._last_error: Json = {}

    def put(self, number: int, body: bytes) -> None:
        self._queue.append((number, body))
        self._news.set()

    def close(self) -> None:
        if self._poll and not self._poll.done():
            self._poll.set_result(None)
        if self._posting:
            self._posting.cancel()

    async def get(self, params: Json) -> list[bytes]:
        """getUpdates: what waits from ``offset`` on; what is below is forgotten."""
        if self._webhook:
            raise Refused(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
                "webhook first",
            )
        if self._poll and not self._poll.done():
            self._poll.set_result(None)
        loop = asyncio.get_running_loop()
        mine = self._poll = loop.create_future()
        offset, limit = int(params.get("offset") or 0), min(int(params.get("limit") or 100), 100)
        self._queue = [(number, body) for number, body in self._queue if number >= offset]
        until = loop.time() + float(params.get("timeout") or 0)
        while not self._queue and loop.time() < until:
            self._news.clear()
            news = asyncio.ensure_future(self._news.wait())
            await asyncio.wait([news, mine], timeout=until - loop.time(), return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            if mine.done():
                raise Refused(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                )
        mine.cancel()
        return [body for _, body in self._queue[:limit]]

    async def set_webhook(self, params: Json) -> bool:
        if not params.get("url"):
            return await self.delete_webhook(params)
        checked_webhook(params)
        await self.delete_webhook({})
        self._webhook = params
        self._posting = asyncio.create_task(self._post())
        return True

    async def delete_webhook(self, params: Json) -> bool:
        if self._posting:
            self._posting.cancel()
        self._webhook, self._posting, self._last_error = {}, None, {}
        if params.get("drop_pending_updates"):
            self._queue.clear()
        return True

    async def webhook_info(self, params: Json) -> Json:
        return {
            "url": self._webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self._queue),
            **self._last_error,
        }

    async def _post(self) -> None:
        """Posts the oldest update until it is taken, then the next; each post is a line "webhook" in the journal."""
        url = self._proxy + (urlsplit(self._webhook["url"]).path or "/")
        headers = {"Content-Type": "application/json"}
        if secret := self._webhook.get("secret_token"):
            headers[SECRET_HEADER] = secret
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            while True:
                while not self._queue:
                    self._news.clear()
                    await self._news.wait()
                number, body = self._queue[0]
                call = Call("webhook", {"number": number})
                try:
                    async with session.post(url, data=body, headers=headers) as response:
                        call.code = response.status
                except (aiohttp.ClientError, TimeoutError) as error:
                    call.description = str(error)
                if 200 <= call.code < 300:
                    self._queue = [waiting for waiting in self._queue if waiting[0] != number]
                else:
                    self._last_error = {
                        "last_error_date": int(time.time()),
                        "last_error_message": f"Wrong response from the webhook: {call.code or call.description}",
                    }
                self._journal.write(call)
                if not 200 <= call.code < 300:
                    await asyncio.sleep(_RETRY_SECONDS)


def encoded(update: object) -> bytes:
    """An update as it goes over the wire."""
    return json.dumps(update).encode()
