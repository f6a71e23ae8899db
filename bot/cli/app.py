"""The command line: all commands of ``fundstelle``, most of them in modules of their own.

Exit codes: 0 for an answer and for "the articles do not say", 2 for wrong usage, 1 for anything else, with one line
on stderr.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.articles import list_articles, remove, show_article
from bot.cli.calibrate import calibrate
from bot.cli.command import Json, command
from bot.cli.console import busy, progress, say, say_lines, show, show_json, shows_styles
from bot.cli.evaluate import evaluate
from bot.cli.feedback import feedback, missed
from bot.cli.feeds import feeds
from bot.cli.filters import Since, Source, Until, filter_from
from bot.cli.models import models
from bot.cli.report import finish
from bot.cli.sync import sync
from bot.cli.transfer import export_articles, import_articles
from bot.messages import text
from bot.settings import Settings
from bot.wiring import Fundstelle
from retrieval.messages import in_language
from retrieval.types import IndexOutcome, IndexReport

app = typer.Typer(
    name="fundstelle",
    help="Ask your own collection of German articles a question; the answer is a literal quote with its source.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

IndexFirst = Annotated[
    Path | None,
    typer.Option("--index", metavar="PATH", help="Index this first if nothing is indexed yet.", show_default=False),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"fundstelle {version('fundstelle')}")
        raise typer.Exit


@app.callback()
def main(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Nothing to do before the command: its own flags carry the settings."""


@app.command()
@command
def index(
    settings: Settings,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH|URL...",
            help="Files (text, HTML, PDF, Word, e-books, mail, JSON, .zip), folders, and addresses of web pages.",
        ),
    ],
    timings: Annotated[
        bool, typer.Option("--timings", help="Say how many sentences a second, and where the time went.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take up articles from files, folders and web pages."""
    addresses = [path for path in paths if "://" in path]
    with Fundstelle(settings, notify=say) as fundstelle:
        report = _index(fundstelle, [Path(path) for path in paths if "://" not in path], addresses)
    finish(report, settings.language, as_json=as_json, timings=timings)


@app.command()
@command
def ask(
    settings: Settings,
    question: Annotated[str, typer.Argument(help="In German or English.")],
    top_k: Annotated[
        int | None, typer.Option(min=1, max=50, help="How many passages to read and show.", show_default="5")
    ] = None,
    source: Source = None,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Ask the articles one question."""
    from bot.render.json import to_json
    from bot.render.terminal import terminal

    # Bytes that are no text come in as lone surrogates, which nothing further on can encode.
    question = question.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    chosen = filter_from(source, since, until, settings.language)
    with Fundstelle(settings, notify=say) as fundstelle:
        if not fundstelle.store.article_count():
            say(text("chat.empty", settings.language))
        _match_embedder(fundstelle)
        with busy(text("chat.loading", settings.language)):
            answer = fundstelle.answerer.ask(question, top_k=settings.top_k if top_k is None else top_k, within=chosen)
        if answer.text is None and not chosen:
            fundstelle.feedback.note_missed(answer.question)
    if as_json:
        show_json(to_json(answer))
    else:
        marks = ("", "") if shows_styles() else ("**", "**")
        show(terminal(answer, settings.language, marks=marks))


@app.command()
@command
def chat(
    settings: Settings,
    index_first: IndexFirst = None,
    source: Source = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Ask question after question; questions can also be piped in, one a line."""
    from bot.cli import chat as terminal
    from retrieval.answering.conversation import Conversation

    chosen = filter_from(source, since, until, settings.language)
    interactive = terminal.is_interactive()
    with Fundstelle(settings, notify=say) as fundstelle:
        try:
            _index_if_empty(fundstelle, index_first)
            _match_embedder(fundstelle)
            store = fundstelle.store
            say_lines(terminal.greeting(store.documents(), store.sentence_count(), settings))
            with busy(text("chat.loading", settings.language)):
                fundstelle.answerer.load()
            conversation = Conversation(fundstelle.answerer, top_k=settings.top_k, within=chosen)
            talk = terminal.Chat(settings, conversation, store.documents, fundstelle.feedback, interactive=interactive)
            if interactive:
                talk.run(terminal.typed_lines(terminal.prompt_session(settings.home), talk.prompt))
            elif not talk.run(_piped_lines()):
                raise typer.Exit(1)
        except KeyboardInterrupt:
            if not interactive:
                raise
    if interactive:
        say(text("chat.goodbye", settings.language))


@app.command()
@command
def telegram(settings: Settings, index_first: IndexFirst = None) -> None:
    """Run the Telegram bot."""
    from bot.status import describe, to_text
    from bot.telegram import application
    from bot.telegram.collection import Collection

    with Fundstelle(settings, notify=say) as fundstelle:
        application.checked_token(settings)  # before anything that takes long
        _index_if_empty(fundstelle, index_first)
        _match_embedder(fundstelle)
        collection = Collection(
            fundstelle.answerer,
            fundstelle.store,
            fundstelle.feedback,
            fundstelle.indexer,
            fundstelle.fetcher,
            lambda language: to_text(describe(fundstelle, checked=False), language),
        )
        application.run(settings, collection)


@app.command()
@command
def status(
    settings: Settings,
    check: Annotated[
        bool, typer.Option("--check", help="Read the whole collection and mend what can be mended; takes minutes.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what is indexed, with which models, and where."""
    from bot.status import describe, to_json, to_text

    with Fundstelle(settings, notify=say) as fundstelle:
        if check:
            fundstelle.store.check()
            fundstelle.keywords.load(thorough=True)
            fundstelle.vectors.load()
        state = describe(fundstelle, checked=check)
    if as_json:
        show_json(to_json(state))
    else:
        show(to_text(state, settings.language))


app.add_typer(models, name="models")
app.command(name="list")(list_articles)
app.command(name="show")(show_article)
app.command()(remove)
app.add_typer(feeds, name="feed")
app.add_typer(feedback, name="feedback")
app.command()(missed)
app.command()(sync)
app.command(name="export")(export_articles)
app.command(name="import")(import_articles)
app.command(name="eval")(evaluate)
app.command(name="calibrate")(calibrate)


def _index(fundstelle: Fundstelle, paths: list[Path], addresses: Sequence[str] = ()) -> IndexReport:
    _match_embedder(fundstelle)
    with progress(text("cli.indexing", fundstelle.settings.language)) as advance:
        files = fundstelle.indexer.index(paths, progress=advance)
    if not addresses:
        return files
    from retrieval.indexing.web_sources import Collector

    collector = Collector(fundstelle.store, fundstelle.indexer, fundstelle.fetcher())
    started = time.perf_counter()
    with busy(text("cli.fetching", fundstelle.settings.language)):
        pages = tuple(collector.index_page(address) for address in addresses)
    elapsed_ms = files.elapsed_ms + (time.perf_counter() - started) * 1000
    return IndexReport((*files.files, *pages), elapsed_ms=elapsed_ms)


def _match_embedder(fundstelle: Fundstelle) -> None:
    with progress(text("cli.embedding_anew", fundstelle.settings.language), at_once=False) as advance:
        fundstelle.match_embedder(advance)


def _index_if_empty(fundstelle: Fundstelle, path: Path | None) -> None:
    if path is None or fundstelle.store.article_count():
        return
    for file in _index(fundstelle, [path]).files:
        if file.outcome is IndexOutcome.FAILED:
            say(f"{file.path}: {in_language(file.reason, fundstelle.settings.language)}")


def _piped_lines() -> Iterable[str]:
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    return sys.stdin
