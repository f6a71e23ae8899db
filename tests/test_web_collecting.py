from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from retrieval.errors import WebError
from retrieval.index_report import ArticleReport
from retrieval.indexing.indexer import Indexer
from retrieval.indexing.web_sources import Collector
from retrieval.language.sentences import SentenceSplitter
from retrieval.messages import Notice
from retrieval.store.store import Store
from retrieval.types import Document, Source, SourceKind
from retrieval.web.addresses import Rules
from retrieval.web.fetching import Fetcher
from tests.doubles import HashEmbedder
from tests.feeds import LONG, article, encoded, item, news, rss
from tests.website import Page, Time, Website, fetcher, website

SPLITTER = SentenceSplitter()  # loads when first used, and once


@pytest.fixture
def site() -> Iterator[Website]:
    with website() as running:
        news(running)
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "home") as store:
        yield store


class Collecting:
    """A collector as each run makes one, and what it has found so far."""

    def __init__(self, store: Store, site: Website) -> None:
        self.store = store
        self.site = site
        self.indexer = Indexer(store, SPLITTER, HashEmbedder())

    def run(self) -> Collector:
        return Collector(self.store, self.indexer, fetcher(self.site))

    def page(self, path: str) -> ArticleReport:
        return self.run().index_page(self.site.url(path))

    def feed(self, path: str = "/feed") -> list[ArticleReport]:
        """Looks at a feed as ``sync`` does."""
        known = {source.location: source for source in self.store.sources()}
        address = self.site.url(path)
        source = known.get(address) or self.run().add_feed(address)[0]
        looked_at, reports = self.run().check_feed(source)
        self.store.update_source(looked_at)
        return reports

    def documents(self) -> dict[str, Document]:
        """By the end of their address."""
        start = len(self.site.url(""))
        return {article.document.path[start:]: article.document for article in self.store.articles()}

    def outcomes(self, reports: list[ArticleReport]) -> list[tuple[str, str]]:
        start = len(self.site.url(""))
        return [(report.path[start:], report.outcome.value) for report in reports]


@pytest.fixture
def collecting(store: Store, site: Website) -> Collecting:
    return Collecting(store, site)


def test_page_is_kept_under_the_address_where_redirects_lead(collecting: Collecting, site: Website) -> None:
    site.pages["/kurz"] = Page(status=301, headers={"Location": "/bad"})
    assert collecting.outcomes([collecting.page("/kurz")]) == [("/bad", "added")]
    document = collecting.documents()["/bad"]
    assert document.path == document.url == site.url("/bad")
    assert collecting.outcomes([collecting.page("/bad")]) == [("/bad", "unchanged")]
    assert [source.location for source in collecting.store.sources()] == [site.url("/bad")]


@pytest.mark.parametrize("path", ["/fehlt", "/bild", "/leer", "/geheim"])
def test_page_that_cannot_be_taken_up_is_not_remembered(collecting: Collecting, site: Website, path: str) -> None:
    site.pages |= {
        "/bild": Page(b"\x89PNG", content_type="image/png"),
        "/leer": Page(b"<html></html>"),
        "/geheim": article(LONG),
        "/robots.txt": Page(b"User-agent: *\nDisallow: /geheim"),
    }
    report = collecting.page(path)
    assert (report.path, report.outcome.value) == (site.url(path), "failed")
    assert report.reason
    assert collecting.store.sources() == []


def test_page_is_looked_at_again(collecting: Collecting, site: Website) -> None:
    page = site.pages["/bad"]
    assert isinstance(page, Page)
    site.pages["/bad"] = Page(page.body, headers={"ETag": '"1"'})
    collecting.page("/bad")
    (source,) = collecting.store.sources(SourceKind.PAGE)
    same, reports = collecting.run().check_page(source)
    assert (same, collecting.outcomes(reports)) == (source, [("/bad", "unchanged")])

    new = article("Das Hallenbad in Fulda ist schon wieder geschlossen. Der Grund ist ein Rohrbruch.")
    site.pages |= {
        "/neu": Page(new.body, headers={"ETag": '"2"'}),
        "/bad": Page(status=301, headers={"Location": "/neu"}),
    }
    changed, reports = collecting.run().check_page(source)
    assert (changed.location, changed.etag) == (source.location, '"2"')
    assert collecting.outcomes(reports) == [("/bad", "updated")]
    assert "Rohrbruch" in collecting.documents()["/bad"].text


def test_page_that_is_gone_keeps_its_article(collecting: Collecting, site: Website) -> None:
    collecting.page("/bad")
    del site.pages["/bad"]
    with pytest.raises(WebError, match="gibt es nicht"):
        collecting.run().check_page(collecting.store.sources()[0])
    assert list(collecting.documents()) == ["/bad"]


def test_articles_of_a_feed(collecting: Collecting, site: Website) -> None:
    assert collecting.outcomes(collecting.feed()) == [("/bad", "added"), ("/messe", "added")]
    document = collecting.documents()["/bad"]
    assert (document.title, document.source, document.published) == ("Hallenbad offen", "Tagfunk", "2024-05-17")
    assert "zwei Jahre" in document.text


def test_entries_are_looked_at_once(collecting: Collecting, site: Website) -> None:
    collecting.feed()
    before = len(site.paths())
    assert collecting.feed() == []
    assert site.paths()[before:] == ["/feed"]
    site.pages["/neu"] = article("In Perm beginnt heute ein Fest. Es dauert drei Tage lang.")
    site.pages["/feed"] = rss(
        item("/neu", "Fest"), item("/bad", "Hallenbad: neuer Titel"), item("/messe", "Messe in Brest")
    )
    assert collecting.outcomes(collecting.feed()) == [("/neu", "added"), ("/bad", "updated")]
    assert site.paths()[before + 1 :] == ["/feed", "/neu", "/bad"]
    assert collecting.documents()["/bad"].title == "Hallenbad: neuer Titel"


def test_feed_that_has_not_changed_is_not_sent_again(collecting: Collecting, site: Website) -> None:
    feed = site.pages["/feed"]
    assert isinstance(feed, Page)
    site.pages["/feed"] = Page(feed.body, headers={"ETag": '"1"'}, content_type="text/xml")
    collecting.feed()
    assert collecting.store.sources()[0].etag == '"1"'
    assert collecting.feed() == []
    assert site.asked[-1].headers["If-None-Match"] == '"1"'


def test_removed_article_does_not_come_back(collecting: Collecting) -> None:
    collecting.feed()
    collecting.store.remove(collecting.documents()["/bad"].id)
    assert collecting.feed() == []
    assert list(collecting.documents()) == ["/messe"]


@pytest.mark.parametrize("hindrance", ["robots", "missing", "no text"])
def test_content_of_the_feed_where_the_page_cannot_be_had(
    collecting: Collecting, site: Website, hindrance: str
) -> None:
    site.pages["/feed"] = rss(item("/bad", "Lang", more=encoded(f"<p>{LONG}</p>")), item("/messe", "Kurz"))
    if hindrance == "robots":
        site.pages["/robots.txt"] = Page(b"User-agent: *\nDisallow: /bad\nDisallow: /messe")
    else:
        page = {"missing": Page(status=404), "no text": Page(b"<html></html>")}[hindrance]
        site.pages |= {"/bad": page, "/messe": page}
    assert collecting.outcomes(collecting.feed()) == [("/messe", "failed"), ("/bad", "added")]
    document = collecting.documents()["/bad"]
    assert (document.title, document.url) == ("Lang", site.url("/bad"))
    assert document.text.startswith("Im Abschnitt 0")


def test_page_that_fails_for_now_is_waited_for(collecting: Collecting, site: Website) -> None:
    """Once the excerpt were the article, nobody would look at the page again."""
    page = site.pages["/bad"]
    site.pages |= {"/feed": rss(item("/bad", "Lang", more=encoded(f"<p>{LONG}</p>"))), "/bad": Page(status=500)}
    for _ in range(2):
        assert collecting.outcomes(collecting.feed()) == [("/bad", "failed")]
    site.pages["/bad"] = page
    assert collecting.outcomes(collecting.feed()) == [("/bad", "added")]
    assert "zwei Jahre" in collecting.documents()["/bad"].text


FAILING_PAGES = {
    "robots": {"/robots.txt": Page(b"User-agent: *\nDisallow: /bad")},
    "missing": {"/bad": Page(status=404)},
    "server": {"/bad": Page(status=500)},
    "no text": {"/bad": Page(b"<html></html>")},
    "image": {"/bad": Page(b"\x89PNG", content_type="image/png")},
}


@pytest.mark.parametrize("link", ["/bad", "/zu-bad"])
@pytest.mark.parametrize("hindrance", FAILING_PAGES)
def test_excerpt_never_takes_the_place_of_a_page(
    collecting: Collecting, site: Website, hindrance: str, link: str
) -> None:
    good = dict(site.pages)
    site.pages |= {"/feed": rss(item(link, "Erst")), "/zu-bad": Page(status=302, headers={"Location": "/bad"})}
    collecting.feed()
    before = collecting.documents()
    assert list(before) == ["/bad"]
    site.pages |= {"/feed": rss(item(link, "Dann", more=encoded(f"<p>{LONG}</p>"))), **FAILING_PAGES[hindrance]}
    for _ in range(2):
        assert collecting.outcomes(collecting.feed()) == [(link, "failed")]
        assert collecting.documents() == before
    site.pages |= {"/robots.txt": Page(status=404), "/bad": good["/bad"]}
    assert collecting.outcomes(collecting.feed()) == [("/bad", "updated")]
    assert collecting.documents()["/bad"].title == "Dann"
    assert "zwei Jahre" in collecting.documents()["/bad"].text


def test_excerpt_gives_way_to_another_excerpt_and_to_the_page(collecting: Collecting, site: Website) -> None:
    page = site.pages["/bad"]
    site.pages |= {"/feed": rss(item("/bad", "Erst", more=encoded(f"<p>{LONG}</p>"))), "/bad": Page(status=404)}
    assert collecting.outcomes(collecting.feed()) == [("/bad", "added")]
    site.pages["/feed"] = rss(item("/bad", "Dann", more=encoded(f"<p>{LONG} Mehr steht hier nicht.</p>")))
    assert collecting.outcomes(collecting.feed()) == [("/bad", "updated")]
    assert collecting.documents()["/bad"].text.endswith("Mehr steht hier nicht.")
    site.pages |= {"/feed": rss(item("/bad", "Zuletzt", more=encoded(f"<p>{LONG}</p>"))), "/bad": page}
    assert collecting.outcomes(collecting.feed()) == [("/bad", "updated")]
    assert "zwei Jahre" in collecting.documents()["/bad"].text


def elsewhere_by_hand(collecting: Collecting, site: Website) -> None:
    collecting.page("/bad")


def elsewhere_by_another_feed(collecting: Collecting, site: Website) -> None:
    site.pages["/anderer"] = rss(item("/bad", "Im anderen Feed"), title="Anderer")
    collecting.feed("/anderer")


def elsewhere_by_import(collecting: Collecting, site: Website) -> None:
    url = site.url("/bad")
    document = Document("In Fulda ist das Bad offen.", "Eingelesen", "Archiv", url, "2020-01-01", url)
    collecting.indexer.index_documents([document])


@pytest.mark.parametrize("bring", [elsewhere_by_hand, elsewhere_by_another_feed, elsewhere_by_import])
@pytest.mark.parametrize("link", ["/bad", "/zu-bad"])
def test_feed_leaves_alone_what_came_from_elsewhere(
    collecting: Collecting, site: Website, bring: Callable[[Collecting, Website], None], link: str
) -> None:
    bring(collecting, site)
    before = collecting.documents()
    for title in ("Aus dem Feed", "Noch einmal anders"):
        site.pages |= {
            "/feed": rss(item(link, title, more=encoded(f"<p>{LONG}</p>")), title="Feindfunk"),
            "/zu-bad": Page(status=302, headers={"Location": "/bad"}),
            "/bad": article(f"{title}: Das Hallenbad ist zu. Es bleibt geschlossen."),
        }
        (report,) = collecting.feed()
        assert (report.outcome.value, report.path) == ("unchanged", site.url(link))
        assert isinstance(report.reason, Notice) and report.reason.key == "web.not_of_feed"
        assert collecting.documents() == before
    assert collecting.feed() == []
    site.pages["/bad"] = Page(status=404)
    site.pages["/feed"] = rss(item(link, "Ein drittes Mal", more=encoded(f"<p>{LONG}</p>")))
    collecting.feed()
    assert collecting.documents()["/bad"] == before["/bad"]


def test_what_was_added_by_hand_since_is_no_longer_the_feed_s(collecting: Collecting, site: Website) -> None:
    collecting.feed()
    collecting.page("/bad")
    before = collecting.documents()["/bad"]
    assert before.title == "Titel der Seite"
    site.pages["/feed"] = rss(item("/bad", "Anders"))
    assert collecting.outcomes(collecting.feed()) == [("/bad", "unchanged")]
    assert collecting.documents()["/bad"] == before


def test_page_that_came_from_elsewhere_is_not_asked_for(collecting: Collecting, site: Website) -> None:
    collecting.page("/bad")
    before = len(site.paths())
    collecting.feed()
    assert site.paths()[before:] == ["/feed", "/feed", "/messe"]  # to be added, then looked at


def test_article_from_elsewhere_at_the_address_of_one_that_was_removed(collecting: Collecting, site: Website) -> None:
    collecting.feed()
    collecting.store.remove(collecting.documents()["/bad"].id)
    elsewhere_by_import(collecting, site)
    before = collecting.documents()["/bad"]
    site.pages["/feed"] = rss(item("/bad", "Anders"))
    assert collecting.outcomes(collecting.feed()) == [("/bad", "unchanged")]
    assert collecting.documents()["/bad"] == before


def test_articles_from_before_it_was_remembered_who_brought_them(collecting: Collecting, site: Website) -> None:
    site.pages["/anderer"] = rss(item("/messe", "Im anderen Feed"), title="Anderer")
    collecting.feed("/anderer")
    collecting.feed()
    with collecting.store.database.transaction() as connection:
        connection.execute("DELETE FROM meta WHERE key = ?", (f"feed:{site.url('/feed')}",))
    # What no other feed has is taken for this one's.
    site.pages["/feed"] = rss(item("/bad", "Hallenbad: neuer Titel"), item("/messe", "Messe: neuer Titel"))
    assert collecting.outcomes(collecting.feed()) == [("/messe", "unchanged"), ("/bad", "updated")]
    # What comes from now on is not.
    site.pages["/neu"] = article("In Perm beginnt heute ein Fest. Es dauert drei Tage lang.")
    collecting.page("/neu")
    collecting.store.remove_source(site.url("/neu"))
    site.pages["/feed"] = rss(item("/neu", "Anders"))
    assert collecting.outcomes(collecting.feed()) == [("/neu", "unchanged")]


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"older": "x"}', '{"older": 0, "articles": {"1": 2}}'])
def test_memory_of_who_brought_what_that_is_damaged(collecting: Collecting, site: Website, kept: str) -> None:
    collecting.feed()
    with collecting.store.database.transaction() as connection:
        collecting.store.set_meta(connection, f"feed:{site.url('/feed')}", kept)
    site.pages["/feed"] = rss(item("/bad", "Hallenbad: neuer Titel"))
    assert collecting.outcomes(collecting.feed()) == [("/bad", "updated")]


def test_entry_without_a_page_of_its_own(collecting: Collecting, site: Website) -> None:
    long = item(title="Lang", more=f"<guid isPermaLink='false'>nr 7</guid>{encoded(LONG)}")
    site.pages["/feed"] = rss(long, item(title="Kurz", more="<guid isPermaLink='false'>nr 8</guid>"))
    assert collecting.outcomes(collecting.feed()) == [("/feed#nr 8", "failed"), ("/feed#nr 7", "added")]
    assert collecting.documents()["/feed#nr 7"].url == ""
    assert collecting.feed() == []


def test_what_failed_for_good_is_not_tried_again(collecting: Collecting, site: Website) -> None:
    site.pages["/bad"] = Page(status=404)
    feed = site.pages["/feed"]
    assert isinstance(feed, Page)
    site.pages["/feed"] = Page(feed.body, headers={"ETag": '"1"'}, content_type="text/xml")
    assert collecting.outcomes(collecting.feed()) == [("/bad", "failed"), ("/messe", "added")]
    assert collecting.feed() == []
    assert site.paths().count("/bad") == 1


def test_what_failed_for_now_is_tried_again(collecting: Collecting, site: Website) -> None:
    feed, page = site.pages["/feed"], site.pages["/bad"]
    assert isinstance(feed, Page)
    site.pages |= {"/bad": Page(status=503), "/feed": Page(feed.body, headers={"ETag": '"1"'}, content_type="text/xml")}
    assert collecting.outcomes(collecting.feed()) == [("/bad", "failed"), ("/messe", "added")]
    site.pages["/bad"] = page
    assert collecting.outcomes(collecting.feed()) == [("/bad", "added")]
    assert collecting.store.sources()[0].etag == '"1"'


def test_two_entries_that_lead_to_one_page(collecting: Collecting, site: Website) -> None:
    site.pages["/zu-bad"] = Page(status=302, headers={"Location": "/bad"})
    site.pages["/feed"] = rss(item("/bad", "Eins"), item("/zu-bad", "Zwei"))
    assert collecting.outcomes(collecting.feed()) == [("/bad", "added")]
    assert collecting.documents()["/bad"].title == "Eins"


def test_feed_that_links_to_a_private_address(store: Store, site: Website) -> None:
    """The feed itself may be fetched; what it links to is judged for itself."""
    site.pages["/feed"] = rss(item("http://169.254.169.254/latest/meta-data/"), item("file:///etc/passwd"))
    rules = Rules(
        site.hosts | {"169.254.169.254"},
        resolve=lambda host, port: ["127.0.0.1"] if host == "site.test" else [host],
        is_allowed=lambda address: address == "127.0.0.1",
    )
    collector = Collector(store, Indexer(store, SPLITTER, HashEmbedder()), Fetcher(rules, sleep=Time().sleep))
    _, reports = collector.check_feed(Source(site.url("/feed"), SourceKind.FEED))
    assert [report.outcome.value for report in reports] == ["failed", "failed"]
    assert "169.254.169.254" in reports[0].reason
    assert store.articles() == []


def test_feed_is_remembered_once(collecting: Collecting, site: Website) -> None:
    site.pages["/rss"] = Page(status=301, headers={"Location": "/feed"})
    collecting.feed()
    (known,) = collecting.store.sources()
    source, feed = collecting.run().add_feed(site.url("/rss"))
    assert (source.location, feed.title, len(feed.entries)) == (site.url("/feed"), "Tagfunk", 2)
    assert collecting.store.sources() == [known]


def test_what_is_no_feed_is_not_remembered(collecting: Collecting, site: Website) -> None:
    with pytest.raises(WebError, match="kein Feed"):
        collecting.run().add_feed(site.url("/bad"))
    assert collecting.store.sources() == []


def test_feed_that_was_removed_meanwhile_stays_removed(collecting: Collecting, site: Website) -> None:
    source, _ = collecting.run().add_feed(site.url("/feed"))
    looked_at, _ = collecting.run().check_feed(source)
    collecting.store.remove_source(source.location)
    collecting.store.update_source(looked_at)
    assert collecting.store.sources() == []
    assert collecting.outcomes(collecting.feed()) == [("/bad", "unchanged"), ("/messe", "unchanged")]
