"""``fundstelle ask | chat``: one question, or one after the other."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.ask_all import All, ByDate, Chart, Csv, ask_all
from bot.cli.ask_options import check_options, question_or_file
from bot.cli.catalogue import EachArticle, Questions, ask_catalogue
from bot.cli.command import Json, command
from bot.cli.console import busy, say, say_lines, show_json, show_lines, shows_styles
from bot.cli.filters import with_filter
from bot.cli.index import IndexFirst, index_if_empty, match_embedder
from bot.messages import in_language, text
from bot.render.cite import Quotation, Style
from bot.render.cite import cite as cited
from bot.render.wording import unknown_source
from bot.settings import Settings
from bot.wiring import open_collection
from retrieval.types import Filter


@command
@with_filter
def ask(
    settings: Settings,
    question: Annotated[str | None, typer.Argument(callback=question_or_file)] = None,
    top_k: Annotated[int | None, typer.Option(metavar="N", min=1, max=50, show_default="5")] = None,
    every: All = False,
    by_date: ByDate = False,
    chart: Chart = None,
    questions: Questions = None,
    each_article: EachArticle = False,
    csv: Csv = None,
    cite: Annotated[Style | None, typer.Option(show_default=False)] = None,
    picture: Annotated[Path | None, typer.Option(metavar="FILE.png", show_default=False)] = None,
    *,
    within: Filter,
    as_json: Json = False,
) -> None:
    """Ask the articles one question, or each of a file."""
    given = {"QUESTION": question, "--top-k": top_k, "--all": every, "--by-date": by_date, "--questions": questions}
    given |= {"--chart": chart}
    given |= {"--each-article": each_article, "--csv": csv, "--cite": cite, "--picture": picture, "--json": as_json}
    check_options(given, settings.language)
    if questions is not None:
        top_k = top_k or settings.top_k
        ask_catalogue(settings, questions, within, top_k=top_k, each_article=each_article, output=csv or "-")
        return
    from bot.render.json import to_json
    from bot.render.terminal import to_text

    # Bytes that are no text come in as lone surrogates, which nothing further on can encode.
    question = (question or "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if every or by_date:
        ask_all(settings, question, within, by_date=by_date, as_json=as_json, csv=csv, chart=chart)
        return
    with open_collection(settings, say) as collection:
        if not collection.article_count():
            say(text("chat.empty", settings.language))
        elif unknown := unknown_source(within.source, collection.source_names(), settings.language):
            say(unknown)
        match_embedder(collection, settings.language)
        with busy(text("chat.loading", settings.language)):
            answer = collection.ask(question, top_k=top_k or settings.top_k, within=within)
        if answer.is_missed and not within:
            collection.feedback.note_missed(answer.question)
        quotation = Quotation.of(answer, collection.sentence_of) if cite or picture else None
    if picture and quotation:
        from bot.cli.quote_pictures import draw_quote

        draw_quote(settings, quotation, picture)
    elif cite and quotation:
        show_lines(cited(quotation, cite, settings.language), wrap=False)
    elif as_json:
        show_json(to_json(answer))
    else:
        marks = ("", "") if shows_styles() else ("**", "**")
        show_lines(to_text(answer, settings.language, passages=not (cite or picture), marks=marks))


@command
@with_filter
def chat(
    settings: Settings,
    index_first: IndexFirst = None,
    *,
    within: Filter,
) -> None:
    """Ask question after question; questions can also be piped in, one a line."""
    from bot.cli.chat import Chat
    from bot.cli.chat_greeting import greeting, written_examples
    from bot.cli.chat_input import is_interactive, prompt_session, typed_lines
    from bot.cli.show_quote import show_answer
    from retrieval.answering.conversation import Conversation

    interactive = is_interactive()
    with open_collection(settings, say) as collection:
        try:
            index_if_empty(collection, index_first, settings.language)
            match_embedder(collection, settings.language)
            documents = collection.documents()
            examples = written_examples(documents, settings.language)
            with busy(text("chat.loading", settings.language)):
                collection.load()
                examples = collection.answered(examples, within)
                if interactive and documents and not examples:
                    examples = [in_language(question, settings.language) for question in collection.suggestions(within)]
            if unknown := unknown_source(within.source, collection.source_names(), settings.language):
                say(unknown)
            say_lines(greeting(len(documents), collection.sentence_count(), examples, settings))
            if settings.history_days:
                collection.feedback.drop_older(settings.history_days)
            conversation = Conversation(collection, top_k=settings.top_k, within=within)
            talk = Chat(
                settings,
                conversation,
                collection.documents,
                collection.feedback,
                interactive=interactive,
                sentence_of=collection.sentence_of,
                source_names=collection.source_names,
                show_answer=partial(show_answer, settings, collection),
                watch=collection.watch,
            )
            if interactive:
                talk.run(typed_lines(prompt_session(settings.home, settings.history_days), talk.prompt))
            elif not talk.run(_piped_lines()):
                raise typer.Exit(1)
        except KeyboardInterrupt:
            if not interactive:
                raise
    if interactive:
        say(text("chat.goodbye", settings.language))


def _piped_lines() -> Iterable[str]:
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    return sys.stdin
