"""Files that are missing in a watched folder: what was deleted goes, what lies on a disk that is not mounted stays."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from retrieval.index_report import ArticleReport
from retrieval.indexing.folders import device_number, sync_folder
from retrieval.indexing.indexer import Indexer
from retrieval.language.sentences import SentenceSplitter
from retrieval.messages import Notice
from retrieval.store.feedback import FeedbackLog, Judgement, Verdict
from retrieval.store.store import Store
from tests import samples
from tests.collection import BREST, PERM
from tests.doubles import HashEmbedder

NEW = "In Gomel wird gebaut.\nDie Brücke ist bald fertig."
OTHER = "In Pinsk wird gefeiert.\nDas Fest dauert drei Tage lang."
LONG_AGO = 1_700_000_000
SPLITTER = SentenceSplitter()  # loads when first used, and once


def write(file: Path, text: str | bytes, time: int = LONG_AGO) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    os.utime(file, (time, time))


class Disk:
    """A folder of which ``usb`` lies on a disk of its own, when it is mounted: what it holds is moved away and back."""

    def __init__(self, home: Path, store: Store) -> None:
        self.store = store
        self.folder = home / "articles"
        self.usb = self.folder / "usb"
        self._away = home / "away"
        self.root_device, self.usb_device = 1, 2
        self.is_mounted = True
        write(self.folder / "brest.txt", BREST)
        write(self.usb / "perm.txt", PERM)
        write(self.usb / "2019" / "gomel.txt", NEW)

    def device_of(self, directory: str) -> int:
        assert os.path.isdir(directory)
        on_usb = self.is_mounted and Path(directory).is_relative_to(self.usb)
        return self.usb_device if on_usb else self.root_device

    def unmount(self, *, leave: bool = True) -> None:
        """With ``leave`` the empty folder stays, which the disk was mounted at."""
        shutil.move(self.usb, self._away)
        self.is_mounted = False
        if leave:
            self.usb.mkdir()

    def mount(self) -> None:
        shutil.rmtree(self.usb, ignore_errors=True)
        shutil.move(self._away, self.usb)
        self.is_mounted = True

    def delete(self) -> None:
        (self.usb / "perm.txt").rename(self._away.with_suffix(".txt"))

    def put_back(self) -> None:
        self._away.with_suffix(".txt").rename(self.usb / "perm.txt")

    def reports(self) -> tuple[ArticleReport, ...]:
        indexer = Indexer(self.store, SPLITTER, HashEmbedder())
        return sync_folder(str(self.folder), self.store, indexer, device_of=self.device_of).articles

    def look(self) -> dict[str, str]:
        """Outcomes by path in the folder, of missing files and directories the key of what is said of them."""
        return {
            os.path.relpath(report.path, self.folder): report.reason.key
            if isinstance(report.reason, Notice)
            else report.outcome.value
            for report in self.reports()
        }

    def ids(self) -> dict[str, int]:
        return {
            os.path.relpath(article.document.path, self.folder): article.document.id
            for article in self.store.articles()
        }


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "home") as store:
        yield store


@pytest.fixture
def disk(tmp_path: Path, store: Store) -> Disk:
    disk = Disk(tmp_path, store)
    assert set(disk.look().values()) == {"added"}
    return disk


def strays(disk: Disk) -> None:
    disk.unmount()
    write(disk.usb / "bild.jpg", b"")


def strays_that_are_read(disk: Disk) -> None:
    disk.unmount()
    write(disk.usb / "pinsk.txt", OTHER)


UNMOUNTED: dict[str, Callable[[Disk], None]] = {
    "empty": lambda disk: disk.unmount(),
    "not there": lambda disk: disk.unmount(leave=False),
    "another disk": strays,
    "another disk with articles": strays_that_are_read,
}


@pytest.mark.parametrize("kind", UNMOUNTED)
def test_disk_that_is_not_mounted_keeps_its_articles(disk: Disk, kind: str) -> None:
    ids = disk.ids()
    UNMOUNTED[kind](disk)
    for _ in range(4):
        found = disk.look()
        assert (found["usb"], found["usb/2019"]) == ("index.disk_missing", "index.disk_missing")
        assert ids.items() <= disk.ids().items()
    disk.mount()
    back = disk.look()
    assert {path: back[path] for path in ids} == dict.fromkeys(ids, "unchanged")
    assert ids.items() <= disk.ids().items()


def test_report_says_how_many_articles_are_kept(disk: Disk) -> None:
    write(disk.usb / "2019" / "pinsk.txt", OTHER)
    disk.look()
    disk.unmount()
    said = {Path(report.path).name: report for report in disk.reports()}
    assert said["2019"].outcome.value == said["usb"].outcome.value == "failed"
    assert isinstance(said["2019"].reason, Notice)
    assert said["2019"].reason.values == {"count": 2}


def test_what_vanishes_and_returns_keeps_its_versions_and_feedback(disk: Disk) -> None:
    write(disk.usb / "perm.txt", PERM + "\nMehr ist nicht bekannt.", LONG_AGO + 1)
    disk.look()
    number = disk.ids()["usb/perm.txt"]
    FeedbackLog(disk.store).put(Judgement("Wer?", "Machonin", number, 0, 8, Verdict.GOOD))
    for vanish, come_back in ((disk.unmount, disk.mount), (disk.delete, disk.put_back)):
        vanish()
        disk.look()
        come_back()
        assert disk.look()["usb/perm.txt"] == "unchanged"
        assert disk.ids()["usb/perm.txt"] == number
        assert [version.document.text for version in disk.store.versions(number)] == [PERM]
        assert [judgement.document_id for judgement in FeedbackLog(disk.store).judgements()] == [number]


def test_deletion_is_carried_out_at_the_second_look_in_a_row(disk: Disk) -> None:
    for _ in range(2):
        disk.delete()
        assert disk.look()["usb/perm.txt"] == "index.file_missing"
        disk.put_back()
        assert disk.look()["usb/perm.txt"] == "unchanged"
    disk.delete()
    assert disk.look()["usb/perm.txt"] == "index.file_missing"
    assert "usb/perm.txt" in disk.ids()
    assert disk.look()["usb/perm.txt"] == "removed"
    assert "usb/perm.txt" not in disk.ids()
    assert "usb/perm.txt" not in disk.look()


def test_looks_without_the_disk_do_not_count(disk: Disk) -> None:
    disk.delete()
    disk.unmount()
    for _ in range(3):
        disk.look()
    disk.mount()
    assert disk.look()["usb/perm.txt"] == "index.file_missing"
    disk.unmount()
    disk.look()
    disk.mount()
    assert disk.look()["usb/perm.txt"] == "index.file_missing"  # the one in between starts it anew
    assert disk.look()["usb/perm.txt"] == "removed"


def test_last_file_of_a_folder(disk: Disk) -> None:
    """The folder is empty then, as one that is not mounted; the article goes with the folder."""
    (disk.usb / "2019" / "gomel.txt").unlink()
    for _ in range(3):
        assert disk.look()["usb/2019"] == "index.disk_missing"
    (disk.usb / "2019").rmdir()
    assert disk.look()["usb/2019/gomel.txt"] == "index.file_missing"
    assert disk.look()["usb/2019/gomel.txt"] == "removed"


def test_hidden_files_do_not_fill_a_folder(disk: Disk) -> None:
    (disk.usb / "2019" / "gomel.txt").unlink()
    write(disk.usb / "2019" / ".DS_Store", b"")
    for _ in range(3):
        assert disk.look()["usb/2019"] == "index.disk_missing"


def test_folder_that_was_never_looked_at_and_is_gone(tmp_path: Path, store: Store) -> None:
    """Nobody knows where it lay: indexed, and gone before the first look."""
    disk = Disk(tmp_path, store)
    Indexer(store, SPLITTER, HashEmbedder()).index([disk.folder])
    disk.unmount(leave=False)
    for _ in range(3):
        assert disk.look()["usb"] == "index.disk_missing"
    assert "usb/perm.txt" in disk.ids()


def test_file_that_was_never_looked_at_and_is_gone(tmp_path: Path, store: Store) -> None:
    disk = Disk(tmp_path, store)
    Indexer(store, SPLITTER, HashEmbedder()).index([disk.folder])
    (disk.usb / "perm.txt").unlink()
    assert [disk.look()["usb/perm.txt"] for _ in range(2)] == ["index.file_missing", "removed"]


def test_device_that_gets_another_number(disk: Disk) -> None:
    """As after a restart; that other files are as they were shows that it is the same disk."""
    write(disk.usb / "pinsk.txt", OTHER)
    disk.look()
    disk.delete()
    disk.root_device, disk.usb_device = 11, 12
    assert disk.look()["usb/perm.txt"] == "index.file_missing"
    disk.root_device, disk.usb_device = 21, 22
    assert disk.look()["usb/perm.txt"] == "removed"


def test_two_disks_by_turns(disk: Disk) -> None:
    """Another disk at the same place: its files are added, and nobody takes those of the first one for deleted."""
    shutil.move(disk.usb, disk.folder.parent / "first")
    write(disk.usb / "pinsk.txt", OTHER)
    disk.usb_device = 3
    for _ in range(3):
        found = disk.look()
        assert found["usb"] == "index.disk_missing"
    assert {"usb/perm.txt", "usb/pinsk.txt"} <= disk.ids().keys()
    shutil.move(disk.usb, disk.folder.parent / "second")
    shutil.move(disk.folder.parent / "first", disk.usb)
    disk.usb_device = 2
    for _ in range(3):
        found = disk.look()
        assert (found["usb"], found["usb/perm.txt"]) == ("index.disk_missing", "unchanged")
    assert {"usb/perm.txt", "usb/pinsk.txt"} <= disk.ids().keys()


def test_members_of_an_archive(disk: Disk) -> None:
    write(disk.usb / "a.zip", samples.zipped({"innen/x.txt": OTHER}))
    disk.look()
    disk.unmount()
    assert disk.look()["usb"] == "index.disk_missing"
    disk.mount()
    (disk.usb / "a.zip").unlink()
    assert [disk.look()["usb/a.zip#innen/x.txt"] for _ in range(2)] == ["index.file_missing", "removed"]


def test_device_that_cannot_be_told(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(directory: str) -> int:
        raise OSError("stale handle")

    disk.delete()
    monkeypatch.setattr(disk, "device_of", fails)
    for _ in range(3):
        assert disk.look()["usb"] == "index.disk_missing"


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"devices": {}}', '{"devices": {}, "missing": {"a": 1}}'])
def test_memory_that_is_damaged_is_none(disk: Disk, kept: str) -> None:
    with disk.store.database.transaction() as connection:
        disk.store.set_meta(connection, f"folder:{disk.folder}", kept)
    disk.delete()
    assert [disk.look()["usb/perm.txt"] for _ in range(2)] == ["index.file_missing", "removed"]


def test_devices_of_this_machine(tmp_path: Path) -> None:
    assert device_number(str(tmp_path)) == os.stat(tmp_path).st_dev
    with pytest.raises(OSError):
        device_number(str(tmp_path / "fehlt"))
