"""The files of the vector index: the index itself and a manifest that tells whether it is whole and whose it is.

Each is written to a temporary file, synced and renamed; the index is named after its content, so that the manifest's
rename changes both at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path

from retrieval.store.store import MANIFEST_NAME, Store

#: So many sentences may be outside of the index file: they are read from the store at opening (0.2 s) and compared one
#: by one in each search (5 ms). Smaller collections need no file at all.
RECENT_ROWS = 50_000


class IndexState(StrEnum):
    """How the index file stands to the store."""

    CURRENT = "current"
    BEHIND = "behind"  # undamaged, but too much has been added or removed since
    MISSING = "missing"
    DAMAGED = "damaged"
    FOREIGN = "foreign"  # of another embedder or of another database


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the index file holds, and how to know that it is undamaged: FAISS itself notices almost no damage.

    It holds the sentences up to the id ``highest`` but for those that the store had removed by entry ``removals`` of
    its log; its lists were made for ``trained`` rows.
    """

    file: str
    sha256: str
    embedder: str
    dimension: int
    rows: int
    trained: int
    highest: int
    removals: int
    generation: int
    identity: str


@dataclass(frozen=True, slots=True)
class IndexFile:
    """An index file as it lies there; ``manifest`` is None where it cannot be used."""

    state: IndexState
    manifest: Manifest | None = None


def index_file(store: Store, recent_rows: int = RECENT_ROWS, *, unread: bool = False) -> IndexFile:
    """How the index file stands to the store.

    Reads it once, for its checksum (0.2 s for a million sentences), or leaves it ``unread``: then it is current if it
    would be undamaged.
    """
    manifest = _read(store.home)
    state = _check(store.home, manifest, unread)
    if state is not IndexState.CURRENT and (newer := _read(store.home)) != manifest:
        # Another process has just put a new index in its place.
        manifest = newer
        state = _check(store.home, manifest, unread)
    with store.snapshot():
        if state is IndexState.MISSING and store.sentence_count() <= recent_rows:
            return IndexFile(IndexState.CURRENT)
        if manifest is None or state is not IndexState.CURRENT:
            return IndexFile(state)
        # Asked after the files were read: other processes commit first and write the index then.
        same = (manifest.embedder, manifest.identity) == (store.embedder_signature, store.identity)
        if not same or manifest.generation > store.generation:
            return IndexFile(IndexState.FOREIGN)
        outside = rows_outside(store, manifest)
    return IndexFile(IndexState.CURRENT if outside <= recent_rows else IndexState.BEHIND, manifest)


def rows_outside(store: Store, manifest: Manifest) -> int:
    """How many sentences were added to the store or removed from it since the index file was written."""
    _, gone = store.removed_sentences(after=manifest.removals)
    removed = int((gone <= manifest.highest).sum())
    return removed + store.sentence_count(after=manifest.highest)


def publish(home: Path, write: Callable[[Path], None], describe: Callable[[str, str], Manifest]) -> Manifest:
    """Puts an index file and its manifest into ``home``, and deletes older ones.

    ``write`` writes the index to a path; ``describe`` makes the manifest from the file's name and SHA-256.

    Raises:
        OSError: the directory cannot be written.
    """
    temporary = _temporary(home)
    try:
        write(temporary)
        sha256 = _sha256(temporary)
        manifest = describe(f"vectors-{sha256[:16]}.faiss", sha256)
        _rename(temporary, home / manifest.file)
    finally:
        temporary.unlink(missing_ok=True)
    temporary = _temporary(home)
    temporary.write_text(json.dumps(asdict(manifest), indent=2, ensure_ascii=False), encoding="utf-8")
    _rename(temporary, home / MANIFEST_NAME)
    sweep(home, keep=manifest.file)
    return manifest


def withdraw(home: Path) -> None:
    """Deletes the index file and its manifest. Raises OSError where that cannot be done."""
    (home / MANIFEST_NAME).unlink(missing_ok=True)
    sweep(home)


def sweep(home: Path, keep: str = "") -> None:
    """Deletes other index files, and what killed processes have left: temporary files older than an hour."""
    for path in home.glob("vectors-*.faiss"):
        if path.name != keep:
            path.unlink(missing_ok=True)
    for path in home.glob("vectors-*.tmp"):
        if path.stat().st_mtime < time.time() - 3600:
            path.unlink(missing_ok=True)


def _read(home: Path) -> Manifest | None:
    try:
        manifest = Manifest(**json.loads((home / MANIFEST_NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    # Annotations are strings here: "str" or "int".
    typed = all(type(getattr(manifest, field.name)).__name__ == field.type for field in fields(manifest))
    return manifest if typed else None


def _check(home: Path, manifest: Manifest | None, unread: bool) -> IndexState:
    if manifest is None:
        rest = (home / MANIFEST_NAME).exists() or any(home.glob("vectors-*.faiss"))
        return IndexState.DAMAGED if rest else IndexState.MISSING
    try:
        if unread:
            return IndexState.CURRENT if (home / manifest.file).is_file() else IndexState.MISSING
        actual = _sha256(home / manifest.file)
    except FileNotFoundError:
        return IndexState.MISSING
    except OSError:
        return IndexState.DAMAGED
    return IndexState.CURRENT if actual == manifest.sha256 else IndexState.DAMAGED


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _temporary(home: Path) -> Path:
    handle, name = tempfile.mkstemp(prefix="vectors-", suffix=".tmp", dir=home)
    os.close(handle)
    return Path(name)


def _rename(temporary: Path, target: Path) -> None:
    """Puts a finished file in its place; after a power cut there is the old one or the new one, whole."""
    _sync(temporary)
    os.replace(temporary, target)
    if os.name == "posix":
        _sync(target.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
