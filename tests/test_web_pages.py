from __future__ import annotations

import pytest

from retrieval.errors import LoadingError, WebError
from retrieval.web.feeds import Entry
from retrieval.web.fetching import Download
from retrieval.web.pages import described, read_content, read_page
from tests.feeds import LONG, article

ADDRESS = "https://www.example.org/politik/stadtrat-%C3%BCber-bad.html?seite=1"


def entry(**fields: str) -> Entry:
    stated = {"key": "7", "link": "", "title": "", "published": "", "author": "", "content": "", "mark": ""}
    return Entry(**{**stated, **fields})


def page(body: bytes, content_type: str = "text/html", charset: str = "") -> Download:
    return Download(ADDRESS, body, content_type, charset)


def body_of(text: str, head: str = "") -> bytes:
    body = article(text, head=head).body
    assert isinstance(body, bytes)
    return body


def test_web_page() -> None:
    head = '<link rel="canonical" href="https://anders.example/"><meta property="og:site_name" content="Tagfunk">'
    document = read_page(page(body_of(LONG, head)))
    assert (document.path, document.url) == (ADDRESS, ADDRESS)
    assert (document.title, document.source) == ("Titel der Seite", "Tagfunk")
    assert LONG.strip() in document.text
    assert "Start Sport" not in document.text


def test_site_is_the_source_where_nothing_else_is_known() -> None:
    document = read_page(page(b"Ein Satz steht hier. Ein zweiter folgt.", "text/plain"))
    assert (document.source, document.title) == ("www.example.org", "stadtrat-über-bad")


def test_markdown() -> None:
    assert read_page(page("# Köln\n\nEin *Satz*.".encode(), "text/markdown")).text == "Köln\nEin Satz."


@pytest.mark.parametrize("content_type", ["image/png", "application/json", "application/octet-stream", "", "text/css"])
def test_other_types_are_not_read(content_type: str) -> None:
    with pytest.raises(WebError, match="keine Seite mit Text"):
        read_page(page(b"Hallo", content_type))


@pytest.mark.parametrize("body", [b"", b"<html><body></body></html>", b"\0\1\2" * 100])
def test_page_without_article(body: bytes) -> None:
    with pytest.raises(LoadingError):
        read_page(page(body))


@pytest.mark.parametrize(
    ("encoding", "charset"),
    [("utf-8", ""), ("utf-8", "iso-8859-1"), ("koi8-r", "koi8-r"), ("utf-16-le", "utf-16-le"), ("cp1252", "unsinn")],
)
def test_encoding_that_the_server_names(encoding: str, charset: str) -> None:
    text = (
        "Привет, Москва. Здесь стоит текст."
        if encoding == "koi8-r"
        else "Über Köln und Düren schneit es für längere Zeit."
    )
    assert read_page(page(text.encode(encoding), "text/plain", charset)).text == text


def test_content_of_an_entry() -> None:
    document = read_content(entry(content=f"<p>{LONG}</p><script>alert(1)</script>"), "https://example.org/feed")
    assert document.text.startswith("Im Abschnitt 0 steht")
    assert "alert" not in document.text
    assert (document.path, document.url) == ("https://example.org/feed#7", "")
    linked = read_content(entry(content=f"<p>{LONG}</p>", link="https://example.org/a"), "https://example.org/feed")
    assert (linked.path, linked.url) == ("https://example.org/a", "https://example.org/a")


@pytest.mark.parametrize("content", ["", "<p>Ein Teaser reicht nicht. Er ist zu kurz.</p>"])
def test_short_content_is_no_article(content: str) -> None:
    with pytest.raises(LoadingError):
        read_content(entry(content=content), "https://example.org/feed")


def test_what_the_feed_says_wins() -> None:
    document = read_page(page(body_of(LONG, '<meta name="date" content="2020-01-01">')))
    told = described(document, entry(title="Im Feed", published="2024-05-17", author="Ida Voss"), "Tagfunk")
    assert (told.title, told.source, told.published, told.author) == ("Im Feed", "Tagfunk", "2024-05-17", "Ida Voss")
    silent = described(document, entry(), "")
    assert (silent.title, silent.source, silent.published) == (document.title, document.source, "2020-01-01")
