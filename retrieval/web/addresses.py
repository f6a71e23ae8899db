"""Which web addresses may be fetched: scheme, host, port, and the network addresses that the host's name stands for."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final

from retrieval.errors import UnreachableError, WebError
from retrieval.messages import notice

if TYPE_CHECKING:
    from httpx import URL

#: From the name of a host and a port to network addresses ("93.184.216.34"). Raises OSError for an unknown name.
Resolver = Callable[[str, int], Sequence[str]]

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
MAX_URL_CHARS: Final = 2000

# The part of IPv6 that is given out for hosts. All that stands for an IPv4 address by other means lies outside
# (::ffff:0:0/96, 64:ff9b::/96, ::/96), as do link-local and multicast addresses; 6to4 and documentation lie inside.
_IPV6_HOSTS: Final = IPv6Network("2000::/3")
_NEVER_IPV6: Final = (IPv6Network("2002::/16"), IPv6Network("3fff::/20"))
# Left out of is_global by newer versions of Python only: protocol assignments, and the other end of 6to4.
_NEVER_IPV4: Final = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))


def is_public(address: str) -> bool:
    """Whether a network address belongs to a host of the public internet, by IANA's registries."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if not found.is_global or found.is_multicast:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _NEVER_IPV4)
    return found in _IPV6_HOSTS and not any(found in network for network in _NEVER_IPV6)


def look_up(host: str, port: int) -> tuple[str, ...]:
    """The network addresses of a host, as the system knows them, each once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be fetched.

    ``hosts`` are the only hosts, if there are any, each as ``name`` for ports 80 and 443 or as ``name:port`` for that
    port. ``is_allowed`` judges every network address that ``resolve`` gives for a host.
    """

    hosts: frozenset[str] = frozenset()
    resolve: Resolver = look_up
    is_allowed: Callable[[str], bool] = is_public

    def parse(self, address: str) -> URL:
        """A web address that may be asked for, without its fragment. Raises WebError if it may not."""
        from httpx import URL, InvalidURL

        if len(address) > MAX_URL_CHARS:
            raise WebError(notice("web.long_address", address=address[:80], count=len(address)))
        try:
            url = URL(address).copy_with(fragment=None)
            port = port_of(url)
        except (InvalidURL, ValueError):
            raise WebError(notice("web.no_address", address=address)) from None
        if url.scheme not in DEFAULT_PORTS or not url.host or not 0 < port < 65536:
            raise WebError(notice("web.scheme", address=address))
        if url.userinfo:
            raise WebError(notice("web.credentials", host=url.host))
        host = host_of(url)
        if self.hosts and not {host, f"{host}:{port}"} & self.hosts:
            raise WebError(notice("web.host_not_allowed", host=url.host, port=port))
        if port not in DEFAULT_PORTS.values() and f"{host}:{port}" not in self.hosts:
            raise WebError(notice("web.port_not_allowed", host=url.host, port=port, entry=f"{host}:{port}"))
        return url

    def addresses(self, url: URL) -> tuple[str, ...]:
        """The network addresses to connect to. The name is looked up once: who connects must not look it up again.

        Raises:
            WebError: one of them is not allowed.
            UnreachableError: the name is not known.
        """
        try:
            found = tuple(self.resolve(host_of(url), port_of(url)))
        except (OSError, UnicodeError):
            found = ()
        if not found:
            raise UnreachableError(notice("web.no_host", host=url.host))
        for address in found:
            if not self.is_allowed(address):
                raise WebError(notice("web.not_public", host=url.host, address=address))
        return found


def host_of(url: URL) -> str:
    """The host of a web address as it is looked up: ASCII, small letters, no dot at the end."""
    return url.raw_host.decode("ascii").lower().rstrip(".")


def port_of(url: URL) -> int:
    """The port of a web address, 0 for a scheme that is not known."""
    return url.port or DEFAULT_PORTS.get(url.scheme, 0)
