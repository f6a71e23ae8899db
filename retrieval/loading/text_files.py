"""Files that are text: plain, Markdown, HTML."""

from __future__ import annotations

from collections.abc import Iterator

from retrieval.errors import LoadingError
from retrieval.loading.decoding import declared_charset, decode
from retrieval.loading.html_page import read_html
from retrieval.loading.markup import read_markdown
from retrieval.loading.metadata import front_matter
from retrieval.loading.normalise import clean, show_hyphens, tidy, unwrap
from retrieval.loading.parsed import Article, Block
from retrieval.messages import notice


def decoded(raw: bytes, name: str, *, charset: str = "", wrapped: bool = False) -> str:
    """The clean text of a file, for ``unwrap`` if its lines may be broken. Raises LoadingError if there is none."""
    text = decode(raw, name, charset=charset)
    text = clean(show_hyphens(text) if wrapped else text)
    if not text.strip():
        raise LoadingError(notice("loading.empty", name=name))
    return text


def read_plain_file(raw: bytes, name: str) -> Iterator[Article]:
    """A text file, with or without front matter."""
    fields, text = front_matter(decoded(raw, name, wrapped=True))
    yield Article((Block(unwrap(tidy(text))),), **fields)


def read_markdown_file(raw: bytes, name: str) -> Iterator[Article]:
    """A Markdown file, with or without front matter."""
    fields, text = front_matter(decoded(raw, name))
    article = read_markdown(text)
    yield Article(article.blocks, **{"title": article.title, **fields})


def read_html_file(raw: bytes, name: str) -> Iterator[Article]:
    """The article of a web page."""
    yield html_article(decoded(raw, name, charset=declared_charset(raw)), name)


def html_article(html: str, name: str) -> Article:
    """The article in a page of HTML. Raises LoadingError if there is none."""
    try:
        article = read_html(html)
    except (ValueError, RecursionError) as error:  # what lxml raises for input that it cannot make a tree of
        raise LoadingError(notice("loading.unreadable", name=name, kind=notice("loading.kind_html"))) from error
    if not article.text.strip():
        raise LoadingError(notice("loading.no_article_text", name=name))
    return article
