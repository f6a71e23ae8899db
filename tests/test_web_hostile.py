"""What a server may say: whatever that is, only a WebError leaves the fetcher, and no other source suffers."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
from httpx import URL, InvalidURL
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import ModelError, WebError
from retrieval.index_report import IndexReport
from retrieval.indexing.indexer import Indexer
from retrieval.indexing.sync import sync
from retrieval.language.sentences import SentenceSplitter
from retrieval.store.store import Store
from retrieval.types import Source, SourceKind
from retrieval.web.addresses import Rules
from retrieval.web.connection import Limits
from retrieval.web.fetching import Download, Fetcher
from retrieval.web.pages import read_page
from retrieval.web.robots import Robots
from tests.doubles import HashEmbedder
from tests.feeds import article, news
from tests.fuzzing import FOR_A_WHILE, few_examples, keep_trying
from tests.website import TRUSTS_NOBODY, Page, Time, Website, fetcher, website

SPLITTER = SentenceSplitter()  # loads when first used, and once
HUGE = "1" + "0" * 400
PAST_PYTHON = "9" * 5000  # more digits than int() takes


class RawServer:
    """Answers each request with the bytes in ``answer``; robots.txt has its own."""

    def __init__(self) -> None:
        self.answer = b""
        self.robots = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    def url(self, path: str) -> str:
        return f"http://site.test:{self.port}{path}"

    def fetcher(self, passing: Time) -> Fetcher:
        rules = Rules(
            frozenset({f"site.test:{self.port}"}),
            resolve=lambda host, port: ["127.0.0.1"],
            is_allowed=lambda address: True,
        )
        limits = Limits(1_000_000, 0.5, 2.0)
        return Fetcher(rules, limits=limits, clock=passing.clock, sleep=passing.sleep, tls=TRUSTS_NOBODY)

    def serve(self) -> None:
        with suppress(OSError):  # closed
            while True:
                connection, _ = self._socket.accept()
                with connection, suppress(OSError):
                    request = connection.recv(65536)
                    connection.sendall(self.robots if b" /robots.txt " in request else self.answer)
                    connection.shutdown(socket.SHUT_WR)
                    connection.settimeout(0.2)
                    connection.recv(65536)  # closing with unread bytes would reset what was sent

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@contextmanager
def raw_server() -> Iterator[RawServer]:
    server = RawServer()
    thread = Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


@pytest.fixture(scope="module")
def raw() -> Iterator[RawServer]:
    with raw_server() as running:
        yield running


def fetched(server: RawServer, **state: str) -> Download | str:
    """What comes back, or why nothing does; any error but a WebError is raised."""
    passing = Time()
    try:
        return server.fetcher(passing).fetch(server.url("/a"), **state)
    except WebError as error:
        return str(error)
    finally:
        assert sum(passing.slept) < 600


def said(status: str, *headers: str, body: str = "Hallo") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", body]).encode("latin-1", "replace")


@pytest.mark.parametrize(
    "header",
    [f"Content-Length: {PAST_PYTHON}", "Content-Length: -1", "Content-Length: ²", "Content-Length: 5, 6",
     "Transfer-Encoding: gzip, chunked", "Content-Encoding: \xff", "Content-Type: \xff\xfe; charset=\0",
     "Content-Type: text/html; charset=punycode", "ETag: \x07", "Location:", "Connection: upgrade", ":", "\0: a",
     "A" * 200_000],
)  # fmt: skip
def test_odd_headers(raw: RawServer, header: str) -> None:
    raw.answer = said("200 OK", header)
    assert fetched(raw)


@pytest.mark.parametrize("status", ["429 Too Many", "503 Away"])
@pytest.mark.parametrize(
    "after",
    [HUGE, PAST_PYTHON, "²", "-5", "nan", "inf", "Fri, 17 May 99999999999999999999 00:30:00 GMT",
     "Fri, 17 May 2024 00:30:00 +99999999", "Fri, 99 May 2024 99:99:99 GMT", "Mon, 01 Jan 0001 00:00:00 +2359",
     "Fri, 31 Dec 9999 23:59:59 GMT", "\xff", ",", "0 0 0 0 0 0 0"],
)  # fmt: skip
def test_impossible_pause(raw: RawServer, status: str, after: str) -> None:
    raw.answer = said(status, f"Retry-After: {after}")
    reason = fetched(raw)
    assert isinstance(reason, str)
    assert len(reason) < 300


@pytest.mark.parametrize(
    "location",
    ["http://[", "http://[::1", "//", "///", "http://", "http:", "\x01", "%", "http://a\xad.b/", "http://xn--/",
     "http://xn--a/", "http://%00/", "?" * 5000, "http://" + "a." * 500 + "b/", "http://site.test:99999999/",
     "http://site.test:²/", "http://site.test:/", "http://.site.test/", "http://..", "//[v1.x]/", "javascript:",
     "\xff"],
)  # fmt: skip
def test_odd_redirects(raw: RawServer, location: str) -> None:
    raw.answer = said("302 Found", f"Location: {location}", "Content-Length: 0", body="")
    assert isinstance(fetched(raw), str)


@pytest.mark.parametrize("state", ['"1"\r\nX: y', "\0", "a" * 5000, "“1”", "\ud800"])
def test_state_that_cannot_be_sent_is_not(raw: RawServer, state: str) -> None:
    raw.answer = said("200 OK", "Content-Length: 5")
    download = fetched(raw, etag=state, last_modified=state)
    assert isinstance(download, Download) and download.body == b"Hallo"


HEADERS = [
    "Location", "Retry-After", "Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "ETag",
    "Last-Modified", "Connection", "X",
]  # fmt: skip
VALUES = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=30),
    st.sampled_from([
        "", "0", "5", "²", HUGE, PAST_PYTHON, "-1", "chunked", "gzip", "identity", "http://[", "/b", "text/html",
        "text/html; charset=", "Fri, 17 May 2024 00:30:00 GMT", "Fri, 17 May 99999999999 00:30:00", "close",
    ]),
)  # fmt: skip
ANSWERS = st.builds(
    lambda status, headers, body: said(status, *(f"{name}: {value}" for name, value in headers), body=body),
    st.sampled_from(["200 OK", "204 None", "206 Part", "301 Moved", "302 Found", "304 Same", "404 Gone", "429 Slow",
                     "503 Away", "100 Go on", "101 Switch", "999 What", "2 0 0", "200"]),
    st.lists(st.tuples(st.sampled_from(HEADERS), VALUES), max_size=6),
    st.text(st.characters(max_codepoint=255), max_size=60),
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=100),
    st.builds(lambda body: said("200 OK", "Content-Encoding: gzip", body=gzip.compress(body).decode("latin-1")),
              st.binary(max_size=50)),
)  # fmt: skip


@pytest.mark.parametrize("seconds", FOR_A_WHILE)
def test_whatever_a_server_says(seconds: float) -> None:
    with raw_server() as server:

        @few_examples
        @given(st.one_of(ANSWERS, BODIES), st.one_of(st.none(), ANSWERS))
        def check(answer: bytes, robots: bytes | None) -> None:
            server.answer = answer
            server.robots = robots or said("404 Not Found", "Content-Length: 0", body="")
            assert fetched(server) is not None

        keep_trying(check, seconds)


ROBOTS_LINES = st.one_of(
    st.builds(
        lambda field, separator, value: field + separator + value,
        st.sampled_from(["User-agent", "useragent", "user agent", "Disallow", "Allow", "Crawl-delay", "Sitemap", "Host",
                         "Request-rate", "Visit-time", "Dissallow", "Noindex", ""]),
        st.sampled_from([":", " ", ": ", "\t:", "::", ""]),
        st.one_of(st.text(max_size=20),
                  st.text("/*$%?#[]:.aA0²fundstelle ", max_size=40),
                  st.sampled_from(["*", "Fundstelle", "//[x", "http://[::1", HUGE, PAST_PYTHON, "²", "nan", "1/0",
                                   "0400-0845", "\0", "%", "$"])),
    ),
    st.text(max_size=30),
)  # fmt: skip


@pytest.mark.parametrize("seconds", FOR_A_WHILE)
def test_whatever_a_robots_txt_says(seconds: float) -> None:
    @few_examples
    @given(
        st.binary(max_size=300) | st.lists(ROBOTS_LINES, max_size=30).map(lambda lines: "\n".join(lines).encode()),
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30),
    )  # fmt: skip
    def check(robots: bytes, path: str) -> None:
        try:
            address = URL("https://example.org/").join("/" + path)
        except (InvalidURL, ValueError):
            return
        with suppress(WebError):
            assert 0 <= Robots(lambda url: robots).check(address) <= 86_400

    keep_trying(check, seconds)


@pytest.mark.parametrize("charset", ["punycode", "idna", "undefined", "hex", "zip", "unsinn", ""])
def test_encodings_that_no_page_has(charset: str) -> None:
    body = ("Über Köln schneit es für längere Zeit. " * 100).encode("latin-1")
    assert read_page(Download("https://example.org/a", body, "text/plain", charset)).text.startswith("Über Köln")


class Round:
    """A collection with three sources, of which the middle one is ``/feed`` or ``/mitte``."""

    def __init__(self, store: Store, site: Website) -> None:
        self.store = store
        self.site = site
        self.embedder: HashEmbedder = HashEmbedder()
        site.pages |= {
            "/anfang": article("In Gomel wird gebaut. Die Brücke ist bald wieder fertig."),
            "/zuletzt": article("In Pinsk wird gefeiert. Das Fest dauert drei Tage lang."),
        }
        for path in ("/anfang", "/zuletzt"):
            store.put_source(Source(site.url(path), SourceKind.PAGE))
        store.put_source(Source(site.url("/feed"), SourceKind.FEED))

    def outcomes(self) -> dict[str, str]:
        report: IndexReport = sync(self.store, Indexer(self.store, SPLITTER, self.embedder), fetcher(self.site))
        return {article.path.removeprefix(self.site.url("")): article.outcome.value for article in report.articles}


@pytest.fixture
def looking(tmp_path: Path) -> Iterator[Round]:
    with website() as site, Store(tmp_path / "home") as store:
        news(site)
        yield Round(store, site)


def item_with(date: str) -> Page:
    """A feed of one entry with this date, whose page is ``/bad``."""
    return Page(
        "<rss version='2.0'><channel><title>T</title><item><title>Bad</title><link>/bad</link>"
        f"<pubDate>{date}</pubDate></item></channel></rss>".encode(),
        content_type="text/xml",
    )


ODD_SITES: dict[str, Callable[[Website], None]] = {
    "robots": lambda site: site.pages.update({
        "/robots.txt": Page(f"User-agent: *\nDisallow: //[x\nCrawl-delay: ²\nCrawl-delay: {HUGE}\n\0".encode())
    }),
    "pause": lambda site: site.pages.update({
        "/bad": Page(status=503, headers={"Retry-After": "Fri, 17 May 99999999999 00:30:00 GMT"})
    }),
    "redirect": lambda site: site.pages.update({"/bad": Page(status=302, headers={"Location": "http://[::1"})}),
    "length": lambda site: site.pages.update({"/bad": Page(headers={"Content-Length": PAST_PYTHON})}),
    "date": lambda site: site.pages.update({"/feed": item_with("Fri, 17 May 99999999999999 00:30:00 +0200")}),
    "feed": lambda site: site.pages.update({"/feed": Page(b"\0\xff", content_type="text/xml")}),
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD_SITES)
def test_odd_site_leaves_the_other_sources_alone(looking: Round, odd: str) -> None:
    ODD_SITES[odd](looking.site)
    found = looking.outcomes()
    assert (found["/anfang"], found["/zuletzt"]) == ("added", "added")
    if odd in ("robots", "date"):
        assert found["/bad"] == "added"


def test_unforeseen_error_comes_after_the_other_sources(looking: Round, monkeypatch: pytest.MonkeyPatch) -> None:
    class Choosy(HashEmbedder):
        def embed_texts(self, texts: list[str]) -> object:  # type: ignore[override]
            if "Hallenbad" in " ".join(texts):
                raise RuntimeError("kaputt")
            return super().embed_texts(texts)

    looking.embedder = Choosy()
    with pytest.raises(RuntimeError, match="kaputt"):
        looking.outcomes()
    ends = {Path(a.document.path).name for a in looking.store.articles()}
    assert ends == {"anfang", "zuletzt"}
    errors = {Path(source.location).name: source.error for source in looking.store.sources()}
    assert errors == {"anfang": "", "feed": "RuntimeError('kaputt')", "zuletzt": ""}


def test_model_that_cannot_be_used_ends_the_round(looking: Round) -> None:
    class Missing(HashEmbedder):
        def embed_texts(self, texts: list[str]) -> object:  # type: ignore[override]
            raise ModelError("weg")

    looking.embedder = Missing()
    with pytest.raises(ModelError):
        looking.outcomes()
    assert len(looking.site.paths()) == 1
