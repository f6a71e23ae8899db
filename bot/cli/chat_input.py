"""The terminal chat's input line, and whether there is one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.chat_commands import COMMANDS
from bot.cli.typed_history import FILE as HISTORY_FILE
from bot.cli.typed_history import drop_old_entries

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

#: What stands before what is typed.
PROMPT = "? "


def typed_lines(session: PromptSession[str], prompt: Callable[[], str] = lambda: PROMPT) -> Iterator[str]:
    """Lines from the keyboard, each after what ``prompt`` gives, until Ctrl-D, or Ctrl-C on an empty line.

    On a line with text, Ctrl-C drops the text.
    """
    while True:
        try:
            yield session.prompt(prompt())
        except EOFError:
            return
        except KeyboardInterrupt:
            if not session.default_buffer.text:
                return


def prompt_session(home: Path, days: int = 0) -> PromptSession[str]:
    """The input line: editing, Tab for commands, and a history that is kept in the data directory if that works.

    Entries older than ``days`` are deleted; 0 keeps all.
    """
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory, History, InMemoryHistory

    path = home / HISTORY_FILE
    if days:
        drop_old_entries(path, days)
    history: History
    try:
        path.touch(mode=0o600)
        history = FileHistory(str(path))
    except OSError:
        history = InMemoryHistory()
    # Only Tab completes: what opens by itself while a question is written would be in the way.
    commands = WordCompleter(list(COMMANDS), sentence=True)
    return PromptSession(history=history, completer=commands, complete_while_typing=False)


def is_interactive() -> bool:
    """Whether a person sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()
