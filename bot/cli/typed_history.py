"""The questions typed into the chat, as prompt_toolkit keeps them: a file of entries, each with its time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from retrieval.files import replace_file

FILE = "history"
_TIME = b"# "


def drop_old_entries(path: Path, days: int) -> None:
    """Takes the entries out of the file that are older than so many days. One without a time goes with the one before.

    What cannot be read or written stays as it is.
    """
    with suppress(OSError):
        lines = path.read_bytes().splitlines(keepends=True)
        kept = list(_younger(lines, datetime.now() - timedelta(days=days)))
        if len(kept) < len(lines):
            replace_file(path, b"".join(kept), mode=0o600)


def _younger(lines: Iterable[bytes], oldest: datetime) -> Iterator[bytes]:
    """The lines of the entries since then. The times in the file are local."""
    keeps = True
    for line in lines:
        if line.startswith(_TIME):
            with suppress(ValueError):
                keeps = datetime.fromisoformat(line[len(_TIME) :].decode("utf-8", "replace").strip()) >= oldest
        if keeps:
            yield line
