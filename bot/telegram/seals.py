"""Seals on the data of buttons: whoever presses one can only use what the bot has put under a message in that chat.

Telegram hands back whatever a client sends, so a client of somebody's own could ask for any article by its number.
"""

from __future__ import annotations

import base64
import hmac
import logging
import secrets
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from bot.pseudonyms import secret_key
from retrieval.errors import StoreError

log = logging.getLogger(__name__)

#: A seal of these parts, in one chat.
Seal = Callable[..., str]
#: How a seal looks in callback data: 80 bits.
SEAL_PATTERN = "[A-Za-z0-9_-]{14}"
_BYTES = 10


class Seals:
    """HMAC-SHA256 with the key in the data directory. Without the key, buttons hold until the bot ends."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def of(self, chat: int, *parts: object) -> str:
        """The seal of these parts for a chat."""
        # The length of each part stands before it, so that no other parts give the same; and no pseudonym begins so.
        words = [str(part).encode("utf-8", "surrogatepass") for part in (chat, *parts)]
        message = b"button" + b"".join(b"%d:%s" % (len(word), word) for word in words)
        return base64.urlsafe_b64encode(hmac.digest(self._key, message, "sha256")[:_BYTES]).decode().rstrip("=")

    def fits(self, seal: str, chat: int, *parts: object) -> bool:
        """Whether it is the seal of these parts."""
        return hmac.compare_digest(seal.encode(), self.of(chat, *parts).encode())

    @cached_property
    def _key(self) -> bytes:
        try:
            return secret_key(self._home)
        except StoreError as error:
            log.warning("buttons will not outlive this run: %s", error)
            return secrets.token_bytes(32)
