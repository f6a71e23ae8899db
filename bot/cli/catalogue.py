"""``fundstelle ask --questions``: every question of a file, of all articles or of each single one, as a CSV table.

The table grows row by row. Started again, whatever it holds already is not asked again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.catalogue_files import Key, continued, key, read_questions
from bot.cli.console import progress, say, whole_path
from bot.cli.index import match_embedder
from bot.messages import in_language, text
from bot.render.csv import COLUMNS, TableWriter, answer_row
from bot.render.text import duration, number
from bot.settings import Settings
from bot.wiring import open_collection
from retrieval.answer import Answer
from retrieval.collection import Collection
from retrieval.errors import FundstelleError
from retrieval.types import Document, Filter

log = logging.getLogger(__name__)

Questions = Annotated[Path | None, typer.Option(metavar="FILE", show_default=False)]
EachArticle = Annotated[bool, typer.Option("--each-article")]

#: How many questions are asked, and for how many seconds at least, before it is said how long all will take.
_MEASURED, _MEASURED_SECONDS = 5, 2.0


@dataclass(frozen=True, slots=True)
class _Item:
    """A question, and the article that it is asked of; None: of all."""

    question: str
    article: Document | None

    @property
    def key(self) -> Key:
        """What tells it from others in the table."""
        return key(self.question, None if self.article is None else self.article.id)


def ask_catalogue(
    settings: Settings, questions: Path, within: Filter, *, top_k: int, each_article: bool, output: str
) -> None:
    """Asks all questions that ``output`` does not hold yet, and adds a row for each.

    Raises:
        CatalogueError: there is no question in the file, or ``output`` is a file of another kind.
        FundstelleError: a file cannot be read or written, or a model cannot be loaded.
    """
    language = settings.language
    asked = read_questions(whole_path(questions), language)
    with open_collection(settings, say) as collection:
        articles: Sequence[Document | None] = [None]
        if each_article:
            articles, _ = collection.titles(within, most=collection.article_count(), copies=False)
        if not collection.article_count():
            say(text("chat.empty", language))
        match_embedder(collection, language)
        items = [_Item(question, article) for question in asked for article in articles]
        with continued(output, each_article=each_article, language=language) as (file, done):
            left = [item for item in items if item.key not in done]
            _say_size(len(asked), len(articles) if each_article else None, len(items) - len(left), language)
            table = TableWriter(file)
            if not done:
                table.write(COLUMNS)
            if left:
                collection.load()
            ask = _asking(collection, within, top_k)
            try:
                with progress(text("cli.catalogue_asking", language)) as advance:
                    for row in _rows(left, ask, language, advance):
                        table.write(row)
            except KeyboardInterrupt:
                say(text("cli.catalogue_stopped", language))
                raise typer.Exit(130) from None


def _asking(collection: Collection, within: Filter, top_k: int) -> Callable[[_Item], Answer]:
    def ask(item: _Item) -> Answer:
        if item.article is None:
            return collection.ask(item.question, top_k=top_k, within=within)
        return collection.ask_article(item.question, item.article.id, top_k=top_k)

    return ask


def _rows(
    items: Sequence[_Item], ask: Callable[[_Item], Answer], language: str, advance: Callable[[int, int], None]
) -> Iterator[tuple[object, ...]]:
    """A row for each item; says after the first few how long all of them will take."""
    started = time.monotonic()
    is_said = False
    for position, item in enumerate(items):
        seconds = time.monotonic() - started
        if not is_said and position >= _MEASURED and seconds >= _MEASURED_SECONDS:
            left = seconds / position * (len(items) - position)
            say(text("cli.catalogue_time", language, time=duration(left, language)))
            is_said = True
        yield _row(item, ask, language)
        advance(position + 1, len(items))


def _row(item: _Item, ask: Callable[[_Item], Answer], language: str) -> tuple[object, ...]:
    try:
        return answer_row(item.question, item.article, ask(item))
    except FundstelleError as error:
        said = in_language(error, language)
    except Exception as error:  # one question must not end a night's work
        log.exception("A question of a catalogue failed")
        said = f"{type(error).__name__}: {error}"
    return answer_row(item.question, item.article, None, said)


def _say_size(questions: int, articles: int | None, done: int, language: str) -> None:
    count = number(questions, language)
    if articles is None:
        say(text("cli.catalogue_questions", language, questions=count))
    else:
        asked = number(questions * articles, language)
        size = number(articles, language)
        say(text("cli.catalogue_each", language, questions=count, articles=size, count=asked))
    if done:
        say(text("cli.catalogue_done", language, count=number(done, language)))
