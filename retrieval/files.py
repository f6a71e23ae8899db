"""Files that are there whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from retrieval.errors import StoreError
from retrieval.messages import notice


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes ``value``; see ``replacing``."""
    with replacing(path) as file:
        file.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A text file to write, which takes the place of ``path`` at the end of the block; makes the folder if need be.

    Whenever the machine stops, and whatever leaves the block, there is the old file or the new one.

    Raises:
        StoreError: the folder cannot be written; the old file stays.
    """
    temporary = path.with_name(f".{path.name}-{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("w", encoding="utf-8") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(notice("store.cannot_write_file", path=path, error=error.strerror)) from error
