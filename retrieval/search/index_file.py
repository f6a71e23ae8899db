"""The files of the vector index: the index itself and a manifest that tells whether it is whole and whose it is.

The index is named after its content, so that putting the manifest in its place changes both at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path

from retrieval.files import put_in_place, remove_leftovers, replace_file, temporary_beside
from retrieval.store.store import MANIFEST_NAME, Store

#: So many sentences may be outside of the index file: they are read from the store at opening (0.2 s) and compared one
#: by one in each search (5 ms). Smaller collections need no file at all.
RECENT_ROWS = 50_000
#: Only the owner reads the index file.
_MODE = 0o600


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
    with temporary_beside(home / "vectors", mode=_MODE) as temporary:
        write(temporary)
        sha256 = _sha256(temporary)
        manifest = describe(f"vectors-{sha256[:16]}.faiss", sha256)
        put_in_place(temporary, home / manifest.file)
    content = json.dumps(asdict(manifest), indent=2, ensure_ascii=False)
    replace_file(home / MANIFEST_NAME, content.encode(), mode=_MODE)
    sweep(home, keep=manifest.file)
    return manifest


def withdraw(home: Path) -> None:
    """Deletes the index file and its manifest. Raises OSError where that cannot be done."""
    (home / MANIFEST_NAME).unlink(missing_ok=True)
    sweep(home)


def sweep(home: Path, keep: str = "") -> None:
    """Deletes other index files, and temporary files that killed processes have left."""
    for path in home.glob("vectors-*.faiss"):
        if path.name != keep:
            path.unlink(missing_ok=True)
    remove_leftovers(home)


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
