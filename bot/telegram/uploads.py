"""Files sent by owners: stored in a folder of the data directory, so that they can be indexed again."""

from __future__ import annotations

import os
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bot.messages import notice
from retrieval.errors import LoadingError
from retrieval.files import create_file, replace_file

FOLDER = "received"
_NAME_LIMIT = 80
# All but letters and digits of any script and a few signs that are safe on every file system.
_UNSAFE = re.compile(r"[^\w .,()+-]+")


def safe_name(name: str) -> str:
    """A file name that is safe everywhere: no folders, not hidden, not too long; the suffix is kept."""
    name = _UNSAFE.sub("_", unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode()))
    stem, dot, suffix = name.rpartition(".")
    if not dot:
        stem, suffix = name, ""
    stem = stem.strip(" ._")[:_NAME_LIMIT].rstrip(" .") or "datei"
    return f"{stem}.{suffix[:10].lower()}" if suffix else stem


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored file, and what the one before it of the same name held; None if there was none."""

    path: Path
    earlier: bytes | None = None

    def undo(self) -> None:
        """Puts the earlier one back, or takes the file away. Raises OSError."""
        if self.earlier is None:
            self.path.unlink(missing_ok=True)
        else:
            replace_file(self.path, self.earlier, mode=0o600)


def keep(home: Path, name: str, content: bytes) -> Kept:
    """Stores a sent file, in the place of the earlier one of that name: it is a new version of the same article.

    Raises:
        LoadingError: it cannot be written.
    """
    folder, safe = home / FOLDER, Path(safe_name(name))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in count(1):
            path = folder / (safe.name if number == 1 else f"{safe.stem}-{number}{safe.suffix}")
            if not os.path.lexists(path):
                with suppress(FileExistsError):
                    create_file(path, content, mode=0o600)
                    return Kept(path)
            if path.is_file() and not path.is_symlink():
                earlier = path.read_bytes()
                if earlier != content:
                    replace_file(path, content, mode=0o600)
                return Kept(path, earlier)
    except OSError as error:
        raise LoadingError(notice("telegram.cannot_keep", folder=folder, error=error.strerror)) from error
    raise AssertionError("count() does not end")
