"""What a web page says of its article outside the text: JSON-LD, Open Graph and other meta elements."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from retrieval.dates import iso_date

if TYPE_CHECKING:
    from lxml.etree import _Element

_ARTICLE: Final = re.compile(r"(?:Article|Posting|Report|Review|LiveBlog\w*|Recipe)$")
_PAGE: Final = re.compile(r"(?:WebPage|ItemPage|AboutPage)$")
# An article's own parts are looked into, other articles that it mentions are not.
_INTO: Final = ("@graph", "mainEntity", "mainEntityOfPage")
# Names of meta elements, letters only.
_DATE_NAMES: Final = (
    "articlepublishedtime", "ogarticlepublishedtime", "ogpublishedtime", "articlepublished", "datepublished", "date",
    "dcdateissued", "dctermsissued", "dcdate", "dctermsdate", "dcdatecreated", "dctermscreated", "pubdate",
    "publishdate", "publicationdate", "published", "publishedtime", "publisheddate", "parselypubdate", "sailthrudate",
    "citationpublicationdate", "cxenseparserecspublishtime", "releasedate", "rnewsdatepublished",
)  # fmt: skip
_AUTHOR_NAMES: Final = ("author", "articleauthor", "dccreator", "dctermscreator", "parselyauthor", "sailthruauthor")
_SITE_NAMES: Final = ("ogsitename", "publisher", "dcpublisher", "applicationname", "applemobilewebapptitle")
# Scripts that are longer, and all of them together, are passed over.
_MAX_SCRIPT_CHARS: Final = 2_000_000
_MAX_NODES: Final = 2000
_MAX_SITE_CHARS: Final = 60
_DATED: Final = re.compile(r"(?<=\S)\s+[|–-]\s+(\d{1,2}\.\d{1,2}\.\d{4})$")
_TAG: Final = re.compile(r"<[^<>]{0,500}>")
_BREAK: Final = re.compile(r"<(?:br|/p|/h\d|/li|/div)\b[^<>]{0,200}>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Statements:
    """What the page states; "" and () where it states nothing.

    ``titles`` are its headlines without the site's name, the surest first; ``states_headline`` says
    that one of them is more than the title of the page. ``body`` and ``descriptions`` are texts
    without tags, a paragraph a line. ``published`` is the day (ISO) in the article's data, ``dated`` that in
    meta elements and in the page's data.
    """

    titles: tuple[str, ...] = ()
    states_headline: bool = False
    descriptions: tuple[str, ...] = ()
    body: str = ""
    published: str = ""
    dated: str = ""
    authors: tuple[str, ...] = ()
    site: str = ""
    publisher: str = ""
    url: str = ""
    host: str = ""


def page_statements(root: _Element) -> Statements:
    """The statements of the page under ``root``."""
    meta = _meta(root)
    nodes = list(_nodes(root))
    articles = _main_first(nodes, meta)
    article: dict[str, Any] = articles[0] if articles else {}
    by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str)}
    publisher = next(iter(_names(article.get("publisher"), by_id)), "")
    titles = [meta.get("ogtitle", ""), _text(article.get("headline")), meta.get("twittertitle", "")]
    titles += [_text(article.get("name")), _title(root)]
    described = [_text(article.get("description")), *(meta.get(name, "") for name in ("ogdescription", "description"))]
    site = next((meta[name] for name in _SITE_NAMES if 0 < len(meta.get(name, "")) <= _MAX_SITE_CHARS), "")
    url = _address(root, meta, article)
    host = _host(url)
    published = _first_day([_text(article.get("datePublished"))])
    dated = _first_day(meta.get(name, "") for name in _DATE_NAMES)
    dated = dated or _first_day(
        _text(node.get("datePublished")) for node in nodes if any(map(_PAGE.search, _types(node)))
    )
    dated = dated or next((iso_date(found[1]) for title in titles if (found := _DATED.search(title))), "")
    known = (site, publisher, host, host.rpartition(".")[0])
    authors = _names(article.get("author"), by_id) or _names(article.get("creator"), by_id)
    stated = authors or [meta[name] for name in _AUTHOR_NAMES if meta.get(name)][:1]
    return Statements(
        states_headline=any(titles[:3]),
        titles=tuple(dict.fromkeys(filter(None, (without_site(title, known) for title in titles)))),
        descriptions=tuple(dict.fromkeys(filter(None, described))),
        body=_lines(article.get("articleBody")),
        published=published,
        dated=dated,
        authors=tuple(dict.fromkeys(filter(_is_name, stated))),
        site=site if site not in titles[:3] else "",
        publisher=publisher,
        url=url,
        host=host,
    )


def _meta(root: _Element) -> dict[str, str]:
    """The first value of each meta element by its name or property, letters only."""
    found: dict[str, str] = {}
    for element in root.iter("meta"):
        name = element.get("property") or element.get("name") or ""
        content = " ".join(unescape(element.get("content") or "").split())
        if name and content:
            found.setdefault(_letters(name), content)
    return found


def _title(root: _Element) -> str:
    element = next(root.iter("title"), None)
    return "" if element is None else " ".join("".join(element.itertext()).split())


def _nodes(root: _Element) -> Iterator[dict[str, Any]]:
    """The JSON-LD objects of the page in order, lists and graphs laid open."""
    left = _MAX_SCRIPT_CHARS
    count = 0
    for script in root.iter("script"):
        if "ld+json" not in (script.get("type") or "") or not script.text:
            continue
        left -= len(script.text)
        if left < 0:
            return
        waiting = [_parsed(script.text)]
        while waiting and count < _MAX_NODES:
            value = waiting.pop(0)
            if isinstance(value, list):
                waiting[:0] = value[:_MAX_NODES]
            elif isinstance(value, dict):
                count += 1
                yield value
                waiting[:0] = [value[key] for key in _INTO if isinstance(value.get(key), dict | list)]


def _parsed(text: str) -> Any:
    """The value of a script, also if line ends stand in its strings or a comment around it; None for anything else."""
    stripped = text.strip().removeprefix("<!--").removesuffix("-->").strip()
    stripped = stripped.removeprefix("//<![CDATA[").removeprefix("<![CDATA[").removesuffix("//]]>").removesuffix("]]>")
    try:
        return json.loads(stripped.strip().rstrip(";"), strict=False)
    except (ValueError, RecursionError):
        return None


def _types(node: dict[str, Any]) -> list[str]:
    value = node.get("@type")
    return [kind for kind in (value if isinstance(value, list) else [value]) if isinstance(kind, str)]


def _is_article(node: dict[str, Any]) -> bool:
    kinds = _types(node)
    return any(map(_ARTICLE.search, kinds)) or bool(node.get("headline") and node.get("datePublished"))


def _main_first(nodes: list[dict[str, Any]], meta: dict[str, str]) -> list[dict[str, Any]]:
    """The page's article before all other articles: the one with the page's headline, else with the most text."""
    articles = [node for node in nodes if _is_article(node)]
    title = _letters(meta.get("ogtitle", ""))

    def rank(node: dict[str, Any]) -> tuple[bool, bool]:
        headline = _letters(_text(node.get("headline")) or _text(node.get("name")))
        fits = bool(headline and title) and (headline in title or title in headline)
        return (not fits, not (node.get("datePublished") or node.get("articleBody")))

    return sorted(articles, key=rank)


def _first_day(stated: Iterable[str]) -> str:
    return next(filter(None, (iso_date(value) or _joined_date(value) for value in stated if value)), "")


def _joined_date(value: str) -> str:
    """The date of "20240517" and "2024/05/17", else ""."""
    found = re.match(r"(\d{4})/?(\d{2})/?(\d{2})(?!\d)", value)
    return iso_date("-".join(found.groups())) if found else ""


def _names(value: Any, by_id: dict[str, dict[str, Any]]) -> list[str]:
    """The names of a person or an organisation, or of a list of them."""
    names = []
    for one in (value if isinstance(value, list) else [value])[:20]:
        if isinstance(one, dict) and "name" not in one and isinstance(one.get("@id"), str):
            one = by_id.get(one["@id"], {})
        name = one.get("name") if isinstance(one, dict) else one
        for part in name[:20] if isinstance(name, list) else [name]:
            if said := _text(part):
                names.append(said)
    return names


def _is_name(value: str) -> bool:
    return len(value) <= 200 and "://" not in value and "@" not in value and any(map(str.isalpha, value))


def _address(root: _Element, meta: dict[str, str], article: dict[str, Any]) -> str:
    link = next(
        (one.get("href") or "" for one in root.iter("link") if (one.get("rel") or "").lower() == "canonical"), ""
    )
    base = next((one.get("href") or "" for one in root.iter("base")), "")
    page = article.get("mainEntityOfPage")
    stated = [link, meta.get("ogurl", ""), _text(article.get("url"))]
    stated += [_text(page.get("@id")) if isinstance(page, dict) else _text(page)]
    for value in stated:
        try:
            address = urljoin(base, value.strip()) if value else ""
            if address.startswith(("http://", "https://")) and urlsplit(address).hostname:
                return address
        except ValueError:
            continue
    return ""


def _host(url: str) -> str:
    """The host of an address without "www."."""
    return (urlsplit(url).hostname or "").removeprefix("www.") if url else ""


def _text(value: Any) -> str:
    """A string without tags and on one line; "" for anything else."""
    return " ".join(_lines(value).split())


def _lines(value: Any) -> str:
    """A text of JSON-LD without tags, a paragraph a line; "" for anything but strings."""
    if isinstance(value, list):
        return "\n".join(_lines(one) for one in value[:_MAX_NODES] if isinstance(one, str))
    if not isinstance(value, str):
        return ""
    text = unescape(value)
    text = unescape(_TAG.sub(" ", _BREAK.sub("\n", text)))
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n"))))


def _letters(text: str) -> str:
    spelt = text.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    return "".join(filter(str.isalnum, spelt))


def without_site(title: str, names: Iterable[str]) -> str:
    """A title without the name of the site before or after it."""
    known = {_letters(name) for name in names if name} - {""}
    if dated := _DATED.search(title):
        return without_site(title[: dated.start()], names)
    for separator in (" | ", " – ", " — ", " - ", " • ", " · ", " » ", " :: ", " / ", ": "):
        before, found, after = title.rpartition(separator)
        if found and before.strip() and _is_site(after, known) and separator != ": ":
            return without_site(before.strip(), names)
        before, found, after = title.partition(separator)
        if found and after.strip() and _letters(before) in known:
            return without_site(after.strip(), names)
    return title


def _is_site(part: str, known: set[str]) -> bool:
    said = _letters(part)
    return bool(said) and (
        said in known or any(len(name) > 3 and name in said and len(said) <= 2 * len(name) for name in known)
    )
