"""``fundstelle ask --all``: all answers to a question, as a table, lines, JSON or CSV."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.console import busy, open_output, say, say_lines, show_json, show_lines, show_table, shows_styles
from bot.cli.index import match_embedder
from bot.messages import text
from bot.settings import Settings
from bot.wiring import open_collection
from retrieval.answering.all_answers import AllAnswers
from retrieval.types import Filter

if TYPE_CHECKING:
    from bot.render.values import Series

All = Annotated[bool, typer.Option("--all")]
ByDate = Annotated[bool, typer.Option("--by-date")]
Chart = Annotated[Path | None, typer.Option(metavar="FILE.png", show_default=False)]
Csv = Annotated[str | None, typer.Option(metavar="FILE|-", show_default=False)]


#: Cells of the longest bar of a table.
_BAR = 20


def ask_all(
    settings: Settings,
    question: str,
    within: Filter,
    *,
    by_date: bool,
    as_json: bool,
    csv: str | None,
    chart: Path | None = None,
) -> None:
    """Asks for all answers and shows them; draws those that are numbers into ``chart``, or says why it cannot.

    Raises:
        FundstelleError: as ``Collection.ask_all``, or ``csv`` or ``chart`` cannot be written.
        typer.Exit: there is nothing to draw.
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
    if chart and not draw_chart(settings, answers, chart):
        raise typer.Exit(1)


def draw_chart(settings: Settings, answers: AllAnswers, output: Path) -> bool:
    """Writes a chart of the answers, shows it where the terminal can, and says where it is; False if there is none.

    Raises:
        ShowError: the file cannot be written.
    """
    from bot.cli.inline_picture import show_inline
    from bot.cli.show_quote import write_output
    from bot.render.values import series

    values = series(answers)
    if values is None:
        say(text("chart.none", settings.language))
        return False
    from bot.render.chart import chart

    with busy(text("chat.loading", settings.language)):
        png = chart(answers, values, settings.language, settings.home)
    path = write_output(output, png, settings.language)
    show_inline(png)
    say(str(path))
    return True


def show_all(
    answers: AllAnswers, language: str, *, by_date: bool, is_table: bool | None = None, is_numbered: bool = False
) -> None:
    """The answers as a table on a terminal, else a line each; ``is_table`` says which of them.

    ``is_numbered`` ones have a number, from 1, for commands that take it.
    """
    from bot.render.all_answers import heading, lines, ordered, when, where
    from bot.render.values import LEAST_VALUES, series
    from bot.render.wording import certainty, line

    if not answers.findings:
        show_lines(heading(answers, language, by_date=by_date))
        return
    if not (shows_styles() if is_table is None else is_table):
        say_lines(heading(answers, language, by_date=by_date))
        for shown in lines(answers, language, by_date=by_date, is_numbered=is_numbered):
            show_lines(shown)
        return
    show_lines(heading(answers, language, by_date=by_date) + "\n")
    values = series(answers) if by_date and len(answers.findings) >= LEAST_VALUES else None
    names = (*(["number"] if is_numbered else []), "date", "quote", *(["bar"] if values else []), "certainty", "source")
    show_table(
        [text(f"chat.column_{name}", language) if name not in ("number", "bar") else "" for name in names],
        (
            (
                *([str(number)] if is_numbered else []),
                when(found, language),
                line(found.first.text),
                *([_bar(values.of(found), values)] if values else []),
                certainty(found, language),
                where(found, language),
            )
            for number, found in enumerate(ordered(answers, by_date=by_date), 1)
        ),
    )
    if answers.differ:
        show_lines("\n" + text("chat.contradicting", language))


def _bar(amount: Decimal | None, values: Series) -> str:
    """How large an amount is beside the others: the largest takes all cells. Amounts below zero have no bar."""
    largest = max(point.amount for point in values.points)
    if amount is None or amount <= 0 or largest <= 0:
        return ""
    return "█" * max(1, round(_BAR * amount / largest))
