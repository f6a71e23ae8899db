"""``fundstelle serve``: the real server on a free port, asked by real clients."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from bot.access.service import Service
from bot.errors import AccessError
from bot.http.guard import Guard, own_name
from bot.http.pages import MAX_CHARS, article_page
from bot.http.server import HttpServer
from bot.http.token import TOKEN_FILE, cookie_name, load_token
from retrieval.types import Document
from tests.conftest import ROOT
from tests.served import ATTACKER, BROKEN, COSTS, EVIL, HARBOUR, SLOW, collection

TOKEN = "t" * 43


@contextmanager
def running(home: Path, max_waiting: int = 20) -> Iterator[str]:
    """A server in a thread of its own; its address."""
    with collection(home) as articles:
        service = Service(articles, max_waiting=max_waiting)
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()

        def run(work: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(work, loop).result(10)

        async def build() -> HttpServer:
            return HttpServer(service, TOKEN, "de", "127.0.0.1", 0)

        server = run(build())
        try:
            yield run(server.start())
        finally:
            run(server.stop())
            run(loop.shutdown_default_executor())
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()
            assert service.reader.stop(5)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("http") / "home") as address:
        yield address


@pytest.fixture(scope="module")
def stranger(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address) as client:
        yield client


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[httpx.Client]:
    """A browser that has opened the address with the token."""
    with httpx.Client(base_url=address, headers={"Accept-Language": "de"}) as client:
        assert client.get("/", params={"token": TOKEN}).status_code == 303
        yield client


@pytest.fixture(scope="module")
def program(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        yield client


class Page(HTMLParser):
    """What a browser makes of a page: its elements with their attributes, and the text in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []
        self.inside: dict[str, str] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("meta", "link", "input"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        for tag in set(self._open):
            self.inside[tag] = self.inside.get(tag, "") + data

    def links(self) -> list[str]:
        return [attributes["href"] for tag, attributes in self.elements if tag == "a"]


# Who may ask


def test_the_token_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    token = load_token(home)
    assert stat.S_IMODE((home / TOKEN_FILE).stat().st_mode) == 0o600
    assert load_token(home) == token
    assert len(token) >= 43
    renewed = load_token(home, renew=True)
    assert renewed not in (token, "")
    assert load_token(home) == renewed
    assert stat.S_IMODE((home / TOKEN_FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 40 + b"\n\nx", "ä".encode() * 40])
def test_a_damaged_token_is_not_taken(tmp_path: Path, content: bytes) -> None:
    (tmp_path / TOKEN_FILE).write_bytes(content)
    with pytest.raises(AccessError, match="http-token"):
        load_token(tmp_path)
    assert load_token(tmp_path, renew=True)


@pytest.mark.parametrize(
    "path", ["/", "/?q=Hafen", "/articles/1", "/?token=", "/?token=ttt", "/?token=%C3%A4%ff", "/x"]
)
def test_pages_need_the_cookie(stranger: httpx.Client, path: str) -> None:
    for headers in ({}, {"Cookie": f"{cookie_name(TOKEN)}=x"}, {"Authorization": f"Bearer {TOKEN}"}):
        response = stranger.get(path, headers=headers)
        assert response.status_code == 401
        assert "fundstelle serve" in response.text
        assert "Hafen" not in response.text
        assert "set-cookie" not in response.headers


@pytest.mark.parametrize("path", ["/api/ask?q=Hafen", "/api/search?q=Hafen", "/api/articles", "/api/articles/1"])
def test_the_api_needs_the_header(stranger: httpx.Client, path: str) -> None:
    cookie = f"{cookie_name(TOKEN)}={TOKEN}"
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {TOKEN}"}, {"Cookie": cookie}):
        response = stranger.get(path, headers=headers)
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
        assert list(response.json()) == ["error"]
    assert stranger.get(f"{path}{'&' if '?' in path else '?'}token={TOKEN}").status_code == 401


def test_the_description_is_for_both(stranger: httpx.Client, browser: httpx.Client, program: httpx.Client) -> None:
    assert [client.get("/openapi.json").status_code for client in (stranger, browser, program)] == [401, 200, 200]


def test_the_address_with_the_token_gives_a_cookie_and_leads_to_one_without(stranger: httpx.Client) -> None:
    response = httpx.get(stranger.base_url.join("/"), params={"token": TOKEN, "q": "x"})
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(response.headers["set-cookie"].split("; "))
    for path in ("//evil.example/", "/articles/1", "/%2f%2fevil.example"):
        # Built by hand: a client would take the first for another host.
        assert b" 303 " not in raw(stranger, f"GET {path}?token={TOKEN} HTTP/1.1\r\nHost: localhost\r\n\r\n")


def raw(client: httpx.Client, request: str) -> bytes:
    """The first line of what comes back."""
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=10) as connection:
        connection.sendall(request.encode())
        return connection.makefile("rb").readline()


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example"),
        *("192.168.1.5", "x y", ""),
    ],
)
def test_names_of_other_sites_are_refused(browser: httpx.Client, program: httpx.Client, host: str) -> None:
    for client, path in (
        (browser, "/"),
        (program, "/api/articles"),
        (program, "/style.css"),
        (program, "/openapi.json"),
    ):
        response = client.get(path, headers={"Host": host})
        assert response.status_code in (400, 421)
        assert "Hafen" not in response.text
    assert browser.get("/", params={"token": TOKEN}, headers={"Host": host}).status_code in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9999", "127.0.0.1", "[::1]:8080", "127.0.0.2:80"])
def test_names_of_this_machine_are_its_own(browser: httpx.Client, host: str) -> None:
    assert browser.get("/", headers={"Host": host}).status_code == 200


def test_a_request_names_one_host(stranger: httpx.Client) -> None:
    ask = f"GET /api/articles HTTP/1.{{}}\r\n{{}}Authorization: Bearer {TOKEN}\r\n\r\n"
    assert b" 200 " in raw(stranger, ask.format(1, "Host: localhost\r\n"))
    assert b" 200 " not in raw(stranger, ask.format(1, "Host: localhost\r\nHost: evil.example\r\n"))
    assert b" 200 " not in raw(stranger, ask.format(0, ""))


def test_a_server_for_the_network_knows_its_names() -> None:
    def knows(listens: str, host: str) -> bool:
        return Guard(TOKEN, listens).knows_host([host])

    for host in ("192.168.1.5:8080", own_name(), f"{own_name()}.local:8080", "localhost", "[fe80::1]"):
        assert knows("0.0.0.0", host)
        assert knows("::", host)
    assert knows("desk.example", "desk.example:8080")
    for listens in ("0.0.0.0", "desk.example", "127.0.0.1", "::1"):
        assert not knows(listens, "evil.example")
    assert not knows("127.0.0.1", own_name()) or own_name() == "localhost"


# What browsers may do with it


def test_every_response_forbids_scripts_and_other_sites(
    stranger: httpx.Client, browser: httpx.Client, program: httpx.Client
) -> None:
    responses = [
        stranger.get("/"),
        stranger.get("/style.css"),
        stranger.get("/icon.svg"),
        browser.get("/"),
        browser.get("/nowhere"),
    ]
    responses += [browser.get("/", params={"q": COSTS}), browser.get("/articles/1"), browser.post("/")]
    responses += [program.get("/api/ask", params={"q": COSTS}), program.get("/api/x"), program.get("/openapi.json")]
    responses.append(browser.get("/", headers={"Host": "evil.example"}))
    assert [response.status_code for response in responses] == [
        *(401, 200, 200, 200, 404, 200, 200, 405, 200, 404, 200, 421)
    ]
    for response in responses:
        policy = response.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert not {"unsafe", "http", "*"} & set(re.split(r"[\s'-]", policy))
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["cache-control"] == "no-store"
        assert not [name for name in response.headers if name.startswith("access-control")]
        assert "server" not in response.headers


def test_pages_have_no_scripts_and_fetch_nothing(browser: httpx.Client) -> None:
    for path in ("/", f"/?q={COSTS}", "/articles/1"):
        page = Page(browser.get(path).text)
        assert not {"script", "img", "iframe", "object", "style"} & {tag for tag, _ in page.elements}
        assert [attributes["href"] for tag, attributes in page.elements if tag == "link"] == ["/style.css", "/icon.svg"]
    assert "url(" not in browser.get("/style.css").text
    assert "prefers-color-scheme: dark" in browser.get("/style.css").text


# Pages


def test_the_card_says_what_the_terminal_says(browser: httpx.Client) -> None:
    page = Page(browser.get("/", params={"q": COSTS}).text)
    assert page.inside["blockquote"].startswith("Der Hafen wird erweitert. Die neue Kaimauer kostet 12 Millionen Euro")
    assert page.inside["mark"] == "12 Millionen Euro"
    lines = [line for line in page.inside["article"].splitlines() if line]
    assert lines[:2] == ["12 Millionen Euro", "● sicher"]
    assert "Hafen <b>wächst</b>, dpa & Söhne, 17. Mai 2024, S. 3 · im Netz" in lines
    assert any(link.startswith("https://hafen.example/1?a=1&b=2") for link in page.links())


def test_the_article_has_the_sentence_marked(browser: httpx.Client) -> None:
    link = next(link for link in Page(browser.get("/", params={"q": COSTS}).text).links() if "/articles/" in link)
    page = Page(browser.get(link).text)
    assert page.inside["mark"] == "12 Millionen Euro"
    assert page.inside["span"] == "Die neue Kaimauer kostet 12 Millionen Euro & mehr."
    assert page.inside["div"] == HARBOUR.text
    assert ("span", {"class": "sentence", "id": "quote"}) in page.elements
    assert link.endswith("#quote")


@pytest.mark.parametrize(
    "place",
    [
        *("", "?start=5", "?start=9&end=5", "?start=0&end=99999", "?start=-1&end=5", "?start=٣&end=5"),
        *(f"?start=1&end={10**30}", "?start=a&end=b"),
    ],
)
def test_a_place_that_is_none_is_not_marked(browser: httpx.Client, place: str) -> None:
    response = browser.get(f"/articles/1{place}")
    assert response.status_code == 200
    assert "<mark>" not in response.text
    assert Page(response.text).inside["div"] == HARBOUR.text


def test_a_quote_over_lines_is_marked_in_each_paragraph() -> None:
    words = "Eins.\n\nZwei & drei\nvier. Fünf.\n\tSechs\n"
    sentence = words.index("Zwei"), words.index(" Fünf")
    page = Page(article_page(Document(words), "de", (words.index("drei"), words.index(". Fünf")), sentence))
    assert page.inside["div"] == words
    assert (page.inside["mark"], page.inside["span"]) == ("drei\nvier", "Zwei & drei\nvier.")
    assert [attributes.get("class") for tag, attributes in page.elements if tag == "p"][1:] == [
        None,
        "blank",
        *[None] * 3,
    ]
    assert [attributes.get("id") for tag, attributes in page.elements if tag == "span"] == ["quote", *[None] * 3]


def test_of_a_long_article_the_part_around_the_quote_is_shown() -> None:
    words = "Anfang. " + "x" * MAX_CHARS + " Die Brücke ist gesperrt. " + "y" * MAX_CHARS
    start = words.index("Die Brücke")
    page = Page(article_page(Document(words, "Lang"), "en", (start + 4, start + 10), (start, start + 25)))
    assert page.inside["mark"] == "Brücke"
    assert "a part of it" in page.text
    assert len(page.inside["div"]) == MAX_CHARS
    assert Page(article_page(Document(words), "en", (0, 0), (0, 0))).inside["div"].startswith("Anfang.")


def test_pages_say_that_the_articles_do_not_say(browser: httpx.Client) -> None:
    response = browser.get("/", params={"q": "Wann schließt das Museum?"})
    assert response.status_code == 200
    assert "Dazu steht nichts in den Artikeln." in response.text
    assert "<mark>" not in response.text


def test_pages_speak_the_browser_s_language(browser: httpx.Client) -> None:
    def question(languages: str) -> str:
        html = browser.get("/", headers={"Accept-Language": languages}).text
        return Page(html).inside["button"] + Page(html).elements[0][1]["lang"]

    assert question("en-GB,en;q=0.9,de;q=0.8") == "Asken"
    assert question("fr;q=1, de-AT;q=0.5, en;q=0.4") == "Fragende"
    assert question("de;q=x, en;q=99, fr") == question("") == "Fragende"
    assert question("en;q=0," * 1000 + "en") == "Fragende"


def test_filters_are_in_the_form_and_kept(browser: httpx.Client) -> None:
    page = Page(browser.get("/", params={"q": COSTS, "source": "DPA", "since": "17. Mai 2024", "until": ""}).text)
    assert page.inside["mark"] == "12 Millionen Euro"
    values = {attributes["name"]: attributes["value"] for tag, attributes in page.elements if tag == "input"}
    assert values == {"q": COSTS, "source": "DPA", "since": "17. Mai 2024", "until": ""}
    late = browser.get("/", params={"q": COSTS, "since": "2024-05-18"})
    assert "<mark>" not in late.text
    wrong = browser.get("/", params={"q": COSTS, "since": "gestern"})
    assert wrong.status_code == 400
    assert "„gestern“ ist kein Datum" in wrong.text
    assert browser.get("/", params={"q": "x" * 1001}).status_code == 400


# Hostile input


EVIL_WORDS = "\"><script>alert(1)</script><img src=x onerror=alert(1)>' onfocus=alert(1) x='{{ 7 * 7 }}{% raw %}"


@pytest.mark.parametrize(
    "parameters",
    [
        {"q": EVIL_WORDS},
        {"q": ATTACKER},
        {"q": ATTACKER, "source": EVIL_WORDS, "since": EVIL_WORDS},
        {"q": "Skript", "until": EVIL_WORDS},
        {"q": "\x00\x1b\u202e<b>"},
    ],
)
def test_what_others_have_written_is_text(browser: httpx.Client, parameters: dict[str, str]) -> None:
    harmless(browser.get("/", params=parameters).text)


def test_articles_of_others_are_text(browser: httpx.Client) -> None:
    html = browser.get("/articles/2?start=0&end=20").text
    harmless(html)
    assert Page(html).inside["div"] == EVIL.text
    assert "{{ 7 * 7 }} <i>Quelle</i>" in Page(html).text


def harmless(html: str) -> None:
    page = Page(html)
    assert {tag for tag, _ in page.elements} <= {
        *("html", "head", "meta", "title", "link", "body", "header", "main", "a", "form", "label", "div", "input"),
        *(
            "button",
            "details",
            "summary",
            "p",
            "article",
            "section",
            "h1",
            "h2",
            "ol",
            "li",
            "span",
            "mark",
            "blockquote",
        ),
    }
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert all(link.startswith(("/", "http://", "https://")) for link in page.links())
    assert "49" not in page.text
    assert not re.search("[\x00\x1b\u202e]", html)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/articles/0",
            "/articles/99",
            "/articles/x",
            f"/articles/{'9' * 40}",
            "/articles/1/",
            "/templates/base.html",
        ),
        "/articles/%2e%2e%2fetc",
    ],
)
def test_what_is_not_there(browser: httpx.Client, program: httpx.Client, path: str) -> None:
    assert browser.get(path).status_code == 404
    assert program.get(f"/api{path}").status_code == 404


@pytest.mark.parametrize(
    "request_",
    [
        "GET / HTTP/9.9\r\n\r\n",
        "\x16\x03\x01\x02\r\n\r\n",
        f"GET /?token={TOKEN}&q={'x' * 20_000} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: {TOKEN}{'x' * 20_000}\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nCookie: \xff=\x01;;=\r\n\r\n",
    ],
)
def test_malformed_requests_are_refused_and_not_logged(
    stranger: httpx.Client, program: httpx.Client, request_: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert re.match(rb"HTTP/1\.[01] 4\d\d ", raw(stranger, request_))
    assert program.get("/api/articles").status_code == 200
    assert TOKEN not in caplog.text


def test_what_breaks_inside_is_not_told(
    browser: httpx.Client, program: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    page = browser.get("/", params={"q": BROKEN})
    assert (page.status_code, "secret" in page.text) == (500, False)
    response = program.get("/api/ask", params={"q": BROKEN})
    assert (response.status_code, "secret" in response.text) == (500, False)
    assert "secret inner matters" in caplog.text
    assert BROKEN not in caplog.text
    assert TOKEN not in caplog.text


# API


def test_answers_are_as_described(program: httpx.Client) -> None:
    described = program.get("/openapi.json").json()
    assert described["openapi"] == "3.1.0"
    schemas = {"components": described["components"]}
    for path, query in {
        "/api/ask": {"q": COSTS},
        "/api/ask ": {"q": "Wann schließt das Museum?"},
        "/api/ask  ": {"q": "Wer hat den Artikel über den Hafen geschrieben?"},
        "/api/search": {"q": "Hafen", "limit": 2},
        "/api/articles": {"words": "hafen"},
        "/api/articles/{id}": {"start": 3, "length": 10},
    }.items():
        operation = described["paths"][path.strip()]["get"]
        assert set(query) <= {parameter["name"] for parameter in operation["parameters"]}
        response = program.get(path.strip().replace("{id}", "1"), params=query)
        assert response.status_code == 200
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, **schemas}).validate(response.json())
        refused = operation["responses"]["400"]["content"]["application/json"]["schema"]
        error = program.get(path.strip().replace("{id}", "1"), params={"x": 1})
        assert error.status_code == 400
        Draft202012Validator({**refused, **schemas}).validate(error.json())


def test_an_answer_is_a_quote_with_its_place(program: httpx.Client) -> None:
    answer = program.get("/api/ask", params={"q": COSTS}).json()
    quote = answer["quote"]
    assert (quote["text"], quote["page"], quote["document"]["id"]) == ("12 Millionen Euro", 3, 1)
    assert HARBOUR.text[quote["start"] : quote["end"]] == quote["text"]
    part = program.get("/api/articles/1", params={"start": quote["start"], "length": 17}).json()
    assert part["text"] == quote["text"]


def test_messages_are_in_the_language_asked_for(program: httpx.Client) -> None:
    for language, said in (("en", "The articles do not say."), ("de", "Dazu steht nichts in den Artikeln.")):
        answer = program.get("/api/ask", params={"q": "Museum?"}, headers={"Accept-Language": language}).json()
        assert (answer["answered"], answer["message"]) == (False, said)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("ask", "q"), ("ask?q=", "q"), (f"ask?q={'x' * 1001}", "q"), ("ask?q=a&sice=1", "sice"), ("ask?q=a&q=b", "q"),
        ("search?q=a&limit=21", "limit"), ("search?q=a&limit=x", "limit"), ("articles?offset=-1", "offset"),
        ("articles/1?length=0", "length"), ("articles/1?start=1e99", "start"), ("ask?q=a&since=gestern", "gestern"),
    ],
)  # fmt: skip
def test_wrong_parameters_are_named(program: httpx.Client, path: str, named: str) -> None:
    response = program.get(f"/api/{path}")
    assert response.status_code == 400
    assert f"„{named}“" in response.json()["error"]


def test_everything_only_reads(program: httpx.Client, browser: httpx.Client) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"):
        assert program.request(method, "/api/articles/1").status_code == 405
        assert browser.request(method, "/").status_code == 405
    assert program.get("/api/articles").json()["total"] == 2


# Many at once, and the end


def test_too_many_questions_are_refused_kindly(tmp_path: Path) -> None:
    with (
        running(tmp_path / "home", max_waiting=2) as address,
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10) as program,
        ThreadPoolExecutor(5) as many,
    ):
        asked = [many.submit(program.get, "/api/ask", params={"q": SLOW}) for _ in range(5)]
        time.sleep(0.2)
        assert program.get("/api/articles").status_code == 200  # looking up does not wait behind questions
        responses = [future.result() for future in asked]
    assert sorted(response.status_code for response in responses) == [200, 200, 429, 429, 429]
    for response in responses:
        if response.status_code == 429:
            assert "gleich noch einmal" in response.json()["error"]
            assert int(response.headers["retry-after"]) > 0


def test_the_command_serves_and_ends_at_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    command = [sys.executable, "-m", "tests.served", str(home), "serve", "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    line = process.stderr.readline()
    url = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", line)
    assert url, line
    token = url[0].partition("token=")[2]
    assert (home / TOKEN_FILE).read_text() == token
    with httpx.Client(follow_redirects=True) as browser, ThreadPoolExecutor(3) as many:
        assert "Ich kenne 2 Artikel." in browser.get(url[0]).text
        waiting = [many.submit(browser.get, url[0].partition("?")[0], params={"q": SLOW}) for _ in range(3)]
        time.sleep(0.3)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert time.monotonic() - began < 10
        for future in waiting:
            assert isinstance(future.exception(), httpx.HTTPError)
    said = process.communicate()[1]
    logs = "".join(path.read_text("utf-8") for path in home.glob("fundstelle.log*"))
    assert "Traceback" not in said
    assert token not in said + logs
    assert SLOW not in said + logs


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, collection(tmp_path / "home") as articles:
        service = Service(articles)
        port = taken.getsockname()[1]

        async def start() -> None:
            await HttpServer(service, TOKEN, "de", "127.0.0.1", port).start()

        with pytest.raises(AccessError, match=rf"127\.0\.0\.1:{port} .*--port"):
            asyncio.run(start())
        assert service.reader.stop(5)


def test_the_description_is_json_that_names_all_addresses(program: httpx.Client) -> None:
    described = json.loads(program.get("/openapi.json").text)
    assert sorted(described["paths"]) == ["/api/articles", "/api/articles/{id}", "/api/ask", "/api/search"]
    for operation in described["paths"].values():
        assert all(parameter["description"] for parameter in operation["get"]["parameters"])
        assert {"400", "401", "429", "503"} <= set(operation["get"]["responses"])
