"""``fundstelle list | show | remove``: the articles of the collection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.command import Json, command
from bot.console import say, show, show_json
from bot.reply import document_json
from bot.settings import Settings
from bot.texts import text
from bot.wiring import Fundstelle
from bot.wording import citation
from retrieval.errors import StoreError

if TYPE_CHECKING:
    from retrieval.store import Store
    from retrieval.types import Document

_ARTICLE = "Its number in `fundstelle list`, or the path of its file."


@command
def list_articles(
    settings: Settings,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="Only those whose title, source or path holds all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the articles with their numbers."""
    wanted = [word.casefold() for word in words or ()]
    with Fundstelle(settings, notify=say) as fundstelle:
        listed = [document for document in fundstelle.store.documents() if _holds(document, wanted)]
    if as_json:
        show_json({"articles": [_to_json(document) for document in listed]})
        return
    if not listed and not words:
        say(text("chat.empty", settings.language))
    for document in listed:
        show(f"{document.id:>6}  {citation(document, settings.language)}")


@command
def show_article(
    settings: Settings,
    article: Annotated[str, typer.Argument(help=_ARTICLE)],
    as_json: Json = False,
) -> None:
    """Show one article."""
    with Fundstelle(settings, notify=say) as fundstelle:
        document = _find(fundstelle.store, article, settings.language)
    if as_json:
        show_json(_to_json(document) | {"text": document.text})
        return
    show(citation(document, settings.language))
    show(document.path)
    show("")
    show(document.text)


@command
def remove(
    settings: Settings,
    articles: Annotated[list[str], typer.Argument(metavar="ARTICLE...", help=_ARTICLE)],
) -> None:
    """Take articles out of the collection; their files stay."""
    with Fundstelle(settings, notify=say) as fundstelle:
        # All are looked up before the first one goes: a typing error removes nothing.
        found = [_find(fundstelle.store, article, settings.language) for article in articles]
        for document in dict.fromkeys(found):
            fundstelle.store.remove(document.id)
            show(text("cli.removed", settings.language, id=document.id, article=citation(document, settings.language)))


def _find(store: Store, article: str, language: str) -> Document:
    """The article with this number or path. Raises StoreError when there is none."""
    path = str(Path(article).expanduser().absolute())
    for document in store.documents():
        if document.path == path or (article.isdecimal() and document.id == int(article)):
            return document
    raise StoreError(text("cli.no_article", language, article=article))


def _holds(document: Document, words: list[str]) -> bool:
    about = f"{document.title} {document.source} {document.path}".casefold()
    return all(word in about for word in words)


def _to_json(document: Document) -> dict[str, Any]:
    return {**document_json(document), "path": document.path}
