"""Dense search: the nearest sentences by cosine, with FAISS. A cache of the store's vectors, kept in two files."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import StoreError
from retrieval.store import MANIFEST_NAME, Store


class VectorIndex(Protocol):
    """Finds the sentences whose vectors are nearest to a question's."""

    def search(
        self, query: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """Up to ``k`` (sentence id, cosine -1..1), best first, of all sentences or of those with the ids ``among``.

        ``query``: float32 ``(dimension,)``, of length 1.
        """
        ...


class IndexState(StrEnum):
    """How the index files stand to the store."""

    CURRENT = "current"
    BEHIND = "behind"  # undamaged, but articles have been added or removed since
    MISSING = "missing"
    DAMAGED = "damaged"
    FOREIGN = "foreign"  # of another embedder or of another database


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the index file holds, and how to know that it is undamaged: FAISS itself notices almost no damage."""

    file: str
    sha256: str
    embedder: str
    dimension: int
    rows: int
    generation: int
    identity: str


_NOTICES = {
    IndexState.MISSING: "Der Vektorindex fehlte und wurde aus der Datenbank neu aufgebaut.",
    IndexState.DAMAGED: "Der Vektorindex war beschädigt und wurde aus der Datenbank neu aufgebaut.",
    IndexState.FOREIGN: "Der Vektorindex gehörte zu einem anderen Modell oder einer anderen Datenbank "
    "und wurde aus der Datenbank neu aufgebaut.",
}


class FaissVectorIndex:
    """Exact search by inner product (``IndexIDMap2`` over ``IndexFlatIP``), the ids being sentence ids.

    The file and its manifest ``vectors.json`` are each written to a temporary file, synced and renamed; the file
    is named after its content, so that the manifest's rename changes both at once. What does not match is rebuilt
    from the store, and ``notify`` is told. Where the data directory cannot be written, the index is only in memory.
    Articles added or removed since, by whatever process, are taken in before each search.
    """

    def __init__(self, store: Store, notify: Callable[[str], None] = lambda notice: None) -> None:
        self._store = store
        self._notify = notify
        self._lock = threading.Lock()
        self._index: Any = None
        self._generation = -1
        self._embedder = ""

    def __len__(self) -> int:
        """The number of sentences in the index."""
        with self._lock:
            return int(self._current().ntotal)

    def load(self) -> None:
        """Reads the index, rebuilds it if need be, and brings it and its files up to date."""
        with self._lock:
            self._load()

    def search(
        self, query: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """See ``VectorIndex``.

        Raises:
            ValueError: the query's dimension is not the index's.
            StoreError: another process has changed the collection over to another embedder.
        """
        with self._lock:
            index = self._current()
            if k <= 0 or not index.ntotal:
                return []
            row = np.ascontiguousarray(query, dtype=np.float32).reshape(1, -1)
            if row.shape[1] != index.d:
                raise ValueError(f"the query has {row.shape[1]} dimensions, the index {index.d}")
            scores, ids = index.search(row, min(k, int(index.ntotal)), params=_only(among))
        # FAISS fills up with -1 what it has not found.
        return [(int(i), float(score)) for i, score in zip(ids[0], scores[0], strict=True) if i != -1]

    def _current(self) -> Any:
        if self._index is None:
            self._load()
        elif self._store.generation != self._generation:
            if self._store.embedder_signature != self._embedder and self._index.ntotal:
                raise StoreError(
                    f"Die Sammlung in {self._store.home} wurde inzwischen auf ein anderes Embedding-Modell umgestellt "
                    f"({self._store.embedder_signature}). Bitte Fundstelle neu starten."
                )
            self._catch_up()
        return self._index

    def _load(self) -> None:
        state, manifest = index_state(self._store)
        self._index = None
        if manifest is not None and state in (IndexState.CURRENT, IndexState.BEHIND):
            self._index = _read(self._store.home / manifest.file, manifest)
        with self._store.snapshot():
            gone, new = self._differences()
            current = manifest is not None and manifest.generation == self._store.generation
            # Its checksum is right, but it is not what its manifest says, or its rows are not the store's.
            if state in (IndexState.CURRENT, IndexState.BEHIND) and (
                self._index is None or (current and gone.size + new.size)
            ):
                state, self._index = IndexState.DAMAGED, None
            self._catch_up()
        if not self._index.ntotal:
            return
        if state is not IndexState.CURRENT or not current:
            self._save()
        if state in _NOTICES:
            self._notify(_NOTICES[state])

    def _catch_up(self) -> None:
        """Takes out the sentences that are gone and takes in the new ones. A sentence's vector never changes."""
        with self._store.snapshot():
            generation, embedder = self._store.generation, self._store.embedder_signature
            gone, new = self._differences()
            if self._index is None or gone.size == self._index.ntotal:
                self._index = _empty(1)
            elif gone.size:
                self._index.remove_ids(gone)
            for ids, vectors in self._store.all_vectors(after=int(new[0]) - 1) if new.size else ():
                wanted = np.isin(ids, new)
                if not self._index.ntotal:
                    self._index = _empty(vectors.shape[1])
                self._index.add_with_ids(vectors[wanted], ids[wanted])
            self._generation, self._embedder = generation, embedder

    def _differences(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The ids that the index has and the store has not, and the other way round."""
        stored = self._store.sentence_ids()
        indexed = _ids(self._index) if self._index is not None else np.empty(0, dtype=np.int64)
        return np.setdiff1d(indexed, stored), np.setdiff1d(stored, indexed)

    def _save(self) -> None:
        if self._store.read_only:
            return
        try:
            # Under the write lock: two processes that save at once would sweep away each other's file.
            with self._store.database.transaction() as connection:
                # An older state of the database, from a backup or without its log, does not know this index: it would
                # give out ids again that stand for other sentences in it.
                self._store.set_meta(connection, "identity", secrets.token_hex(16))
                self._write_files(self._store.home)
        except (OSError, RuntimeError, StoreError) as error:  # FAISS raises RuntimeError
            self._notify(f"Der Vektorindex konnte nicht gespeichert werden ({error}); er bleibt im Arbeitsspeicher.")

    def _write_files(self, home: Path) -> None:
        file, sha256 = _write(self._index, home)
        manifest = Manifest(
            file=file,
            sha256=sha256,
            embedder=self._embedder,
            dimension=int(self._index.d),
            rows=int(self._index.ntotal),
            generation=self._generation,
            identity=self._store.identity,
        )
        temporary = _temporary(home)
        temporary.write_text(json.dumps(asdict(manifest), indent=2, ensure_ascii=False), encoding="utf-8")
        _publish(temporary, home / MANIFEST_NAME)
        _sweep(home, keep=file)


def index_state(store: Store) -> tuple[IndexState, Manifest | None]:
    """How the index files stand to the store. Reads the whole index file once, for its checksum; loads no FAISS."""
    manifest = _manifest(store.home)
    checked = _checked(store.home, manifest)
    if checked is not IndexState.CURRENT and (newer := _manifest(store.home)) != manifest:
        # Another process has just put a new index in its place.
        manifest = newer
        checked = _checked(store.home, manifest)
    if manifest is None or checked is not IndexState.CURRENT:
        return checked, None
    # Asked after the files were read: other processes commit first and write the index then.
    generation = store.generation
    if (manifest.embedder, manifest.identity) != (store.embedder_signature, store.identity):
        return IndexState.FOREIGN, manifest
    if manifest.generation > generation:
        return IndexState.FOREIGN, manifest
    return IndexState.CURRENT if manifest.generation == generation else IndexState.BEHIND, manifest


def _manifest(home: Path) -> Manifest | None:
    try:
        manifest = Manifest(**json.loads((home / MANIFEST_NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    # Annotations are strings here: "str" or "int".
    typed = all(type(getattr(manifest, field.name)).__name__ == field.type for field in fields(manifest))
    return manifest if typed else None


def _checked(home: Path, manifest: Manifest | None) -> IndexState:
    if manifest is None:
        rest = (home / MANIFEST_NAME).exists() or any(home.glob("vectors-*.faiss"))
        return IndexState.DAMAGED if rest else IndexState.MISSING
    try:
        with open(home / manifest.file, "rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return IndexState.MISSING
    except OSError:
        return IndexState.DAMAGED
    return IndexState.CURRENT if actual == manifest.sha256 else IndexState.DAMAGED


def _empty(dimension: int) -> Any:
    import faiss

    return faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))


def _only(among: NDArray[np.int64] | None) -> Any:
    """Search parameters that let only these ids through."""
    import faiss

    if among is None:
        return None
    only: Any = faiss.SearchParameters  # whose constructor FAISS widens at run time
    return only(sel=faiss.IDSelectorBatch(np.ascontiguousarray(among, dtype=np.int64)))


def _ids(index: Any) -> NDArray[np.int64]:
    import faiss

    return np.asarray(faiss.vector_to_array(index.id_map), dtype=np.int64)


def _read(path: Path, manifest: Manifest) -> Any:
    """The index in a file whose checksum is right; None if it is not what the manifest says."""
    import faiss

    try:
        index = faiss.read_index(str(path))
    except RuntimeError:
        return None
    fits = isinstance(index, faiss.IndexIDMap2) and (index.d, index.ntotal) == (manifest.dimension, manifest.rows)
    return index if fits else None


def _write(index: Any, home: Path) -> tuple[str, str]:
    """Writes the index file; its name and its SHA-256."""
    import faiss

    temporary = _temporary(home)
    faiss.write_index(index, str(temporary))
    with open(temporary, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    name = f"vectors-{sha256[:16]}.faiss"
    _publish(temporary, home / name)
    return name, sha256


def _temporary(home: Path) -> Path:
    handle, name = tempfile.mkstemp(prefix="vectors-", suffix=".tmp", dir=home)
    os.close(handle)
    return Path(name)


def _publish(temporary: Path, target: Path) -> None:
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


def _sweep(home: Path, keep: str) -> None:
    """Deletes older index files, and what killed processes have left: temporary files older than an hour."""
    for path in home.glob("vectors-*.faiss"):
        if path.name != keep:
            path.unlink(missing_ok=True)
    for path in home.glob("vectors-*.tmp"):
        if path.stat().st_mtime < time.time() - 3600:
            path.unlink(missing_ok=True)
