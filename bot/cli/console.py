"""What the command line prints: results on stdout, all else on stderr, moving parts only on a terminal."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from bot.messages import notice
from retrieval.characters import escape_controls, harmful_spans, to_json
from retrieval.errors import StoreError

# A console looks sys.stdout and sys.stderr up each time it prints.
_out = Console(highlight=False, markup=False, emoji=False)
#: No line on a terminal is longer; longer ones are hard to read.
_WIDTH = 100
_err = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def show(result: str) -> None:
    """A result of one line on stdout; on a terminal it is wrapped at words. What it holds cannot begin another line."""
    show_lines(Text(escape_controls(result)))


def show_lines(result: str | Text, *, wrap: bool = True) -> None:
    """A result on stdout: on a terminal with its styles and wrapped at words, else plain and unwrapped.

    What has no blank in it (an address) is never broken; ``wrap=False`` breaks nothing.
    """
    if wrap and _out.is_terminal:
        _out.print(_harmless(result), width=line_width(), overflow="ignore", crop=False)
    else:
        _out.print(_harmless(result), soft_wrap=True)


def show_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout; long cells are wrapped at words."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(Text(heading), overflow="fold")
    for row in rows:
        table.add_row(*(Text(escape_controls(cell)) for cell in row))
    Console(width=line_width(), highlight=False).print(table)  # _out takes what is no terminal for 80 columns


def show_json(value: Mapping[str, Any]) -> None:
    """One JSON object on one line of stdout."""
    print(to_json(value))


def whole_path(path: str | Path) -> Path:
    """A path as it is shown and opened: from the root, as articles have it, links in it left alone."""
    return Path(path).expanduser().absolute()


def open_output(file: str) -> AbstractContextManager[TextIO]:
    """Opens a command's FILE: stdout for "-", else a file that is written whole or not at all.

    Raises StoreError if it cannot be written, or if its folder is not there: a mistyped path makes no folders.
    """
    from retrieval.files import replacing

    if file == "-":
        return nullcontext(sys.stdout)
    path = whole_path(file)
    if not path.parent.is_dir():
        raise StoreError(notice("cli.no_folder", folder=path.parent))
    return replacing(path)


def line_width() -> int:
    """How long a line on stdout may be, in columns."""
    return min(_out.width, _WIDTH) if _out.is_terminal else _WIDTH


def print_anything() -> None:
    """What stdout cannot encode (a file name that is no UTF-8, „ in Latin-1) is printed escaped from now on."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def shows_styles() -> bool:
    """Whether styles on stdout can be seen."""
    return _out.is_terminal and not _out.is_dumb_terminal


def say(message: str) -> None:
    """One line for people on stderr."""
    _err.print(_harmless(" ".join(message.split())))


def say_lines(message: str) -> None:
    """Several lines for people on stderr."""
    _err.print(_harmless(message))


def _harmless(printed: str | Text) -> Text:
    """What is printed, with what would steer the terminal written out: nothing that others have written may."""
    if isinstance(printed, str):
        return Text(escape_controls(printed, lines=True))
    if not (spans := harmful_spans(printed.plain)):
        return printed
    parts = printed.divide([offset for span in spans for offset in span])
    return Text.assemble(
        *(Text(escape_controls(part.plain, lines=True), part.style, spans=part.spans) for part in parts)
    )


def busy(message: str) -> AbstractContextManager[object]:
    """Shows ``message`` with a moving sign while the block runs."""
    return _err.status(_harmless(message)) if _err.is_terminal else nullcontext()


@contextmanager
def progress(description: str, *, at_once: bool = True) -> Iterator[Callable[[int, int], None]]:
    """A progress bar; the block gets the function that moves it (``done``, ``total``).

    With ``at_once=False`` it shows when it first moves, for work that is seldom needed.
    """
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_err, transient=True, disable=not _err.is_terminal) as bar:
        task = bar.add_task(escape_controls(description), total=None, visible=at_once)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)
