"""A web site on 127.0.0.1 for the tests, and a fetcher that finds it under any name."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from retrieval.web.addresses import Rules
from retrieval.web.connection import Limits
from retrieval.web.fetching import Fetcher

#: For fetchers that meet no TLS: loading the certificates that are trusted otherwise takes longer than most tests.
TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True)
class Page:
    """What is answered: ``body`` as bytes, or as chunks that are sent until the reader has enough."""

    body: bytes | Iterable[bytes] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Asked:
    path: str
    host: str
    headers: Mapping[str, str]


class Website:
    """Serves ``pages`` by path, each a page or what makes one of a request; all else is 404.

    A page with an ETag header is answered with 304 to whom has that already.
    """

    def __init__(self) -> None:
        self.pages: dict[str, Page | Callable[[Asked], Page]] = {}
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.hosts: frozenset[str] = frozenset(f"{name}:{self.port}" for name in ("site.test", "other.test"))

    def url(self, path: str, host: str = "site.test") -> str:
        return f"http://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        """What was asked for so far, without robots.txt."""
        return [asked.path for asked in self.asked if asked.path != "/robots.txt"]

    def wrap(self, context: ssl.SSLContext) -> None:
        """From now on with TLS."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.01)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Time:
    """A clock that moves when someone sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@contextmanager
def website() -> Iterator[Website]:
    site = Website()
    thread = Thread(target=site.serve)
    thread.start()
    try:
        yield site
    finally:
        site.stop()
        thread.join()


def fetcher(site: Website, *, limits: Limits | None = None, time: Time | None = None) -> Fetcher:
    """Takes every name for this machine's and does not wait."""
    rules = Rules(site.hosts, resolve=lambda host, port: ["127.0.0.1"], is_allowed=lambda address: True)
    time = time or Time()
    return Fetcher(rules, limits=limits, clock=time.clock, sleep=time.sleep, tls=TRUSTS_NOBODY)


def slowly(chunk: bytes, seconds: float) -> Iterator[bytes]:
    """The same chunk again and again, for ever."""
    while True:
        yield chunk
        time.sleep(seconds)


def _handler(site: Website) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = Asked(self.path, self.headers["Host"], dict(self.headers))
            site.asked.append(asked)
            page = site.pages.get(self.path, Page(b"not found", 404))
            if not isinstance(page, Page):
                page = page(asked)
            etag = page.headers.get("ETag")
            if etag and self.headers["If-None-Match"] == etag:
                page = Page(status=304)
            self.send_response(page.status)
            self.send_header("Content-Type", page.content_type)
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for chunk in [page.body] if isinstance(page.body, bytes) else page.body:
                    self.wfile.write(chunk)
                    self.wfile.flush()
            except OSError:
                pass  # the reader has enough

        def log_message(self, format: str, *args: object) -> None:
            """Not on the tests' stderr."""

    return Handler
