"""Files of types that are not read are counted by type and named; hidden and owner files are passed over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from retrieval.index_report import SkippedPart
from retrieval.loading import load_documents, search_files
from retrieval.types import Document
from tests import samples

LOCK = bytes(162)


def fill(folder: Path, names: Sequence[str]) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("Ein Text, der für sich steht.")
    return folder


def test_types_are_counted_for_the_whole_folder(tmp_path: Path) -> None:
    names = ["a.txt", "b.msg", "c/d.MSG", "c/e.msg", "f.doc", "OHNE", "Protokoll vom 3. Mai", "g.html.gz", "h.2024"]
    found = search_files([fill(tmp_path, names)])
    assert found.files == [tmp_path / "a.txt"]
    assert {part.path for part in found.unread} == {str(tmp_path)}
    said = {part.what: part.why for part in found.unread}
    assert list(said) == ["3 Dateien ohne Endung", "3 Dateien .msg", "1 Datei .doc", "1 Datei .gz"]
    assert said["3 Dateien ohne Endung"] == "diese Art wird nicht gelesen"
    assert said["1 Datei .doc"].endswith("bitte in Word oder LibreOffice als .docx speichern")
    assert said["1 Datei .gz"].endswith("bitte auspacken")


def test_each_folder_is_counted_once(tmp_path: Path) -> None:
    fill(tmp_path, ["a/a.txt", "a/b.xyz", "b/a.txt", "b/b.xyz"])
    found = search_files([tmp_path / "a", tmp_path / "b", tmp_path / "a" / ".." / "a"])
    assert [(part.path, part.what) for part in found.unread] == [
        (str(tmp_path / "a"), "1 Datei .xyz"),
        (str(tmp_path / "b"), "1 Datei .xyz"),
    ]


def test_hidden_and_owner_files_are_passed_over(tmp_path: Path) -> None:
    fill(tmp_path, ["a.txt", ".b.xyz", ".c/d.xyz", ".~lock.a.odt#", "Thumbs.db", ".DS_Store"])
    for name in ("~$bericht.docx", "~$liste.xlsx", "~$alt.doc"):
        (tmp_path / name).write_bytes(LOCK)
    found = search_files([tmp_path])
    assert (found.files, found.unread) == ([tmp_path / "a.txt"], [])
    # as "*" names it
    assert search_files([tmp_path / "~$bericht.docx", tmp_path / "a.txt"]).files == [tmp_path / "a.txt"]
    (tmp_path / "~$gross.docx").write_bytes(samples.docx())
    assert search_files([tmp_path / "~$gross.docx"]).files == [tmp_path / "~$gross.docx"]


def test_links_and_pipes_are_not_counted(tmp_path: Path) -> None:
    fill(tmp_path, ["a.txt"])
    (tmp_path / "weg.xyz").symlink_to(tmp_path / "fehlt.xyz")
    assert search_files([tmp_path]).unread == []


def test_very_many_types_are_counted_together(tmp_path: Path) -> None:
    found = search_files([fill(tmp_path, ["a.txt", *(f"b.x{number}y" for number in range(120))])])
    assert len(found.unread) == 101 and found.unread[-1].what == "20 Dateien …"


@pytest.mark.parametrize("suffix", ["xls", "ppt", "msg", "mht", "log", "png", "pages", "7z"])
def test_what_to_do_about_it(tmp_path: Path, suffix: str) -> None:
    (part,) = search_files([fill(tmp_path, ["a.txt", f"b.{suffix}"])]).unread
    assert part.what == f"1 Datei .{suffix}" and part.why != "diese Art wird nicht gelesen"


def test_members_of_archives_are_counted_likewise(tmp_path: Path) -> None:
    inner = {"a.txt": "Erster Text.", "b/c.msg": "x", "d.msg": "x", "E": "x", ".f.msg": "x", "~$g.docx": LOCK,
             "__MACOSX/._a.xyz": "x"}  # fmt: skip
    (tmp_path / "a.zip").write_bytes(samples.zipped(inner))
    document, *others = load_documents(tmp_path / "a.zip")
    assert isinstance(document, Document)
    assert [(part.path, part.what) for part in others if isinstance(part, SkippedPart)] == [
        (str(tmp_path / "a.zip"), "2 Dateien .msg"),
        (str(tmp_path / "a.zip"), "1 Datei ohne Endung"),
    ]
