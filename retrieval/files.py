"""Writing files so that they are there whole or not at all, whatever stops the process or the machine.

Content goes into a temporary file in the same folder, reaches the disk, and only then gets its name; the folder is
synced too, so that the name outlives a power cut. What a killed process leaves is a temporary file, which
``remove_leftovers`` deletes. Three ways in, by what is to be written:

- ``replacing`` for text that is written bit by bit and ``write_json``, with errors for people,
- ``replace_file`` and ``create_file`` for bytes that are all there,
- ``temporary_beside`` and ``put_in_place`` where something else does the writing and asks for a path.

``make_private_folder`` and ``make_private_file`` make what only its owner can read; the first also closes a data
directory that others can look into.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from retrieval.errors import StoreError
from retrieval.messages import notice

_PREFIX, _SUFFIX = ".fundstelle-", ".tmp"
#: Temporary files older than this, in seconds, are no longer being written.
_LEFT_OVER = 3600
#: How the files begin that are written into a data directory. Others that lie there are not touched.
_OWN_NAMES = (
    "calibration", "feedback.key", "fundstelle.", "history", "http-token", "matplotlib", "models.json", "received",
    "telegram-webhook-secret", "telegram.db", "vectors", _PREFIX,
)  # fmt: skip
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes ``value`` as JSON for people to read; see ``replacing``."""
    with replacing(path) as file:
        file.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A text file to write, which takes the place of ``path`` at the end of the block; makes the folder if need be.

    If an exception leaves the block, the old file stays. A pipe or device at ``path`` is written to directly.

    Raises:
        StoreError: the file cannot be written; the old one stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8") as file:
                yield file
            return
        with temporary_beside(path) as temporary:
            with temporary.open("w", encoding="utf-8") as file:
                yield file
            put_in_place(temporary, path)
    except OSError as error:
        raise StoreError(notice("store.cannot_write_file", path=path, error=error.strerror)) from error


def replace_file(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Writes a file in the place of the one that may be there. Raises OSError if that cannot be done.

    ``mode`` are the permissions of the new file, less the process's umask.
    """
    with temporary_beside(path, mode=mode) as temporary:
        temporary.write_bytes(content)
        put_in_place(temporary, path)


def create_file(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Writes a file where there is none. Of several processes that try at once, one succeeds.

    Raises:
        FileExistsError: there is one, or a link of this name; it stays as it is.
        OSError: it cannot be written, or the file system knows no hard links.
    """
    with temporary_beside(path, mode=mode) as temporary:
        temporary.write_bytes(content)
        _sync(temporary)
        os.link(temporary, path)
        _sync_folder(path.parent)


@contextmanager
def temporary_beside(path: Path, *, mode: int = 0o666) -> Iterator[Path]:
    """A new empty file in the folder of ``path``, to be filled and ``put_in_place``; else it goes with the block."""
    temporary = path.with_name(f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}")
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode))
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def put_in_place(temporary: Path, path: Path) -> None:
    """Gives a finished temporary file its name, in the place of the file that may be there."""
    _sync(temporary)
    os.replace(temporary, path)
    _sync_folder(path.parent)


def remove_leftovers(folder: Path) -> None:
    """Deletes what killed processes have left in ``folder``. Raises OSError where that cannot be done."""
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with suppress(FileNotFoundError):  # another process does the same
            if path.stat().st_mtime < time.time() - _LEFT_OVER:
                path.unlink()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    # Not every file system can do that, and the content is on the disk already.
    with suppress(OSError):
        _sync(folder)


def make_private_folder(folder: Path) -> None:
    """Makes a data directory that only its owner can enter; one that is there is closed to others, with its files.

    What belongs to somebody else stays as it is, and so do files that Fundstelle does not write, a folder for
    everybody (as ``/tmp``), the root and the home directory.

    Raises:
        OSError: it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        if not folder.is_dir():
            raise
        # Whoever may not change permissions works with those that are there.
        with suppress(OSError):
            _close_to_others(folder)


def make_private_file(path: Path) -> None:
    """Makes an empty file that only its owner can read; one that is there stays. Raises OSError if it cannot be."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _close_to_others(folder: Path) -> None:
    status = folder.stat()
    shared = status.st_mode & stat.S_ISVTX or folder.resolve() in (Path("/"), Path.home())
    if not shared:
        _take_from_others(folder, status)
    for entry in os.scandir(folder):
        if entry.name.startswith(_OWN_NAMES):
            _close_entry(entry)


def _close_entry(entry: os.DirEntry[str]) -> None:
    with suppress(OSError):  # gone, or on a disk without permissions
        is_folder = entry.is_dir(follow_symlinks=False)
        if not is_folder and not entry.is_file(follow_symlinks=False):
            return
        opened = _take_from_others(Path(entry), entry.stat(follow_symlinks=False))
        for inner in os.scandir(entry) if opened and is_folder else ():
            _close_entry(inner)


def _take_from_others(path: Path, status: os.stat_result) -> bool:
    """Takes all rights from everybody but the owner; whether there were any and that was done."""
    if status.st_uid != os.geteuid() or not status.st_mode & _OTHERS:
        return False
    path.chmod(stat.S_IMODE(status.st_mode) & ~_OTHERS)
    return True
