from __future__ import annotations

import gzip
import shutil
import ssl
import subprocess
import time
import zlib
from collections.abc import Iterator, Sequence
from email.utils import formatdate
from itertools import chain
from pathlib import Path
from threading import Thread

import pytest

from retrieval.errors import UnreachableError, WebError
from retrieval.web.addresses import Rules, is_public, look_up
from retrieval.web.connection import Limits
from retrieval.web.fetching import Fetcher
from tests.website import Asked, Page, Time, Website, fetcher, slowly, website


@pytest.fixture
def site() -> Iterator[Website]:
    with website() as running:
        yield running


def to(location: str) -> Page:
    return Page(status=302, headers={"Location": location})


def test_what_comes_back(site: Website) -> None:
    site.pages["/a"] = Page(b"Hallo", headers={"ETag": '"1"', "Last-Modified": "Fri, 17 May 2024 08:00:00 GMT"})
    download = fetcher(site).fetch(site.url("/a#teil"))
    assert (download.url, download.body, download.unchanged) == (site.url("/a"), b"Hallo", False)
    assert (download.content_type, download.charset) == ("text/html", "utf-8")
    assert (download.etag, download.last_modified) == ('"1"', "Fri, 17 May 2024 08:00:00 GMT")
    assert site.asked[-1].host == f"site.test:{site.port}"
    assert site.asked[-1].headers["User-Agent"].startswith("Fundstelle")


def test_unchanged_since_last_time(site: Website) -> None:
    site.pages["/a"] = Page(b"Hallo", headers={"ETag": '"1"'})
    assert fetcher(site).fetch(site.url("/a"), etag='"1"', last_modified="Fri, 17 May 2024 08:00:00 GMT").unchanged
    assert site.asked[-1].headers["If-Modified-Since"] == "Fri, 17 May 2024 08:00:00 GMT"
    assert fetcher(site).fetch(site.url("/a"), etag='"2"').body == b"Hallo"


def test_odd_state_of_last_time_sends_no_header(site: Website) -> None:
    site.pages["/a"] = Page(b"Hallo")
    assert fetcher(site).fetch(site.url("/a"), etag="“1”").body == b"Hallo"


def test_redirects_lead_to_the_address_that_is_kept(site: Website) -> None:
    site.pages |= {"/a": to("/b?x=1"), "/b?x=1": to(site.url("/c", "other.test")), "/c": Page(b"Ziel")}
    download = fetcher(site).fetch(site.url("/a"))
    assert (download.url, download.body) == (site.url("/c", "other.test"), b"Ziel")


def test_at_most_five_redirects(site: Website) -> None:
    site.pages |= {f"/{i}": to(f"/{i + 1}") for i in range(10)}
    site.pages["/10"] = Page(b"Ziel")
    assert fetcher(site).fetch(site.url("/5")).body == b"Ziel"
    with pytest.raises(WebError, match="mehr als 5-mal"):
        fetcher(site).fetch(site.url("/4"))


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/", "http://2130706433/", "http://localhost/", "file:///etc/passwd", "ftp://site.test/a",
        "http://ich:geheim@site.test/", "http://site.test:22/", "http://[::1", "//10.0.0.1/",
    ],
)  # fmt: skip
def test_redirect_to_where_nothing_may_be_fetched(site: Website, location: str) -> None:
    """Only the site itself passes as public here; every other address is judged as always."""
    judged: list[str] = []

    def is_allowed(address: str) -> bool:
        judged.append(address)
        return len(judged) <= 2 or is_public(address)  # robots.txt and the page that leads on

    def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"] if host == "site.test" else look_up(host, port)

    named = {"127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254", "::1", "2130706433", "localhost", "10.0.0.1"}
    rules = Rules(site.hosts | named, resolve=resolve, is_allowed=is_allowed)
    site.pages["/a"] = to(location)
    with pytest.raises(WebError) as caught:
        Fetcher(rules, sleep=lambda seconds: None).fetch(site.url("/a"))
    assert "geheim" not in str(caught.value)
    assert site.paths() == ["/a"]


def test_a_name_is_looked_up_once_for_a_request(site: Website) -> None:
    """A name server that says "public" to the check and "private" to whoever asks again finds nobody asking again."""
    site.pages["/a"] = Page(b"Hallo")
    looked_up: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]  # stands for the public address; any further look-up would be one too many

    rules = Rules(site.hosts, resolve=resolve, is_allowed=lambda address: True)
    assert Fetcher(rules, sleep=lambda seconds: None).fetch(site.url("/a")).body == b"Hallo"
    assert looked_up == ["site.test"] * len(site.asked) == ["site.test"] * 2  # robots.txt and the page


def test_name_that_turns_private_is_refused_at_the_next_request(site: Website) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    rules = Rules(site.hosts, resolve=lambda host, port: next(answers), is_allowed=lambda a: a == "127.0.0.1")
    with pytest.raises(WebError, match=r"10\.0\.0\.1"):
        Fetcher(rules, sleep=lambda seconds: None).fetch(site.url("/a"))
    assert site.paths() == []


def test_next_address_where_one_does_not_answer(site: Website) -> None:
    site.pages["/a"] = Page(b"Hallo")
    rules = Rules(site.hosts, resolve=lambda host, port: ["127.0.0.2", "127.0.0.1"], is_allowed=lambda address: True)
    assert Fetcher(rules, sleep=lambda seconds: None).fetch(site.url("/a")).body == b"Hallo"


def test_by_default_this_machine_is_refused(site: Website) -> None:
    with pytest.raises(WebError, match="nicht im öffentlichen Netz"):
        Fetcher(Rules(frozenset({f"127.0.0.1:{site.port}"}))).fetch(site.url("/a", "127.0.0.1"))
    assert site.asked == []


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
def test_body_that_is_too_large(site: Website, headers: dict[str, str]) -> None:
    body = b"a" * 3_000_000
    site.pages["/a"] = Page(gzip.compress(body) if headers else body, headers=headers)
    with pytest.raises(WebError, match=r"zu groß; erlaubt sind 2 MB"):
        fetcher(site, limits=Limits(max_bytes=2_000_000)).fetch(site.url("/a"))
    assert fetcher(site, limits=Limits(max_bytes=3_000_000)).fetch(site.url("/a")).body == body


def test_gzip_bomb_is_not_unpacked(site: Website) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(200)) + packer.flush()  # 200 MB
    site.pages["/a"] = Page(bomb, headers={"Content-Encoding": "gzip"})
    started = time.monotonic()
    with pytest.raises(WebError, match="zu groß"):
        fetcher(site).fetch(site.url("/a"))
    assert time.monotonic() - started < 5


def test_endless_body(site: Website) -> None:
    site.pages["/a"] = Page(slowly(b"a" * 100_000, 0))
    with pytest.raises(WebError, match="zu groß"):
        fetcher(site, limits=Limits(max_bytes=1_000_000)).fetch(site.url("/a"))


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
def test_body_that_drips_ends_at_the_deadline(site: Website, headers: dict[str, str]) -> None:
    start, go_on = (gzip.compress(b"")[:10], b"\0\0\0\xff\xff") if headers else (b"", b"a")  # blocks of nothing
    site.pages["/a"] = lambda asked: Page(chain([start], slowly(go_on, 0.05)), headers=headers)
    started = time.monotonic()
    with pytest.raises(UnreachableError, match="zu langsam"):
        fetcher(site, limits=Limits(total_seconds=0.5)).fetch(site.url("/a"))
    assert time.monotonic() - started < 3


def test_silent_server(site: Website) -> None:
    def silent(asked: Asked) -> Page:
        time.sleep(0.5)
        return Page()

    site.pages["/a"] = silent
    with pytest.raises(UnreachableError, match="keine Verbindung"):
        fetcher(site, limits=Limits(step_seconds=0.1)).fetch(site.url("/a"))
    assert site.paths() == ["/a"] * 3


def test_gzip_is_asked_for_and_unpacked(site: Website) -> None:
    site.pages["/a"] = Page(gzip.compress(b"Hallo" * 50_000), headers={"Content-Encoding": "gzip"})
    assert fetcher(site).fetch(site.url("/a")).body == b"Hallo" * 50_000
    assert site.asked[-1].headers["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("body", "encoding", "message"),
    [
        (b"Hallo", "br", "unbekannte Weise gepackt"),
        (b"Hallo", "gzip, gzip", "unbekannte Weise gepackt"),
        (b"Hallo", "gzip", "beschädigt"),
        (gzip.compress(b"Hallo" * 1000)[:-12], "gzip", "beschädigt"),
    ],
)
def test_body_that_cannot_be_unpacked(site: Website, body: bytes, encoding: str, message: str) -> None:
    site.pages["/a"] = Page(body, headers={"Content-Encoding": encoding})
    with pytest.raises(WebError, match=message):
        fetcher(site).fetch(site.url("/a"))


@pytest.mark.parametrize(
    ("status", "message"),
    [(404, "gibt es nicht"), (410, "gibt es nicht"), (403, "ohne Anmeldung"), (418, "418"), (301, "301")],
)
def test_answers_that_stand(site: Website, status: int, message: str) -> None:
    site.pages["/a"] = Page(b"nein", status)
    with pytest.raises(WebError, match=message) as caught:
        fetcher(site).fetch(site.url("/a"))
    assert not isinstance(caught.value, UnreachableError)
    assert site.paths() == ["/a"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_three_attempts_where_it_may_help(site: Website, status: int) -> None:
    replies = iter([Page(status=status), Page(status=status), Page(b"Hallo")])
    site.pages["/a"] = lambda asked: next(replies)
    site.pages["/b"] = Page(status=status)
    fetching = fetcher(site)
    assert fetching.fetch(site.url("/a")).body == b"Hallo"
    with pytest.raises(UnreachableError, match=str(status)):
        fetching.fetch(site.url("/b"))
    assert site.paths() == ["/a"] * 3 + ["/b"] * 3


@pytest.mark.parametrize("seconds", [20, 3600])
@pytest.mark.parametrize("as_date", [False, True])
def test_pause_that_the_server_asks_for(site: Website, seconds: int, as_date: bool) -> None:
    after = formatdate(time.time() + seconds, usegmt=True) if as_date else str(seconds)
    replies = iter([Page(status=429, headers={"Retry-After": after}), Page(b"Hallo")])
    site.pages["/a"] = lambda asked: next(replies)
    passing = Time()
    fetching = fetcher(site, time=passing)
    if seconds > 60:
        with pytest.raises(UnreachableError, match="Pause"):
            fetching.fetch(site.url("/a"))
        with pytest.raises(UnreachableError, match="Pause"):
            fetching.fetch(site.url("/b"))
        assert site.paths() == ["/a"]
    else:
        assert fetching.fetch(site.url("/a")).body == b"Hallo"
        assert sum(passing.slept) == pytest.approx(21, abs=2)  # and the second after robots.txt


def test_a_second_between_two_requests_to_a_host(site: Website) -> None:
    passing = Time()
    fetching = fetcher(site, time=passing)
    site.pages["/a"] = Page(b"Hallo")
    for _ in range(3):
        fetching.fetch(site.url("/a"))
    assert passing.slept == [1, 1, 1]  # after robots.txt, after each but the last page
    fetching.fetch(site.url("/a", "other.test"))
    assert passing.slept == [1, 1, 1, 1]  # after its own robots.txt only


def test_robots(site: Website) -> None:
    site.pages["/robots.txt"] = Page(b"User-agent: *\nDisallow: /geheim\nCrawl-delay: 7\n", content_type="text/plain")
    site.pages |= {"/a": Page(b"Hallo"), "/geheim/b": Page(b"!"), "/c": to("/geheim/b")}
    passing = Time()
    fetching = fetcher(site, time=passing)
    assert fetching.fetch(site.url("/a")).body == b"Hallo"
    for path in ("/geheim/b", "/c"):
        with pytest.raises(WebError, match=r"robots\.txt"):
            fetching.fetch(site.url(path))
    assert [asked.path for asked in site.asked] == ["/robots.txt", "/a", "/c"]
    assert passing.slept == [1, 7]


def test_robots_that_name_fundstelle(site: Website) -> None:
    site.pages["/robots.txt"] = Page(b"User-agent: fundstelle\nDisallow: /\n\nUser-agent: *\nDisallow:\n")
    site.pages["/a"] = Page(b"Hallo")
    with pytest.raises(WebError, match=r"robots\.txt"):
        fetcher(site).fetch(site.url("/a"))


@pytest.mark.parametrize(
    "robots", [Page(status=404), Page(status=403), Page(b"\xff\xfe<html>" * 100_000), to("/robots2.txt")]
)
def test_without_rules_all_may_be_read(site: Website, robots: Page) -> None:
    site.pages |= {"/robots.txt": robots, "/a": Page(b"Hallo")}
    assert fetcher(site).fetch(site.url("/a")).body == b"Hallo"


def test_rules_that_cannot_be_had_forbid_all(site: Website) -> None:
    site.pages |= {"/robots.txt": Page(status=503), "/a": Page(b"Hallo")}
    fetching = fetcher(site)
    for _ in range(2):
        with pytest.raises(UnreachableError, match=r"robots\.txt von site\.test"):
            fetching.fetch(site.url("/a"))
    assert [asked.path for asked in site.asked] == ["/robots.txt"] * 3


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
@pytest.mark.parametrize(("host", "is_its_own"), [("site.test", True), ("other.test", False)])
def test_certificate_has_to_be_that_of_the_name(tmp_path: Path, host: str, is_its_own: bool) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", str(key), "-out", str(certificate), "-subj", "/CN=site.test",
         "-addext", "subjectAltName=DNS:site.test"],
        check=True, capture_output=True,
    )  # fmt: skip
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate, key)
    names: list[str | None] = []
    served.sni_callback = lambda _socket, name, _context: names.append(name)
    site = Website()
    site.pages["/a"] = Page(b"Hallo")
    site.wrap(served)
    thread = Thread(target=site.serve)
    thread.start()
    try:
        rules = Rules(site.hosts, resolve=lambda host, port: ["127.0.0.1"], is_allowed=lambda address: True)
        trusted = ssl.create_default_context(cafile=str(certificate))
        fetching = Fetcher(rules, sleep=lambda seconds: None, tls=trusted)
        address = site.url("/a", host).replace("http:", "https:")
        if is_its_own:
            assert fetching.fetch(address).body == b"Hallo"
        else:
            with pytest.raises(WebError, match="Zertifikat"):
                fetching.fetch(address)
        assert set(names) == {host}
    finally:
        site.stop()
        thread.join()
