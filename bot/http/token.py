"""The token that browsers and programs need: made once, kept in the data directory for its owner alone."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from contextlib import suppress
from pathlib import Path

from bot.errors import AccessError
from bot.messages import notice
from retrieval.files import create_file, make_private_folder, replace_file

TOKEN_FILE = "http-token"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,256}")


def load_token(home: Path, *, renew: bool = False) -> str:
    """The token in the data directory, made if it is not there; with ``renew`` in any case, and the old one is void.

    Raises AccessError if it can be neither read nor stored.
    """
    path = home / TOKEN_FILE
    try:
        make_private_folder(home)
        if renew:
            replace_file(path, _made(), mode=0o600)
        elif not path.exists():
            with suppress(FileExistsError):  # another process has made it at this moment
                create_file(path, _made(), mode=0o600)
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise AccessError(notice("http.no_token_file", path=path, error=error)) from error
    if not _TOKEN.fullmatch(token):
        raise AccessError(notice("http.damaged_token", path=path))
    return token


def is_token(given: str, token: str) -> bool:
    """Whether ``given`` is the token; takes equally long for any other of its length."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode())


def cookie_name(token: str) -> str:
    """Of its own for each token: browsers keep cookies by host, and several servers may run on one."""
    return "fundstelle-" + hashlib.sha256(token.encode()).hexdigest()[:8]


def _made() -> bytes:
    return secrets.token_urlsafe(32).encode("ascii")
