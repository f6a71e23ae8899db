from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.dates import iso_date
from retrieval.errors import LoadingError, WebError
from retrieval.loading import feed_parser
from retrieval.loading.limits import MAX_ENTRIES
from retrieval.loading.process import Worker
from retrieval.web.feeds import Feed, read_feed
from retrieval.web.fetching import Download
from tests.feeds import encoded, item, rss
from tests.fuzzing import FOR_A_WHILE, few_examples, keep_trying
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
    "date",
    [
        "2024-05-17T23:59:00-11:00",
        "17. Mai 2024",
        "Fri, 17 May 24 23:30 EST",
        "17 May 2024",
        "Fr, 17 Mai 2024 23:30:00 +0200",
        "Fr., 17. Mai 2024 23:30 Uhr",
    ],
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


def test_no_entity_is_declared() -> None:
    for doctype in ('<!DOCTYPE rss [<!ENTITY wort "Hallo">]>', '\n<!ENTITY wort "Hallo">\n', "<!DOCTYPE rss>"):
        (entry,) = read(rss(item("/a", "vor &wort; nach"), head=doctype)).entries
        assert entry.title == "vor &wort; nach"


def test_it_is_parsed_in_the_process_that_reads_files() -> None:
    code = """if True:
        import sys
        from retrieval.web.feeds import read_feed
        from retrieval.web.fetching import Download
        print(len(read_feed(Download("https://example.org/", sys.stdin.buffer.read())).entries))
        print("feedparser" in sys.modules)
    """
    body = rss(item("/a")).body
    assert isinstance(body, bytes)
    assert subprocess.run([sys.executable, "-c", code], input=body, capture_output=True).stdout == b"1\nFalse\n"


def test_limits_of_the_process_hold_for_feeds() -> None:
    worker = Worker(seconds=0.5)
    try:
        with pytest.raises(LoadingError, match=r"feed\.xml dauerte länger als 0\.5 s"):
            worker.read_feed(b"<rss version='2.0'>" + b"<item>" * 300_000, ADDRESS, "")
        with pytest.raises(LoadingError, match="kein Feed"):
            worker.read_feed(b"Hallo", ADDRESS, "")
    finally:
        worker.close()


SLOW_FEEDS = {
    "<": lambda size: rss(item("/a", "<![CDATA[" + "<" * size + "]]>")),
    "<a": lambda size: rss(item("/a", "<![CDATA[" + "<a " * (size // 3) + "]]>")),
    "&lt;": lambda size: rss(item("/a", "&lt;" * (size // 4))),
    "&#9": lambda size: rss(item("/a", "&amp;#" + "9" * size)),
    "blank lines": lambda size: Page(b"\n" * size + KOELN.encode()),
    "doctypes": lambda size: rss(item("/a"), head="<!DOCTYPE rss [" + "<!ENTITY a" * (size // 10)),
}


@pytest.mark.parametrize("kind", SLOW_FEEDS)
def test_time_grows_no_faster_than_the_feed(kind: str) -> None:
    def seconds(size: int) -> float:
        body = SLOW_FEEDS[kind](size).body
        assert isinstance(body, bytes)
        times = []
        for _ in range(2):
            started = time.process_time()
            feed_parser.parse_feed(body, ADDRESS)
            times.append(time.process_time() - started)
        return min(times)

    seconds(1000)  # imports
    assert seconds(400_000) < 6 * seconds(100_000) + 0.5


def test_fields_have_limits() -> None:
    long = "Länge " * 1000
    far = "https://example.org/" + "a" * 2000
    by_guid = f"<guid isPermaLink='false'>{long}</guid><author>{long}</author>"
    first, second, third = read(
        rss(item(far, f"<![CDATA[<b>{long}</b>]]>", more=by_guid), item("/b", more=encoded("a" * 1_000_001)),
            item("/c", more=encoded("a" * 1_000_000)))
    ).entries  # fmt: skip
    assert (len(first.title), len(first.author), len(first.key)) == (500, 500, 500)
    assert first.link == ""
    assert (len(second.content), len(third.content)) == (0, 1_000_000)


def test_contents_have_a_limit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_parser, "MAX_FEED_CONTENT_CHARS", 25)
    body = rss(*(item(f"/{name}", more=encoded(name * 10)) for name in "abc"), item("/d", more=encoded("d" * 5))).body
    assert isinstance(body, bytes)
    assert [len(entry.content) for entry in feed_parser.parse_feed(body, ADDRESS).entries] == [10, 10, 0, 5]


PIECES = st.one_of(
    st.sampled_from([
        "<rss version='2.0'>", "<channel>", "<item>", "</item>", "<entry>", "<feed xmlns='http://www.w3.org/2005/Atom'>",
        "<title>", "</title>", "<title type='xhtml'>", "<link>", "</link>", "<link href='http://['/>", "<pubDate>",
        "</pubDate>", "<updated>", "<![CDATA[", "]]>", "<!--", "-->", "<!DOCTYPE rss [", "]>", "<!ENTITY a '&b;'>",
        "&a;", "&#0;", "&#xd800;", "&#1234567890;", "&#x;", "&lt;b&gt;", "xml:base='http://[::1'", "<rdf:RDF>", "<id>",
        "<content:encoded>", "<guid>", "<author>", "<name>", "<geo:lat>", "<georss:box>", "<media:content url=''>",
        "<itunes:duration>", "<enclosure length='x'/>", "<a xmlns:x='y' x:z=''>", "<?xml version='1.0'?>", "/a",
        "Fri, 17 May 2024 00:30:00 +0200", "9" * 5000, "<image>", "<textInput>", "<source>", "<psc:chapter start='x'/>",
    ]),
    st.text(max_size=20),
)  # fmt: skip


@pytest.mark.parametrize("seconds", FOR_A_WHILE)
def test_whatever_a_feed_says(seconds: float) -> None:
    @few_examples
    @given(
        st.booleans(),
        st.lists(PIECES, max_size=25).map("".join),
        st.sampled_from(["utf-8", "utf-16", "latin-1", "utf-7"]),
        st.sampled_from(["", "utf-8", "utf-16", "latin-1", "unsinn", "punycode"]),
    )
    def check(starts_well: bool, text: str, encoding: str, charset: str) -> None:
        start = "<rss version='2.0'><channel><item><link>/a</link>" if starts_well else ""
        raw = (start + text).encode(encoding, "replace")
        try:
            feed = read_feed(Download(ADDRESS, raw, "text/xml", charset))
        except WebError:
            return
        for entry in feed.entries:
            lines = (feed.title, entry.title, entry.author, entry.key)
            assert all(line.isprintable() and line.encode() is not None for line in lines)
            assert all(len(line) <= 500 for line in (feed.title, entry.title, entry.author))
            assert entry.link == "" or entry.link.startswith(("http://", "https://"))
            assert entry.published in ("", iso_date(entry.published))
            assert entry.key

    keep_trying(check, seconds)


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
