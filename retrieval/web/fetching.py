"""Fetching from the web: within the rules, at a polite pace, again where it makes sense."""

from __future__ import annotations

import logging
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from retrieval.errors import FundstelleError, UnreachableError, WebError
from retrieval.messages import notice
from retrieval.web.addresses import Rules, host_of
from retrieval.web.connection import Answer, ConnectionFailed, Limits, get
from retrieval.web.robots import AGENT, Robots

if TYPE_CHECKING:
    from httpx import URL

logger = logging.getLogger(__name__)

MAX_REDIRECTS: Final = 5
ATTEMPTS: Final = 3
#: Seconds between two requests to a host, if it does not want more.
PAUSE: Final = 1.0
#: A host that wants a longer pause than this is left alone.
MAX_PAUSE: Final = 60.0

#: How much is shown of an error that nobody foresaw.
MAX_ERROR_CHARS: Final = 200
# Of a pause that a server asks for, in seconds: one of a thousand years says no more than one of a day.
_MAX_WANTED: Final = 86_400.0
# Of what a server calls the state of a page: more than this is not sent back.
_MAX_STATE_CHARS: Final = 1000

_AGAIN: Final = frozenset({429, 500, 502, 503, 504})
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Download:
    """What stands at a web address; ``url`` is where redirects led.

    ``content_type`` is in small letters ("text/html"), ``charset`` empty if it was not named. If nothing has changed
    since the state that ``etag`` and ``last_modified`` name, ``unchanged`` is set and ``body`` empty.
    """

    url: str
    body: bytes = b""
    content_type: str = ""
    charset: str = ""
    etag: str = ""
    last_modified: str = ""
    unchanged: bool = False


class _Again(Exception):
    """Not answered, or not well: worth another attempt."""


@contextmanager
def only_known_errors(url: str) -> Iterator[None]:
    """Inside, an unforeseen error becomes a WebError: what others send can make any parser raise anything."""
    try:
        yield
    except FundstelleError:
        raise
    except Exception as error:
        logger.exception("%s failed", url)
        raise WebError(notice("web.failed", url=url, error=f"{error!r:.{MAX_ERROR_CHARS}}")) from error


class Fetcher:
    """Fetches web addresses, one at a time; made for one run, for which it remembers robots.txt and the hosts' pace.

    ``clock`` and ``sleep`` count seconds; ``tls`` says whose certificates are trusted (default: those of certifi, or
    of SSL_CERT_FILE).
    """

    def __init__(
        self,
        rules: Rules,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._rules = rules
        self._limits = limits or Limits()
        self._clock = clock
        self._sleep = sleep
        self._given_tls = tls
        self._robots = Robots(self._robots_body)
        self._free_at: dict[str, float] = {}  # by host: when it may be asked again

    def fetch(self, address: str, *, etag: str = "", last_modified: str = "") -> Download:
        """What stands at ``address``, where robots.txt allows it, after at most five redirects.

        Raises:
            WebError: the address may not be fetched, or there is nothing; nothing but WebErrors is raised.
            UnreachableError: not now.
        """
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {name: value for name, value in conditions.items() if _can_be_sent(value)}
        with only_known_errors(address):
            return self._follow(self._rules.parse(address), headers, lambda url: self._robots.check(url))

    def _robots_body(self, url: URL) -> bytes:
        return self._follow(url, {}, lambda _: 0.0).body

    def _follow(self, url: URL, headers: dict[str, str], check: Callable[[URL], float]) -> Download:
        """``check`` gives the pause that the site wants, or raises WebError."""
        first = url
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._ask(url, headers, max(PAUSE, check(url)))
            location = answer.headers.get("location", "")
            if answer.status not in _MOVED or not location:
                return _download(url, answer)
            url = self._rules.parse(_joined(url, location))
        raise WebError(notice("web.many_redirects", url=first, limit=MAX_REDIRECTS))

    def _ask(self, url: URL, headers: dict[str, str], pause: float) -> Answer:
        attempts = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=1, max=8),
            retry=retry_if_exception_type(_Again),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return attempts(self._ask_once, url, headers, pause)
        except _Again as error:
            raise UnreachableError(notice("web.unreachable", url=url, error=error)) from error

    def _ask_once(self, url: URL, headers: dict[str, str], pause: float) -> Answer:
        addresses = self._rules.addresses(url)
        self._wait_for(url, pause)
        agent = {"User-Agent": f"{AGENT} (personal article archive)", "Accept-Language": "de, *;q=0.5"}
        try:
            answer = get(url, addresses, headers | agent, self._limits, self._tls)
        except ConnectionFailed as error:
            logger.info("%s: %s", url, error)
            raise _Again(notice("web.no_connection")) from error
        logger.info("%s: %d", url, answer.status)
        if answer.status in _AGAIN:
            wanted = _seconds(answer.headers.get("retry-after", ""))
            host = host_of(url)
            self._free_at[host] = max(self._free_at[host], self._clock() + wanted)
            raise _Again(notice("web.server_error", status=answer.status))
        return answer

    def _wait_for(self, url: URL, pause: float) -> None:
        """Waits until the host may be asked again, and takes the next ``pause`` seconds. Raises UnreachableError."""
        host = host_of(url)
        wait = self._free_at.get(host, 0.0) - self._clock()
        if max(wait, pause) > MAX_PAUSE:
            raise UnreachableError(notice("web.long_pause", host=url.host, seconds=max(wait, pause)))
        if wait > 0:
            self._sleep(wait)
        self._free_at[host] = self._clock() + pause

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        from httpx import create_ssl_context

        return self._given_tls or create_ssl_context()


def _can_be_sent(state: str) -> bool:
    return 0 < len(state) <= _MAX_STATE_CHARS and state.isascii() and state.isprintable()


def _joined(url: URL, location: str) -> str:
    from httpx import InvalidURL

    try:
        return str(url.join(location))
    except (InvalidURL, ValueError):
        raise WebError(notice("web.bad_redirect", url=url)) from None


def _download(url: URL, answer: Answer) -> Download:
    headers = answer.headers
    if answer.status == 304:
        return Download(str(url), unchanged=True)
    if answer.status in (404, 410):
        raise WebError(notice("web.gone", url=url))
    if answer.status in (401, 403):
        raise WebError(notice("web.forbidden", url=url))
    if not 200 <= answer.status < 300:
        raise WebError(notice("web.status", url=url, status=answer.status))
    content_type, _, parameters = headers.get("content-type", "").partition(";")
    charset = _CHARSET.search(parameters)
    return Download(
        str(url),
        answer.body,
        content_type.strip().lower(),
        charset[1].lower() if charset else "",
        headers.get("etag", ""),
        headers.get("last-modified", ""),
    )


def _seconds(retry_after: str) -> float:
    """A Retry-After header, seconds or a date, in seconds from now; 0 if there is none that can be understood."""
    try:
        if retry_after.strip().isdecimal():
            wanted = float(retry_after)
        else:
            wanted = (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError, OverflowError):  # no date, or one without a time zone, or of no possible year
        return 0.0
    return min(wanted, _MAX_WANTED)
