"""What ``fundstelle status`` tells: how much is indexed, with which models, where, and whether the index is fine."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.messages import text
from bot.render.text import megabytes, number
from bot.settings import Settings
from retrieval.collection import Collection
from retrieval.loading.confinement import Lock, available

_LOCK_NAMES = {Lock.LANDLOCK: "Landlock", Lock.SECCOMP: "seccomp"}


@dataclass(frozen=True, slots=True)
class Status:
    """The state of one data directory.

    ``database`` is the PostgreSQL server that keeps the articles, without user and password; empty where they are in
    the data directory, ``home``. ``replica`` is where its replica is that questions are searched on, if there is one.
    ``extensions`` are those of the server that matter to Fundstelle, with their versions.
    ``index`` is a value of ``retrieval.search.index_file.IndexState``, or "empty" as long as there are no articles;
    ``checked`` says whether the whole collection has just been read and found intact. Sizes are in bytes; the size of a
    model from the hub is 0, as it lies elsewhere. ``locks`` are those on the process that reads files, as
    ``retrieval.loading.confinement.Lock`` names them.
    """

    articles: int
    sentences: int
    embedder: str
    reader: str
    home: str
    database: str
    replica: str
    extensions: dict[str, str]
    index: str
    checked: bool
    database_bytes: int
    index_bytes: int
    embedder_bytes: int
    reader_bytes: int
    locks: tuple[str, ...]


def describe(settings: Settings, collection: Collection, *, checked: bool) -> Status:
    """Looks at the store and the files; loads no model."""
    store, backend = collection.store, collection.backend
    sentences = store.sentence_count()
    database_bytes, index_bytes = backend.size()
    return Status(
        articles=store.article_count(),
        sentences=sentences,
        embedder=settings.embedder,
        reader=settings.reader,
        home=str(settings.home),
        database=backend.place if settings.database_url else "",
        replica=backend.replica,
        extensions=backend.extensions(),
        index=backend.index_state() if sentences else "empty",
        checked=checked,
        database_bytes=database_bytes,
        index_bytes=index_bytes,
        embedder_bytes=total_bytes(Path(settings.embedder).rglob("*")),
        reader_bytes=total_bytes(Path(settings.reader).rglob("*")),
        locks=tuple(sorted(available())),
    )


def to_json(status: Status) -> dict[str, Any]:
    """The object that ``status --json`` prints."""
    return asdict(status)


def to_text(status: Status, language: str) -> str:
    """A line for each thing worth knowing."""
    size = megabytes(status.database_bytes + status.index_bytes, language)
    kept = {"database": f"{status.database} ({size})", "home": status.home} if status.database else {}
    if status.replica:
        kept["replica"] = status.replica
    if status.extensions:
        kept["extensions"] = ", ".join(f"{name} {version}" for name, version in status.extensions.items())
    rows = {
        **(kept or {"home": f"{status.home} ({size})"}),
        "articles": number(status.articles, language),
        "sentences": number(status.sentences, language),
        "index": text(f"cli.status_index_{status.index}", language),
        "embedder": _model(status.embedder, status.embedder_bytes, language),
        "reader": _model(status.reader, status.reader_bytes, language),
    }
    if missing := [_LOCK_NAMES[lock] for lock in Lock if lock not in status.locks]:
        rows["locks"] = text("cli.status_no_lock", language, locks=", ".join(missing))
    if status.checked:
        rows["check"] = text("cli.status_check_intact", language)
    labels = {name: text(f"cli.status_{name}", language) + ":" for name in rows}
    column = max(map(len, labels.values())) + 1
    return "\n".join(f"{labels[name]:<{column}}{value}" for name, value in rows.items())


def _model(name: str, size: int, language: str) -> str:
    if size:
        return f"{name} ({megabytes(size, language)})"
    # An absolute path cannot be a hub id, so without files in it the model is not there.
    return text("cli.status_missing", language, model=name) if Path(name).is_absolute() else name


def total_bytes(paths: Iterable[Path]) -> int:
    """The total size of these files; anything that is no file counts as 0."""
    total = 0
    for path in paths:
        with suppress(FileNotFoundError):  # another process may have replaced it just now
            status = path.stat()
            total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total
