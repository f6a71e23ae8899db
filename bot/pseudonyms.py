"""Pseudonyms of users, under which their feedback is stored."""

from __future__ import annotations

import hmac
import secrets
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from bot.messages import notice
from retrieval.errors import StoreError
from retrieval.files import create_file

KEY_FILE = "feedback.key"
_KEY_BYTES = 32


class Pseudonyms:
    """HMAC-SHA256 of a user's number with a key in the data directory that only its owner can read.

    Without a key, all of the few billion numbers could simply be tried.
    """

    def __init__(self, home: Path) -> None:
        self._home = home

    def of(self, user: int) -> str:
        """The pseudonym of a user, 32 hexadecimal digits.

        Raises:
            StoreError: the key cannot be read or written.
        """
        return hmac.new(self._key, str(user).encode(), "sha256").hexdigest()[:32]

    @cached_property
    def _key(self) -> bytes:
        return secret_key(self._home)


def secret_key(home: Path) -> bytes:
    """The key of a data directory, 32 bytes, which is made if need be and reaches the disk before it gets its name.

    Raises:
        StoreError: it cannot be read or written.
    """
    path = home / KEY_FILE
    try:
        if not path.exists():
            with suppress(FileExistsError):  # another process has made it at this moment
                create_file(path, secrets.token_bytes(_KEY_BYTES), mode=0o600)
        key = path.read_bytes()
    except OSError as error:
        raise StoreError(notice("telegram.key_unreadable", path=path, error=error.strerror)) from error
    if len(key) != _KEY_BYTES:
        raise StoreError(notice("telegram.key_damaged", path=path))
    return key
