from __future__ import annotations

import time

import pytest

from retrieval.errors import WebError
from retrieval.web.feeds import MAX_ENTRIES, Feed, read_feed
from retrieval.web.fetching import Download
from tests.feeds import encoded, item, rss
from tests.website import Page

ADDRESS = "https://example.org/news/feed.xml"
ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://example.org/atom/">
<title type="html">Der &lt;b&gt;Tag&lt;/b&gt; &amp;amp; die Nacht</title>
<entry><title>Eins</title><link href="eins.html"/><link rel="enclosure" href="ton.mp3"/><id>urn:1</id>
<updated>2024-05-17T08:30:00Z</updated><author><name>Ida Voss</name></author>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Guten Tag.</p></div></content></entry></feed>"""


KOELN = "<rss version='2.0'><channel><title>Köln</title></channel></rss>"


def read(page: Page | str | bytes) -> Feed:
    body = page.body if isinstance(page, Page) else page.encode() if isinstance(page, str) else page
    assert isinstance(body, bytes)
    return read_feed(Download(ADDRESS, body, "text/xml"))


def test_rss() -> None:
    feed = read(
        rss(item("https://example.org/a#teil", "Eins &amp; <![CDATA[<i>zwei</i>]]>", more=encoded("<p>Ja.</p>")))
    )
    assert feed.title == "Tagfunk"
    (entry,) = feed.entries
    assert (entry.key, entry.link, entry.title) == ("https://example.org/a", "https://example.org/a", "Eins & zwei")
    # By the clock in Germany; in Greenwich it is still the 16th.
    assert (entry.published, entry.content) == ("2024-05-17", "<p>Ja.</p>")


def test_atom() -> None:
    feed = read(ATOM)
    assert feed.title == "Der Tag & die Nacht"
    (entry,) = feed.entries
    assert (entry.link, entry.published, entry.author) == (
        "https://example.org/atom/eins.html",
        "2024-05-17",
        "Ida Voss",
    )
    assert "Guten Tag." in entry.content


@pytest.mark.parametrize(
    ("link", "absolute"),
    [("a.html", "https://example.org/news/a.html"), ("/a", "https://example.org/a"), ("?p=1", f"{ADDRESS}?p=1"),
     ("//other.example/a", "https://other.example/a"), ("mailto:a@example.org", ""), ("javascript:alert(1)", ""),
     ("http://[::1", "")],
)  # fmt: skip
def test_relative_and_odd_links(link: str, absolute: str) -> None:
    assert [entry.link for entry in read(rss(item(link))).entries] == [absolute]


def test_entries_are_told_apart_by_address() -> None:
    same_guid = [item("https://example.org/a", guid="1"), item("https://example.org/b", guid="1")]
    assert [entry.link[-1] for entry in read(rss(*same_guid)).entries] == ["a", "b"]
    same_link = [item("https://example.org/a", "Neu"), item("https://example.org/a", "Alt")]
    assert [entry.title for entry in read(rss(*same_link)).entries] == ["Neu"]


def test_entries_without_link() -> None:
    by_guid = "<guid isPermaLink='false'>nummer-7</guid>"
    feed = read(
        rss(item(more=by_guid), item(title="Ohne alles"), item(title="Ohne alles"), item(guid="https://x.example/a"))
    )
    assert [entry.link for entry in feed.entries] == ["", "", "https://x.example/a"]
    assert feed.entries[0].key == "nummer-7"
    assert feed.entries[1].key == feed.entries[1].mark


def test_mark_changes_with_what_is_said() -> None:
    first, same, other = (read(rss(item("/a", title))).entries[0].mark for title in ("Eins", "Eins", "Zwei"))
    assert first == same != other


@pytest.mark.parametrize(
    "date",
    ["²", "gestern", "Fri, 17 May 99999999999999999999 00:30:00 +0200", "Fri, 99 May 2024 00:30:00 GMT",
     "2024-99-99T00:00:00Z", "99999-01-01", "0000-00-00", "Fri, 17 May 2024 00:30:00 +99999999", "9" * 5000,
     "2024-W99-9", "-2024", "31.02.2024", "17 May 2024 99:99", "Fri, 17 May -1 00:30:00 GMT"],
)  # fmt: skip
def test_bad_date_is_no_date(date: str) -> None:
    odd = "<item><title>Bad</title><link>/bad</link><pubDate>{}</pubDate></item>"
    feed = read(rss(odd.format(date), item("/messe")))
    assert [entry.published for entry in feed.entries] == ["", "2024-05-17"]


@pytest.mark.parametrize(
    "date", ["2024-05-17T23:59:00-11:00", "17. Mai 2024", "Fri, 17 May 24 23:30 EST", "17 May 2024"]
)
def test_dates(date: str) -> None:
    said = f"<item><link>/bad</link><pubDate>{date}</pubDate></item>"
    assert [entry.published for entry in read(rss(said)).entries] == ["2024-05-17"]


@pytest.mark.parametrize(
    "page", ["", "Hallo", "<html><body><p>Kein Feed</p></body></html>", b"\x00\xff" * 1000, "<rss"]
)
def test_what_is_no_feed(page: str | bytes) -> None:
    with pytest.raises(WebError, match="kein Feed"):
        read(page)


def test_broken_feed_gives_what_can_be_read() -> None:
    body = rss(item("/a", "Eins"), item("/b", "Zwei & drei")).body
    assert isinstance(body, bytes)
    assert [entry.title for entry in read(body[: body.rindex(b"</channel>")]).entries] == ["Eins", "Zwei & drei"]


def test_entities_do_not_grow() -> None:
    """Each of ten entities stands for ten of the one before: ten billion laughs."""
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">\n' for i in range(1, 11))
    doctype = f'<!DOCTYPE rss [\n<!ENTITY l0 "lol">\n{laughs}]>\n'
    started = time.monotonic()
    feed = read(rss(item("/a", "&l10;"), head=doctype))
    assert all(len(entry.title) < 1000 for entry in feed.entries)
    assert time.monotonic() - started < 5


def test_external_entities_are_not_read() -> None:
    doctype = '<!DOCTYPE rss [\n<!ENTITY passwd SYSTEM "file:///etc/passwd">\n]>\n'
    feed = read(rss(item("/a", "vor &passwd; nach", more="<description>&passwd;</description>"), head=doctype))
    assert all("root" not in entry.title + entry.content for entry in feed.entries)


def test_what_looks_like_a_path_or_an_address_is_not_opened() -> None:
    for body in ("/etc/hostname", "file:///etc/passwd", "http://127.0.0.1/feed"):
        with pytest.raises(WebError, match="kein Feed"):
            read(body)


def test_feed_without_end() -> None:
    feed = read(rss(*(item(f"/{i}") for i in range(MAX_ENTRIES + 100))))
    assert len(feed.entries) == MAX_ENTRIES
    assert feed.entries[0].link.endswith("/0")


def test_titles_hold_nothing_that_cannot_be_stored() -> None:
    body = rss(item("/a", "Ko\u0308ln&#0;&#7;\u00ad am  Abend"), "&").body  # the lone "&" breaks the XML
    assert isinstance(body, bytes)
    title = read(body).entries[0].title
    assert title.startswith("Köln")
    assert title.isprintable()
    assert title.encode()


def test_feed_that_feedparser_cannot_cope_with() -> None:
    with pytest.raises(WebError, match="ist beschädigt"):
        read(rss(item("/a", "&#xd800;")))


def test_feed_that_is_too_large() -> None:
    with pytest.raises(WebError, match="zu groß; erlaubt sind 5 MB"):
        read(b" " * 5_000_001)


def test_encodings() -> None:
    for encoding in ("iso-8859-1", "utf-16"):
        body = f'<?xml version="1.0" encoding="{encoding}"?>{KOELN}'
        assert read(body.encode(encoding)).title == "Köln"
    named = read_feed(
        Download(
            ADDRESS,
            KOELN.encode("latin-1"),
            "application/rss+xml",
            "iso-8859-1",
        )
    )
    assert named.title == "Köln"
