"""Files are there whole or not at all."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from retrieval.errors import StoreError
from retrieval.files import (
    create_file,
    put_in_place,
    remove_leftovers,
    replace_file,
    replacing,
    temporary_beside,
    write_json,
)
from tests.collection import as_nobody


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_text_takes_the_place_of_a_file_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "neu" / "a.txt"
    with replacing(path) as file:
        file.write("Größe\n")
        assert not path.exists()
    with replacing(path) as file:
        file.write("Länge\n")
        file.flush()
        assert path.read_text(encoding="utf-8") == "Größe\n"
    assert path.read_text(encoding="utf-8") == "Länge\n"
    assert names(path.parent) == ["a.txt"]
    plain = tmp_path / "plain"
    plain.touch()
    assert mode(path) == mode(plain)


def test_an_exception_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("alt")
    with pytest.raises(KeyError), replacing(path) as file:
        file.write("neu")
        raise KeyError
    assert path.read_text() == "alt"
    assert names(tmp_path) == ["a.txt"]


def test_json_for_people(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"Stadt": "Köln"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "Stadt": "Köln"\n}\n'


def write_into(home: Path) -> None:
    with pytest.raises(StoreError, match=r"a\.txt kann nicht geschrieben werden"), replacing(home / "a.txt"):
        pass
    with pytest.raises(PermissionError):
        replace_file(home / "a.txt", b"neu")
    with pytest.raises(PermissionError):
        create_file(home / "b.txt", b"neu")


def test_a_folder_that_cannot_be_written() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "a.txt").write_text("alt")
        home.chmod(0o555)
        assert as_nobody(write_into, home) == 0
        home.chmod(0o755)
        assert names(home) == ["a.txt"]


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    thread = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    thread.start()
    with replacing(pipe) as file:
        file.write("Größe")
    thread.join(10)
    assert read == ["Größe"]
    assert pipe.is_fifo()


def test_bytes_take_the_place_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    replace_file(path, b"alt")
    replace_file(path, b"neu", mode=0o600)
    assert (path.read_bytes(), mode(path)) == (b"neu", 0o600)
    assert names(tmp_path) == ["a"]


def test_a_file_is_created_only_where_there_is_none(tmp_path: Path) -> None:
    path, link = tmp_path / "a", tmp_path / "link"
    create_file(path, b"alt", mode=0o600)
    assert mode(path) == 0o600
    link.symlink_to(tmp_path / "elsewhere")
    for taken in (path, link):
        with pytest.raises(FileExistsError):
            create_file(taken, b"neu")
    assert path.read_bytes() == b"alt"
    assert names(tmp_path) == ["a", "link"]


def test_of_many_that_create_a_file_one_succeeds(tmp_path: Path) -> None:
    path = tmp_path / "a"
    contents = [bytes([number]) * 10_000 for number in range(20)]

    def create(content: bytes) -> bool:
        try:
            create_file(path, content)
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(create, contents))
    assert created.count(True) == 1
    assert path.read_bytes() == contents[created.index(True)]
    assert names(tmp_path) == ["a"]


def test_many_may_replace_a_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a"
    contents = [bytes([number]) * 10_000 for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: replace_file(path, content), contents))
    assert path.read_bytes() in contents
    assert names(tmp_path) == ["a"]


def test_a_name_of_any_length(tmp_path: Path) -> None:
    path = tmp_path / ("ä" * 127)  # 254 bytes of the 255 that there may be
    replace_file(path, b"alt")
    with replacing(path) as file:
        file.write("neu")
    assert path.read_text() == "neu"


def test_what_is_not_put_in_place_goes(tmp_path: Path) -> None:
    with temporary_beside(tmp_path / "a") as temporary:
        temporary.write_bytes(b"x")
    assert names(tmp_path) == []
    with temporary_beside(tmp_path / "a") as temporary:
        temporary.write_bytes(b"x")
        put_in_place(temporary, tmp_path / "b")
    assert names(tmp_path) == ["b"]


def test_a_killed_process_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("alt")
    code = (
        "import pathlib, sys, time; from retrieval.files import replacing\n"
        "with replacing(pathlib.Path(sys.argv[1])) as file:\n"
        "    file.write('neu' * 10**5); file.flush(); print('written', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        process.send_signal(signal.SIGKILL)
    assert path.read_text() == "alt"
    (leftover,) = (name for name in names(tmp_path) if name != "a")
    remove_leftovers(tmp_path)
    assert names(tmp_path) == sorted(["a", leftover])  # it may be of a process that still writes
    os.utime(tmp_path / leftover, (time.time() - 7200, time.time() - 7200))
    (tmp_path / "b.tmp").touch()
    os.utime(tmp_path / "b.tmp", (time.time() - 7200, time.time() - 7200))
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ["a", "b.tmp"]
