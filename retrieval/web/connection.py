"""One request and its answer, over a connection to addresses that were checked before."""

from __future__ import annotations

import socket
import ssl
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpcore

from retrieval.errors import UnreachableError, WebError
from retrieval.messages import notice

if TYPE_CHECKING:
    from httpx import URL, Headers

_PIECE_BYTES: Final = 65536


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an answer may cost: bytes of its body, also unpacked, and seconds for a step and for all of it."""

    max_bytes: int = 20_000_000
    step_seconds: float = 10.0
    total_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent; ``body`` is unpacked, and empty unless ``status`` is 2xx."""

    status: int
    headers: Headers
    body: bytes


class ConnectionFailed(Exception):
    """There was no answer, or it broke off; another attempt may succeed."""


def get(url: URL, addresses: Sequence[str], headers: Mapping[str, str], limits: Limits, tls: ssl.SSLContext) -> Answer:
    """Asks for ``url`` at one of ``addresses``, the first that can be connected to; certificates are those of its host.

    Raises:
        ConnectionFailed: no connection, or it broke off.
        UnreachableError: the answer took longer than ``limits.total_seconds``.
        WebError: the body is too large or packed in an unknown way, or the certificate is wrong.
    """
    from httpx import Headers

    backend = _Pinned(addresses, time.monotonic() + limits.total_seconds, url.host)
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), limits.step_seconds)
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    sent = {**headers, "Host": url.netloc.decode("ascii"), "Accept-Encoding": "gzip", "Connection": "close"}
    try:
        with (
            httpcore.ConnectionPool(ssl_context=tls, network_backend=backend) as pool,
            pool.stream("GET", target, headers=list(sent.items()), extensions={"timeout": timeout}) as response,
        ):
            answered = Headers(response.headers)
            body = b""
            if 200 <= response.status < 300 and response.status != 204:
                body = _body(response.iter_stream(), answered, limits.max_bytes, url.host)
            return Answer(response.status, answered, body)
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        backend.left(None)  # raises if it was the deadline that ended it
        raise ConnectionFailed(str(error) or type(error).__name__) from error


class _Pinned(httpcore.NetworkBackend):
    """Connects to ``addresses`` whatever the host's name says by now, and no step goes beyond ``deadline``."""

    def __init__(self, addresses: Sequence[str], deadline: float, host: str) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._host = host
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address that takes one; the name ``host`` is not looked up."""
        failed: Exception = httpcore.ConnectError("no address")
        for address in self._addresses:
            try:
                stream = self._backend.connect_tcp(
                    address, port, self.left(timeout), local_address, [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
                )
                return _Timed(stream, self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    def left(self, timeout: float | None) -> float:
        """``timeout``, or what is left until the deadline if that is less."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise UnreachableError(notice("web.slow", host=self._host))
        return left if timeout is None else min(timeout, left)


class _Timed(httpcore.NetworkStream):
    """A stream whose steps end at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, clock: _Pinned) -> None:
        self._stream = stream
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._clock.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._clock.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            stream = self._stream.start_tls(ssl_context, server_hostname, self._clock.left(timeout))
        except httpcore.ConnectError as error:
            if isinstance(error.__cause__, ssl.SSLCertVerificationError):
                raise WebError(notice("web.certificate", host=server_hostname, error=error)) from error
            raise
        return _Timed(stream, self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _body(chunks: Iterable[bytes], headers: Headers, max_bytes: int, host: str) -> bytes:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip"):
        raise WebError(notice("web.encoding", host=host, encoding=encoding))
    body = bytearray()
    try:
        for piece in _unpacked(chunks) if encoding.endswith("gzip") else chunks:
            body += piece
            if len(body) > max_bytes:
                raise WebError(notice("web.large", host=host, limit=max_bytes / 1e6))
    except zlib.error as error:
        raise WebError(notice("web.damaged", host=host, error=error)) from error
    return bytes(body)


def _unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What a gzip stream holds, in pieces of a bounded size: a few bytes can stand for gigabytes."""
    unpacker = zlib.decompressobj(wbits=31)
    for chunk in chunks:
        while chunk and not unpacker.eof:
            yield unpacker.decompress(chunk, _PIECE_BYTES)
            chunk = unpacker.unconsumed_tail
    yield unpacker.flush()
    if not unpacker.eof:
        raise zlib.error(notice("web.cut_off"))
