"""Finding files, and reading them from the disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.errors import LoadingError
from retrieval.index_report import SkippedPart
from retrieval.loading.formats import SUFFIXES, known_types, max_size
from retrieval.loading.unread import count_unread, has_hint, is_hidden, is_owner_file, why_unread
from retrieval.messages import notice


@dataclass(frozen=True, slots=True)
class Found:
    """The files that can be read, and for each folder the files of other types, counted by type."""

    files: list[Path]
    unread: list[SkippedPart]


def find_files(paths: Sequence[Path]) -> list[Path]:
    """The files that ``paths`` mean, each once, as in ``search_files``, without those that are not read."""
    return search_files(paths).files


def search_files(paths: Sequence[Path]) -> Found:
    """The files that ``paths`` mean, each once: files as they are given, folders with the known types below them.

    A folder's files come sorted by path. Hidden files and folders and owner files (``~$bericht.docx``) are left out,
    links to folders are not followed, nor are links to files elsewhere: whoever may put files into a folder shall not
    choose what else of the machine is read. A folder below that cannot be opened is in the list itself, so that loading
    it says so.
    Raises LoadingError if a path does not exist or a folder holds no file of a known type.
    """
    found: dict[str, Path] = {}
    unread: dict[str, list[SkippedPart]] = {}
    for path in paths:
        if os.path.isdir(path):  # Path.is_dir() raises where it may not look
            files, others, leading_out = _files_below(path)
            parts = [SkippedPart(str(path), part.what, part.why) for part in count_unread(others)]
            parts += [SkippedPart(str(link), notice("parts.link"), notice("parts.leads_out")) for link in leading_out]
            unread.setdefault(os.path.abspath(path), parts)
            if not files:
                raise LoadingError(notice("loading.empty_folder", path=path, types=known_types()))
        elif os.path.lexists(path):
            files = [] if is_owner_file(path) else [path]  # "*" names them, too
        else:
            raise LoadingError(notice("loading.no_path", path=path))
        for file in files:
            found.setdefault(os.path.abspath(file), file)
    return Found(list(found.values()), [part for parts in unread.values() for part in parts])


def read_file(path: Path) -> bytes:
    """The content of a file of a known type. Raises LoadingError if it cannot be read or is too large."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode("utf-8", "replace")
        raise LoadingError(notice("loading.file_name", path=shown)) from None
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES and not os.path.isdir(path):
        if has_hint(suffix):
            raise LoadingError(notice("loading.type_hint", name=path.name, hint=why_unread(suffix)))
        raise LoadingError(notice("loading.type", name=path.name, types=known_types()))
    max_bytes = max_size(suffix)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            os.listdir(path)  # the reason why it was not opened, if there is one
            raise LoadingError(notice("loading.folder", path=path))
        if not stat.S_ISREG(status.st_mode):
            raise LoadingError(notice("loading.no_file", name=path.name))
        if status.st_size <= max_bytes:
            with path.open("rb") as file:
                raw = file.read(max_bytes + 1)
    except FileNotFoundError:
        raise LoadingError(notice("loading.gone", path=path)) from None
    except PermissionError:
        raise LoadingError(notice("loading.forbidden", path=path)) from None
    except OSError as error:
        raise LoadingError(notice("loading.cannot_read", path=path, error=error.strerror or error)) from error
    size = max(status.st_size, 0 if status.st_size > max_bytes else len(raw))
    if size > max_bytes:
        raise LoadingError(notice("loading.large", name=path.name, size=size / 1e6, limit=max_bytes // 1_000_000))
    return raw


def _files_below(folder: Path) -> tuple[list[Path], list[str], list[Path]]:
    """The files of known types, sorted, the names of the others, and the links that lead out of the folder."""
    unreadable: list[Path] = []
    files: list[Path] = []
    others: list[str] = []
    leading_out: list[Path] = []
    inside = os.path.join(os.path.realpath(folder), "")
    for parent, folders, names in os.walk(folder, onerror=lambda error: unreadable.append(Path(error.filename))):
        folders[:] = [name for name in folders if not is_hidden(name)]
        for name in names:
            file = Path(parent, name)
            if is_hidden(name):
                continue
            if file.suffix.lower() not in SUFFIXES:
                others += [name] * os.path.isfile(file)
            # What cannot be looked at, as a broken link, is kept: to load it tells what is wrong. Pipes and devices
            # are not articles.
            elif os.path.islink(file) and os.path.exists(file) and not os.path.realpath(file).startswith(inside):
                leading_out.append(file)
            elif os.path.isfile(file) or not os.path.exists(file):
                files.append(file)
    return sorted(files + unreadable), others, sorted(leading_out)
