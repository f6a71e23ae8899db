"""``fundstelle list | show | remove``: the articles of the collection."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from bot.cli.command import Json, command
from bot.cli.console import say, show, show_json, show_lines
from bot.cli.filters import with_filter
from bot.cli.show_quote import draw_page, find_quote, open_in_browser, remove_shown
from bot.messages import text
from bot.render.json import document_json
from bot.render.text import day
from bot.render.wording import citation, short_citation
from bot.settings import Settings
from bot.wiring import open_collection
from retrieval.errors import StoreError
from retrieval.types import Filter, SourceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrieval.types import Article, Document, Version


@command
@with_filter
def list_articles(
    settings: Settings,
    words: Annotated[list[str] | None, typer.Argument(metavar="[WORD]...")] = None,
    *,
    within: Filter,
    as_json: Json = False,
) -> None:
    """List the articles with their numbers."""
    within = replace(within, words=tuple(words or ()))
    with open_collection(settings, say) as collection:
        listed = collection.store.articles(within)
    if as_json:
        show_json({"articles": [_to_json(article) for article in listed]})
        return
    if not listed:
        say(text("cli.none_found" if within else "chat.empty", settings.language))
    for article in listed:
        show(
            f"{article.document.id:>6}  {citation(article.document, settings.language)}{_copy_note(article, settings)}"
        )


@command
def show_article(
    settings: Settings,
    article: Annotated[str, typer.Argument()],
    version: Annotated[int | None, typer.Option(metavar="N", show_default=False)] = None,
    in_browser: Annotated[bool, typer.Option("--open")] = False,
    mark: Annotated[str | None, typer.Option(metavar="TEXT", show_default=False)] = None,
    start: Annotated[int | None, typer.Option(metavar="N", show_default=False)] = None,
    end: Annotated[int | None, typer.Option(metavar="N", show_default=False)] = None,
    page: Annotated[int | None, typer.Option(metavar="N", min=1, show_default=False)] = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE.png", show_default="seite-N.png")] = None,
    as_json: Json = False,
) -> None:
    """Show one article, its earlier versions, and where else it stands."""
    language = settings.language
    with open_collection(settings, say) as collection:
        store = collection.store
        found = _resolve(store.articles(), article, language)[0]
        versions = store.versions(found.document.id)
        copies = store.copies([found.document.id]).get(found.document.id, ())
        document = found.document if version is None else _find_version(versions, version, found.document.id, language)
        place = find_quote(document, mark, start, end, language)
        if page is not None:
            picture = output or Path(f"seite-{page}.png")
            draw_page(settings, collection, document, page, place, picture, as_json=as_json)
            return
    if in_browser:
        open_in_browser(settings, document, place, as_json=as_json)
        return
    if as_json:
        show_json(
            {
                **_to_json(found),
                **document_json(document),
                "author": document.author,
                "also_in": [document_json(copy) for copy in copies],
                "versions": [{"number": v.number, "replaced_at": v.replaced_at} for v in versions],
                "text": document.text,
            }
        )
        return
    show(citation(document, language) + _copy_note(found, settings))
    show(found.document.path)
    if copies:
        show(text("chat.also_in", language, articles=", ".join(short_citation(copy, language) for copy in copies)))
    if versions:
        listed = (text("cli.version", language, number=v.number, day=day(v.replaced_at, language)) for v in versions)
        show(f"{text('cli.versions', language)} {'; '.join(listed)}")
    show("")
    shown = Text(document.text)
    if place:
        shown.stylize("bold black on green", *place)
    show_lines(shown)


@command
def remove(
    settings: Settings,
    articles: Annotated[list[str], typer.Argument(metavar="ARTICLE...")],
) -> None:
    """Take articles out of the collection; their files stay."""
    with open_collection(settings, say) as collection:
        store = collection.store
        with store.writing():
            there = store.articles(even_damaged=True)
            watched = {source.location for source in store.sources(SourceKind.FOLDER)}
            # All are looked up before the first one goes: a typing error removes nothing.
            found = [
                entry
                for article in articles
                for entry in _resolve(
                    there, article, settings.language, below=True, or_none=_absolute_path(article) in watched
                )
            ]
            documents = list(dict.fromkeys(entry.document for entry in found))
            for location in map(_absolute_path, articles):
                store.remove_source(location)
            collection.indexer.remove(documents)
            for document in documents:
                line = citation(document, settings.language)
                show(text("cli.removed", settings.language, id=document.id, article=line))
            remove_shown(settings.home)
            for location in dict.fromkeys(map(_absolute_path, articles)):
                if location in watched:
                    say(text("cli.unwatched", settings.language, path=location))


def _resolve(
    articles: Sequence[Article], wanted: str, language: str, *, below: bool = False, or_none: bool = False
) -> list[Article]:
    """The article with this number, else those with this path or address.

    With ``below`` also those in this folder, or in this file if it holds several.

    Raises:
        StoreError: there is none, and ``or_none`` does not allow that.
    """
    path = _absolute_path(wanted)
    inside = (f"{path.rstrip('/')}/", f"{path}#") if below else ()

    def is_there(document: Document) -> bool:
        return wanted in (document.path, document.url) or document.path == path or document.path.startswith(inside)

    numbered = [article for article in articles if wanted == str(article.document.id)]
    found = numbered or [article for article in articles if wanted and is_there(article.document)]
    if not found and not or_none:
        raise StoreError(text("cli.no_article", language, article=wanted))
    return found


def _copy_note(article: Article, settings: Settings) -> str:
    """Which article is searched in the place of a copy; empty for any other."""
    return f" ({text('cli.copy_of', settings.language, id=article.copy_of)})" if article.copy_of else ""


def _absolute_path(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))


def _find_version(versions: Sequence[Version], number: int, document_id: int, language: str) -> Document:
    for version in versions:
        if version.number == number:
            return version.document
    raise StoreError(text("cli.no_version", language, id=document_id, number=number, count=len(versions)))


def _to_json(article: Article) -> dict[str, Any]:
    document = article.document
    return {
        **document_json(document),
        "path": document.path,
        "author": document.author,
        "language": document.language,
        "added": article.added,
        "copy_of": article.copy_of or None,
    }
