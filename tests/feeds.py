"""Feeds and pages for the tests of the web."""

from __future__ import annotations

from tests.website import Page, Website

LONG = "".join(
    f"Im Abschnitt {i} steht, dass der Stadtrat von Fulda am Montag über das Hallenbad beraten hat. " for i in range(9)
)


def article(text: str, title: str = "Titel der Seite", head: str = "") -> Page:
    return Page(
        f"<html><head><title>{title}</title>{head}</head><body><nav>Start Sport</nav><article><h1>{title}</h1>"
        f"<p>{text}</p></article></body></html>".encode()
    )


def rss(*items: str, title: str = "Tagfunk", head: str = "") -> Page:
    body = f'<?xml version="1.0" encoding="utf-8"?>{head}<rss version="2.0" xmlns:content="{CONTENT}"><channel>'
    return Page(f"{body}<title>{title}</title>{''.join(items)}</channel></rss>".encode(), content_type="text/xml")


def item(link: str = "", title: str = "Aus dem Feed", guid: str = "", more: str = "") -> str:
    parts = {"title": title, "link": link, "guid": guid}
    said = "".join(f"<{name}>{value}</{name}>" for name, value in parts.items() if value)
    return f"<item>{said}<pubDate>Fri, 17 May 2024 00:30:00 +0200</pubDate>{more}</item>"


CONTENT = "http://purl.org/rss/1.0/modules/content/"


def encoded(html: str) -> str:
    return f"<content:encoded><![CDATA[{html}]]></content:encoded>"


def news(site: Website) -> None:
    """A site with a feed of two articles."""
    site.pages |= {
        "/feed": rss(item("/bad", "Hallenbad offen"), item("/messe", "Messe in Brest")),
        "/bad": article("Das Hallenbad in Fulda ist wieder offen. Es war zwei Jahre lang geschlossen."),
        "/messe": article("In Brest beginnt die Messe. Sie zeigt Maschinen aus Minsk und aus Perm."),
    }
