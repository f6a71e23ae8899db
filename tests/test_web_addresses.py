from __future__ import annotations

import pytest

from retrieval.errors import UnreachableError, WebError
from retrieval.web.addresses import Rules, is_public, look_up

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001:81b::200e"]
PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.127.255.254", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2002:7f00:1::",
    "2001::1", "2001:db8::1", "3fff::1", "100::1", "not an address", "",
]  # fmt: skip


def to(*addresses: str) -> Rules:
    return Rules(resolve=lambda host, port: addresses)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_address_that_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "ftp://example.org/a", "gopher://example.org", "example.org", "http://", "https:///a",
     "http://example.org:99999/", "http://[::1", "http://a\x00b/", "javascript:alert(1)", "//example.org/a", ""],
)  # fmt: skip
def test_what_is_no_web_address(address: str) -> None:
    with pytest.raises(WebError, match="keine Webadresse"):
        Rules().parse(address)


def test_credentials_are_refused_and_not_repeated() -> None:
    with pytest.raises(WebError, match="Zugangsdaten") as caught:
        Rules().parse("https://ich:geheim@example.org/")
    assert "geheim" not in str(caught.value)


def test_address_that_is_too_long() -> None:
    with pytest.raises(WebError, match="zu lang"):
        Rules().parse("https://example.org/" + "a" * 3000)


def test_address_in_its_normal_form() -> None:
    assert str(Rules().parse("HTTP://Bücher.Example:80/a b?x=1#teil")) == "http://xn--bcher-kva.example/a%20b?x=1"


@pytest.mark.parametrize("port", [22, 25, 8080, 6379])
def test_other_ports_are_refused(port: int) -> None:
    with pytest.raises(WebError, match=f"Port {port}"):
        Rules().parse(f"http://example.org:{port}/")


def test_named_hosts_only() -> None:
    rules = Rules(frozenset({"example.org", "intern.example:8080"}))
    assert str(rules.parse("https://EXAMPLE.org./a"))
    assert str(rules.parse("http://intern.example:8080/a"))
    for refused in ("https://www.example.org/", "http://intern.example/", "http://example.org:8080/"):
        with pytest.raises(WebError, match="zu den erlaubten Rechnern"):
            rules.parse(refused)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::ffff:10.0.0.1"]])
def test_every_address_of_a_name_has_to_be_public(addresses: list[str]) -> None:
    rules = to(*addresses)
    with pytest.raises(WebError, match="nicht im öffentlichen Netz"):
        rules.addresses(rules.parse("http://example.org/"))


def test_named_host_in_a_private_network_is_refused_too() -> None:
    rules = Rules(frozenset({"intern.example"}), resolve=lambda host, port: ["10.0.0.1"])
    with pytest.raises(WebError, match="nicht im öffentlichen Netz"):
        rules.addresses(rules.parse("http://intern.example/"))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "0", "[::1]", "[::ffff:127.0.0.1]", "localhost"]
)
def test_every_way_to_write_this_machine(host: str) -> None:
    rules = Rules()
    with pytest.raises(WebError):
        rules.addresses(rules.parse(f"http://{host}/"))


def test_name_that_is_not_known() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    for rules in (Rules(resolve=resolve), to()):
        with pytest.raises(UnreachableError, match=r"gibt es nicht"):
            rules.addresses(rules.parse("http://nirgends.example/"))


def test_label_that_is_too_long_for_a_name() -> None:
    rules = Rules(resolve=look_up)
    with pytest.raises(WebError):
        rules.addresses(rules.parse(f"http://{'a' * 70}.example/"))
