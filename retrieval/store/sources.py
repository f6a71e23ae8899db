"""Folders, feeds and pages that are checked again and again, and files that need not be read again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from retrieval.messages import restored, stored
from retrieval.store.queries import StoreQueries
from retrieval.types import SeenEntry, Source, SourceKind

#: A file can change twice within one tick of its file system's clock, so a file younger than this is read again.
SETTLED_NS = 2_000_000_000


class Sources(StoreQueries):
    """The part of ``Store`` that knows folders, feeds, pages and files."""

    def sources(self, kind: SourceKind | None = None) -> list[Source]:
        """The sources of this kind, or all, by location."""
        chosen, parameters = ("", ()) if kind is None else (" WHERE kind = ?", (kind,))
        rows = self.database.rows(
            f"SELECT location, kind, etag, last_modified, checked_at, error FROM sources{chosen} ORDER BY location",
            parameters,
        )
        return [
            Source(
                location,
                SourceKind(of_kind),
                etag=etag,
                last_modified=last_modified,
                checked_at=checked_at,
                error=restored(error),
            )
            for location, of_kind, etag, last_modified, checked_at, error in rows
        ]

    def put_source(self, source: Source) -> None:
        """Adds a source, or replaces what is known about it."""
        error = stored(source.error)
        values = (source.location, source.kind, source.etag, source.last_modified, source.checked_at, error)
        with self.database.transaction() as connection:
            connection.execute(
                "INSERT INTO sources (location, kind, etag, last_modified, checked_at, error) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (location) DO UPDATE SET kind = excluded.kind, "
                "etag = excluded.etag, last_modified = excluded.last_modified, "
                "checked_at = excluded.checked_at, error = excluded.error",
                values,
            )

    def update_source(self, source: Source) -> None:
        """Replaces what is known about a source, unless it has been removed in the meantime."""
        values = (source.etag, source.last_modified, source.checked_at, stored(source.error), source.location)
        with self.database.transaction() as connection:
            connection.execute(
                "UPDATE sources SET etag = ?, last_modified = ?, checked_at = ?, error = ? WHERE location = ?", values
            )

    def remove_source(self, location: str) -> bool:
        """Removes a source; its articles stay. False if there is none."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM entries WHERE feed = ?", (location,))
            return connection.execute("DELETE FROM sources WHERE location = ?", (location,)).rowcount > 0

    @contextmanager
    def claim(self, location: str) -> Iterator[bool]:
        """Inside, whether this process alone looks at a source: with several machines another one may be at it."""
        yield True

    def seen_entries(self, feed: str) -> frozenset[SeenEntry]:
        """The entries of a feed that need no second look, as long as the feed says the same about them."""
        return frozenset(
            SeenEntry(key=key, mark=mark)
            for key, mark in self.database.rows("SELECT key, mark FROM entries WHERE feed = ?", (feed,))
        )

    def put_seen_entries(self, feed: str, entries: Iterable[SeenEntry]) -> None:
        """Keeps these entries of a feed in the place of the earlier ones."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM entries WHERE feed = ?", (feed,))
            connection.executemany(
                "INSERT INTO entries (feed, key, mark) VALUES (?, ?, ?)",
                [(feed, key, mark) for key, mark in {entry.key: entry.mark for entry in entries}.items()],
            )

    def is_read(self, path: str, size: int, mtime_ns: int) -> bool:
        """Whether a file was indexed when it had this size and time, and all its articles are still there."""
        return bool(
            self.database.rows(
                "SELECT 1 FROM files WHERE path = ? AND size = ? AND mtime_ns = ? LIMIT 1", (path, size, mtime_ns)
            )
        )

    def file_size(self, document_path: str) -> int | None:
        """How many bytes the file of an article had when it was read; None if that is not known."""
        rows = self.database.rows("SELECT size FROM files WHERE document_path = ? LIMIT 1", (document_path,))
        return int(rows[0][0]) if rows else None

    def put_file(self, path: str, size: int, mtime_ns: int, document_paths: Iterable[str]) -> None:
        """Remembers that a file was indexed as the articles at ``document_paths``.

        Size and time have to be those from before it was read.
        """
        is_settled = time.time_ns() - mtime_ns > SETTLED_NS
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM files WHERE path = ?", (path,))
            connection.executemany(
                "INSERT INTO files (path, document_path, size, mtime_ns) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(path, document, size, mtime_ns) for document in document_paths] if is_settled else [],
            )
