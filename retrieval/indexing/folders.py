"""Watched folders: what has come, changed and gone in them since the last look."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Set
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.errors import LoadingError
from retrieval.index_report import ArticleReport, IndexOutcome, IndexReport
from retrieval.indexing.missing_files import Disks, FolderMemory, is_gone, possible_files
from retrieval.loading import search_files
from retrieval.messages import notice

if TYPE_CHECKING:
    from retrieval.indexing.indexer import Indexer
    from retrieval.store.store import Store

#: By file: size and time of change (ns); None if they cannot be had.
States = Mapping[str, tuple[int, int] | None]


def device_number(directory: str) -> int:
    """The number of the device that a directory lies on. Raises OSError if it cannot be told."""
    return os.stat(directory).st_dev


def sync_folder(
    folder: str, store: Store, indexer: Indexer, *, device_of: Callable[[str], int] = device_number
) -> IndexReport:
    """Adds new and changed files of a folder; the articles of files that were deleted go. One report a file.

    Files of the size and time of the last look are not read. A file counts as deleted when two looks in a row miss it
    and its disk is there: its directory, or what is left of the way there, is not empty and on the same device as at
    the last look that found files in it. Otherwise its article stays, and the directory is reported.

    Args:
        device_of: the number of the device that a directory lies on.

    Raises:
        LoadingError: the folder is gone, cannot be read, or holds no known file any more, as one that is not mounted;
            then nothing is removed.
    """
    try:
        os.listdir(folder)
    except OSError as error:
        raise LoadingError(notice("index.folder_gone", error=error.strerror or error)) from error
    found = search_files([Path(folder)])  # before anything is removed: it raises where there is no file left
    states = {str(file): _size_and_time(file) for file in found.files}
    unchanged = {file for file, state in states.items() if state is not None and store.is_read(file, *state)}
    memory = FolderMemory.of(store, folder)
    disks = Disks(folder, memory, unchanged, device_of)
    deleted = _remove_deleted(folder, store, memory, disks, states.keys())
    report = IndexReport(tuple(deleted)) + _add(states, unchanged, store, indexer)
    # Where nothing is new, neither are the files of other types.
    has_news = len(unchanged) < len(states)
    return replace(report, skipped=(*found.unread, *report.skipped)) if has_news else report


def _remove_deleted(
    folder: str, store: Store, memory: FolderMemory, disks: Disks, files: Set[str]
) -> list[ArticleReport]:
    """Removes the articles of deleted files, reports and remembers which others are missing."""
    below = os.path.join(folder, "")
    ids = {
        article.document.path: article.document.id
        for article in store.articles()
        if article.document.path.startswith(below)
    }
    missing = {path: disks.judge(path) for path in ids if is_gone(path)}
    deleted = [
        path
        for path, state in missing.items()
        if state.certain and path in memory.missing and memory.missing[path].certain
    ]
    reports = [ArticleReport(path, IndexOutcome.REMOVED) for path in deleted]
    with store.writing():
        for path in deleted:
            store.remove(ids.pop(path))
            del missing[path]
        # Where no file was found, what is known stays for the articles that are kept.
        lay_in = {disks.directory(path) for path in ids}
        devices = {directory: device for directory, device in memory.devices.items() if directory in lay_in}
        found_in = {os.path.dirname(file): disks.device(os.path.dirname(file)) for file in files}
        devices |= {directory: device for directory, device in found_in.items() if device is not None}
        FolderMemory(devices, missing).keep(store, folder)
    reports += [
        ArticleReport(path, IndexOutcome.UNCHANGED, notice("index.file_missing"))
        for path, state in missing.items()
        if state.certain
    ]
    kept = Counter(disks.directory(path) for path, state in missing.items() if not state.certain)
    reports += [
        ArticleReport(directory, IndexOutcome.FAILED, notice("index.disk_missing", count=count))
        for directory, count in kept.items()
    ]
    return reports


def _add(states: States, unchanged: Set[str], store: Store, indexer: Indexer) -> IndexReport:
    new = {file: state for file, state in states.items() if file not in unchanged}
    known = IndexReport(tuple(ArticleReport(file, IndexOutcome.UNCHANGED) for file in states if file in unchanged))
    if not new and not store.waiting_documents():
        return known
    added = indexer.index([Path(file) for file in new])
    articles: dict[str, list[str]] = {file: [] for file in new}
    for report in added.articles:
        file = next(name for name in possible_files(report.path) if name in articles)
        articles[file].append(report.path)
    failed = {report.path for report in added.articles if report.outcome is IndexOutcome.FAILED}
    for file, state in new.items():
        if state is not None and not failed.intersection(articles[file]):
            store.put_file(file, *state, articles[file])
    return known + added


def _size_and_time(file: Path) -> tuple[int, int] | None:
    """Size and time of change (ns); None if they cannot be had."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
