from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from retrieval.errors import LoadingError
from retrieval.indexing.folders import sync_folder
from retrieval.indexing.indexer import Indexer
from retrieval.language.sentences import SentenceSplitter
from retrieval.store.store import Store
from tests.collection import BREST, PERM, as_nobody, put
from tests.doubles import HashEmbedder

NEW = "In Gomel wird gebaut.\nDie Brücke ist bald fertig."
LONG_AGO = 1_700_000_000
SPLITTER = SentenceSplitter()  # loads when first used, and once


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "bild.jpg").touch()  # an empty folder would look like one that is not mounted
    write(folder / "brest.txt", BREST)
    write(folder / "inner" / "perm.txt", PERM)
    return folder


@pytest.fixture
def store(empty_store: Store) -> Store:
    return empty_store


def write(file: Path, text: str, time: int = LONG_AGO) -> None:
    file.write_text(text)
    os.utime(file, (time, time))


def look(store: Store, folder: Path) -> list[tuple[str, str]]:
    reports = sync_folder(str(folder), store, Indexer(store, SPLITTER, HashEmbedder())).articles
    return sorted((Path(report.path).name, report.outcome.value) for report in reports)


def names(store: Store) -> list[str]:
    return sorted(Path(article.document.path).name for article in store.articles())


def test_new_changed_and_deleted_files(store: Store, folder: Path) -> None:
    assert look(store, folder) == [("brest.txt", "added"), ("perm.txt", "added")]
    assert look(store, folder) == [("brest.txt", "unchanged"), ("perm.txt", "unchanged")]
    write(folder / "gomel.txt", NEW)
    write(folder / "brest.txt", BREST + "\nSie endet morgen.", LONG_AGO + 1)
    (folder / "inner" / "perm.txt").unlink()
    assert look(store, folder) == [("brest.txt", "updated"), ("gomel.txt", "added"), ("perm.txt", "unchanged")]
    assert look(store, folder) == [("brest.txt", "unchanged"), ("gomel.txt", "unchanged"), ("perm.txt", "removed")]
    assert names(store) == ["brest.txt", "gomel.txt"]


def test_file_of_the_same_size_and_time_is_not_read(store: Store, folder: Path) -> None:
    look(store, folder)
    write(folder / "brest.txt", BREST.replace("Minsk", "Gomel"))
    assert ("brest.txt", "unchanged") in look(store, folder)
    assert "Minsk" in next(a.document.text for a in store.articles() if a.document.path.endswith("brest.txt"))


def test_file_that_failed_is_tried_again(store: Store, folder: Path) -> None:
    write(folder / "brest.txt", "")
    for _ in range(2):
        assert ("brest.txt", "failed") in look(store, folder)


def test_folder_that_is_gone_keeps_its_articles(store: Store, folder: Path) -> None:
    look(store, folder)
    shutil.move(folder, folder.with_name("elsewhere"))
    with pytest.raises(LoadingError, match="nicht zu lesen"):
        look(store, folder)
    folder.mkdir()  # as where a disk is not mounted
    with pytest.raises(LoadingError, match="liegt keine Datei"):
        look(store, folder)
    assert names(store) == ["brest.txt", "perm.txt"]


def test_deleted_folder_within(store: Store, folder: Path) -> None:
    look(store, folder)
    shutil.rmtree(folder / "inner")
    assert ("perm.txt", "unchanged") in look(store, folder)
    assert ("perm.txt", "removed") in look(store, folder)


def test_neighbour_with_a_longer_name_is_left_alone(store: Store, folder: Path, tmp_path: Path) -> None:
    neighbour = tmp_path / "articles-2"
    neighbour.mkdir()
    write(neighbour / "gomel.txt", NEW)
    look(store, folder)
    look(store, neighbour)
    (neighbour / "gomel.txt").unlink()
    look(store, folder)
    look(store, folder)
    assert "gomel.txt" in names(store)


def test_name_with_a_number_sign(store: Store, folder: Path) -> None:
    write(folder / "nr #7.txt", NEW)
    look(store, folder)
    assert ("nr #7.txt", "unchanged") in look(store, folder)
    (folder / "nr #7.txt").unlink()
    look(store, folder)
    assert ("nr #7.txt", "removed") in look(store, folder)


def test_copy_takes_the_place_of_a_deleted_file(store: Store, folder: Path) -> None:
    look(store, folder)
    write(folder / "copy.txt", BREST)
    assert ("copy.txt", "duplicate") in look(store, folder)
    (folder / "brest.txt").unlink()
    look(store, folder)
    look(store, folder)
    assert [article.copy_of for article in store.articles()] == [0, 0]
    assert names(store) == ["copy.txt", "perm.txt"]


def hidden_folder(home: Path) -> None:
    with Store(home / "home") as store:
        # Stored here without a splitter, which nobody could import.
        put(store, BREST, str(home / "articles" / "brest.txt"))
        put(store, PERM, str(home / "articles" / "inner" / "perm.txt"))
        (home / "articles" / "inner").chmod(0)
        try:
            assert ("inner", "failed") in look(store, home / "articles")
            assert names(store) == ["brest.txt", "perm.txt"]
        finally:
            (home / "articles" / "inner").chmod(0o755)


def test_folder_within_that_cannot_be_opened_keeps_its_articles() -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / "articles" / "inner").mkdir(parents=True)
        write(home / "articles" / "brest.txt", BREST)
        write(home / "articles" / "inner" / "perm.txt", PERM)
        for path in (home, *home.rglob("*")):
            path.chmod(0o777)
            if os.getuid() == 0:
                os.chown(path, 65534, 65534)
        assert as_nobody(hidden_folder, home) == 0
