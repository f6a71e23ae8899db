"""Finding files, and reading them from the disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from retrieval.errors import LoadingError
from retrieval.loading.formats import SUFFIXES, known_types, max_size


def find_files(paths: Sequence[Path]) -> list[Path]:
    """The files that ``paths`` mean, each once: files as they are given, folders with the known types below them.

    A folder's files come sorted by path. Hidden files and folders are left out, links to folders are not followed.
    A folder below that cannot be opened is in the list itself, so that loading it says so.
    Raises LoadingError if a path does not exist or a folder holds no file of a known type.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if os.path.isdir(path):  # Path.is_dir() raises where it may not look
            files = _files_below(path)
            if not files:
                raise LoadingError(f"Im Ordner {path} liegt keine Datei der Typen {known_types()}.")
        elif os.path.lexists(path):
            files = [path]
        else:
            raise LoadingError(f"{path} gibt es nicht. Bitte den Pfad prüfen.")
        for file in files:
            found.setdefault(os.path.abspath(file), file)
    return list(found.values())


def read_file(path: Path) -> bytes:
    """The content of a file of a known type. Raises LoadingError if it cannot be read or is too large."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode("utf-8", "replace")
        raise LoadingError(f"Der Dateiname von {shown} ist kein gültiges UTF-8. Bitte umbenennen.") from None
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES and not os.path.isdir(path):
        raise LoadingError(f"{path.name} ist kein bekannter Dateityp. Bekannt sind {known_types()}.")
    max_bytes = max_size(suffix)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            os.listdir(path)  # the reason why it was not opened, if there is one
            raise LoadingError(f"{path} ist ein Ordner, keine Datei.")
        if not stat.S_ISREG(status.st_mode):
            raise LoadingError(f"{path.name} ist keine gewöhnliche Datei.")
        if status.st_size <= max_bytes:
            with path.open("rb") as file:
                raw = file.read(max_bytes + 1)
    except FileNotFoundError:
        raise LoadingError(f"{path} gibt es nicht (mehr). Bitte den Pfad prüfen.") from None
    except PermissionError:
        raise LoadingError(f"{path} darf nicht gelesen werden. Bitte die Zugriffsrechte prüfen.") from None
    except OSError as error:
        raise LoadingError(f"{path} kann nicht gelesen werden: {error.strerror or error}.") from error
    size = max(status.st_size, 0 if status.st_size > max_bytes else len(raw))
    if size > max_bytes:
        raise LoadingError(
            f"{path.name} ist mit {size / 1e6:.0f} MB zu groß; erlaubt sind {max_bytes // 1_000_000} MB. "
            "Bitte in einzelne Artikel teilen."
        )
    return raw


def _files_below(folder: Path) -> list[Path]:
    unreadable: list[Path] = []
    files: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=lambda error: unreadable.append(Path(error.filename))):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = Path(parent, name)
            known = not name.startswith(".") and file.suffix.lower() in SUFFIXES
            # What cannot be looked at, as a broken link, is kept: to load it tells what is wrong. Pipes and devices
            # are not articles.
            if known and (os.path.isfile(file) or not os.path.exists(file)):
                files.append(file)
    return sorted(files + unreadable)
