"""Who may ask, and what browsers may do with the pages."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from ipaddress import ip_address

from aiohttp import hdrs, web

from bot.http.token import cookie_name, is_token
from bot.messages import LANGUAGES

#: Nothing is loaded from elsewhere, no script runs, and no other page may show these or send forms here.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
}
_COOKIE_SECONDS = 30 * 86_400
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?", re.ASCII | re.IGNORECASE)
_MOST_LANGUAGES = 20


class Guard:
    """Knows the token and under which names the server may be called: ``listens`` is the host that it listens at."""

    def __init__(self, token: str, listens: str) -> None:
        self._token = token
        self._listens = listens.strip("[]").lower()
        self._cookie = cookie_name(token)

    def knows_host(self, given: Sequence[str]) -> bool:
        """Whether the Host headers of a request are one, and this server's.

        A page of another site whose name its owner lets point here (DNS rebinding) comes with that name.
        """
        found = _HOST.fullmatch(given[0]) if len(given) == 1 else None
        if found is None:
            return False
        name = (found[1] or found[2]).lower()
        return name in ("localhost", self._listens) or self._is_own(name)

    def may_use_api(self, request: web.Request) -> bool:
        """Whether the Authorization header has the token. Cookies do not count: browsers send them by themselves."""
        scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        return scheme.lower() == "bearer" and is_token(given.strip(), self._token)

    def may_see_pages(self, request: web.Request) -> bool:
        """Whether the cookie has the token."""
        return is_token(request.cookies.get(self._cookie, ""), self._token)

    def let_in(self, given: str) -> web.Response | None:
        """What gives a browser the cookie, and leads it on to an address without the token; None for a wrong token."""
        if not is_token(given, self._token):
            return None
        response = web.Response(status=303, headers={hdrs.LOCATION: "/"})
        response.set_cookie(self._cookie, self._token, max_age=_COOKIE_SECONDS, path="/", httponly=True, samesite="Lax")
        return response

    def _is_own(self, name: str) -> bool:
        inside = is_loopback(self._listens)
        try:
            # An address of numbers is no name that somebody else could let point here.
            return ip_address(name).is_loopback or not inside
        except ValueError:
            return not inside and name in (own_name(), f"{own_name()}.local")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens at ``host``."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def own_name() -> str:
    """What this machine calls itself."""
    return socket.gethostname().lower()


def language_of(request: web.Request, default: str) -> str:
    """The one of our languages that the browser likes most; ``default`` if it names none."""
    best, weight = default, 0.0
    for part in request.headers.get(hdrs.ACCEPT_LANGUAGE, "").split(",")[:_MOST_LANGUAGES]:
        name, _, quality = part.partition(";")
        language = name.strip().split("-")[0].lower()
        try:
            given = float(quality.partition("=")[2]) if quality else 1.0
        except ValueError:
            continue
        if language in LANGUAGES and weight < given <= 1:
            best, weight = language, given
    return best
