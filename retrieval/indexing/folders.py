"""Watched folders: what has come, changed and gone in them since the last look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.errors import LoadingError
from retrieval.loading import find_files
from retrieval.messages import notice
from retrieval.types import ArticleReport, IndexOutcome

if TYPE_CHECKING:
    from retrieval.indexing.indexer import Indexer
    from retrieval.store.store import Store


def sync_folder(folder: str, store: Store, indexer: Indexer) -> list[ArticleReport]:
    """Takes up new and changed files of a folder; the articles of files that are gone go. One report a file.

    Files of the size and time of the last look are not read.

    Raises:
        LoadingError: the folder is gone, cannot be read, or holds no known file any more, as one that is not mounted;
            then nothing is removed.
    """
    try:
        os.listdir(folder)
    except OSError as error:
        raise LoadingError(notice("index.folder_gone", error=error.strerror or error)) from error
    files = find_files([Path(folder)])  # before anything is removed: it raises where there is none left
    return [*_remove_gone(folder, store), *_take_up(files, store, indexer)]


def _remove_gone(folder: str, store: Store) -> list[ArticleReport]:
    below = os.path.join(folder, "")
    gone = [
        article.document
        for article in store.articles()
        if article.document.path.startswith(below) and _is_gone(article.document.path)
    ]
    with store.writing():
        for document in gone:
            store.remove(document.id)
    return [ArticleReport(document.path, IndexOutcome.REMOVED) for document in gone]


def _is_gone(path: str) -> bool:
    """Whether neither a file of this name exists nor one that it is an article of."""
    return all(_does_not_exist(name) for name in _possible_files(path))


def _possible_files(path: str) -> Iterator[str]:
    """The files that the article at ``path`` may stand in, the longest name first: ``archive.zip#member`` names two."""
    yield path
    while "#" in path:
        path = path.rpartition("#")[0]
        yield path


def _does_not_exist(path: str) -> bool:
    """Certainly not, that is: a folder on the way that cannot be opened proves nothing."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass
    return False


def _take_up(files: list[Path], store: Store, indexer: Indexer) -> list[ArticleReport]:
    states = {str(file): _size_and_time(file) for file in files}
    new = {file: state for file, state in states.items() if state is None or not store.is_read(file, *state)}
    unchanged = [ArticleReport(file, IndexOutcome.UNCHANGED) for file in states if file not in new]
    if not new and not store.waiting_documents():
        return unchanged
    taken = indexer.index([Path(file) for file in new]).articles
    articles: dict[str, list[str]] = {file: [] for file in new}
    for report in taken:
        file = next(name for name in _possible_files(report.path) if name in articles)
        articles[file].append(report.path)
    failed = {report.path for report in taken if report.outcome is IndexOutcome.FAILED}
    for file, state in new.items():
        if state is not None and not failed.intersection(articles[file]):
            store.put_file(file, *state, articles[file])
    return [*unchanged, *taken]


def _size_and_time(file: Path) -> tuple[int, int] | None:
    """Size and time of change (ns); None if they cannot be had."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
