"""What the command line shows besides its results: all of it on stderr, moving parts only on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

# A console looks sys.stdout and sys.stderr up each time it prints.
_out = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def out() -> Console:
    """The console for results. Styles appear on a terminal only; nothing is wrapped."""
    return _out


def say(message: str) -> None:
    """One line for people on stderr."""
    _err.print(" ".join(message.split()))


def say_lines(message: str) -> None:
    """Several lines for people on stderr."""
    _err.print(message)


def busy(message: str) -> AbstractContextManager[object]:
    """Shows ``message`` with a moving sign while the block runs."""
    return _err.status(message) if _err.is_terminal else nullcontext()


@contextmanager
def progress(description: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar; the block gets the function that moves it (``done``, ``total``)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_err, transient=True, disable=not _err.is_terminal) as bar:
        task = bar.add_task(description, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
