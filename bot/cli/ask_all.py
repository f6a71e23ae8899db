"""``fundstelle ask --all``: all answers to a question, as a table, lines, JSON or CSV."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.console import busy, open_output, say, say_lines, show_json, show_lines, show_table, shows_styles
from bot.cli.index import match_embedder
from bot.messages import text
from bot.settings import Settings
from bot.wiring import open_collection
from retrieval.answering.all_answers import AllAnswers
from retrieval.types import Filter

All = Annotated[bool, typer.Option("--all")]
ByDate = Annotated[bool, typer.Option("--by-date")]
Csv = Annotated[str | None, typer.Option(metavar="FILE|-", show_default=False)]


def ask_all(
    settings: Settings, question: str, within: Filter, *, by_date: bool, as_json: bool, csv: str | None
) -> None:
    """Asks for all answers and shows them.

    Raises:
        FundstelleError: as ``Collection.ask_all``, or ``csv`` cannot be written.
    """
    from bot.render.all_answers import COLUMNS, rows, to_json
    from bot.render.csv import TableWriter

    with open_collection(settings, say) as collection:
        if not collection.article_count():
            say(text("chat.empty", settings.language))
        match_embedder(collection, settings.language)
        with busy(text("chat.loading", settings.language)):
            answers = collection.ask_all(question, within=within)
    if csv:
        with open_output(csv) as file:
            table = TableWriter(file)
            table.write(COLUMNS)
            for row in rows(answers, by_date=by_date):
                table.write(row)
    elif as_json:
        show_json(to_json(answers, by_date=by_date))
    else:
        show_all(answers, settings.language, by_date=by_date)


def show_all(answers: AllAnswers, language: str, *, by_date: bool, is_table: bool | None = None) -> None:
    """The answers as a table on a terminal, else a line each; ``is_table`` says which of them."""
    from bot.render.all_answers import heading, lines, ordered, when, where
    from bot.render.wording import certainty, line

    if not answers.findings:
        show_lines(heading(answers, language, by_date=by_date))
        return
    if not (shows_styles() if is_table is None else is_table):
        say_lines(heading(answers, language, by_date=by_date))
        for shown in lines(answers, language, by_date=by_date):
            show_lines(shown)
        return
    show_lines(heading(answers, language, by_date=by_date) + "\n")
    headings = [text(f"chat.column_{name}", language) for name in ("date", "quote", "certainty", "source")]
    found = ordered(answers, by_date=by_date)
    show_table(
        headings, ((when(f, language), line(f.first.text), certainty(f, language), where(f, language)) for f in found)
    )
    if answers.differ:
        show_lines("\n" + text("chat.contradicting", language))
