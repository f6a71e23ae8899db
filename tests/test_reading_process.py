"""The process that reads files: what it may take, and what becomes of a file that ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.index_report import ArticleReport
from retrieval.loading.process import Worker
from retrieval.types import Document
from tests import samples

LONG = samples.pdf(["\n".join(samples.PARAGRAPHS * 100)] * 300)  # some seconds, on a fast machine too
SHORT = b"Ein kurzer Text."


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker(seconds=0.5)
    yield worker
    worker.close()


def reasons(worker: Worker, raw: bytes, name: str) -> list[str]:
    """Why the articles of a file were refused; "" for one that was read."""
    found = worker.read(raw, Path(name))
    return [entry.reason if isinstance(entry, ArticleReport) else "" for entry in found]


def test_a_file_that_takes_too_long(worker: Worker) -> None:
    started = time.perf_counter()
    assert reasons(worker, LONG, "a.pdf") == ["a.pdf dauerte länger als 0.5 s und wurde übergangen."]
    assert time.perf_counter() - started < 20
    assert reasons(worker, SHORT, "a.txt") == [""]


def test_a_file_that_takes_too_much_memory() -> None:
    worker = Worker(memory_bytes=200_000_000)
    try:
        assert reasons(worker, b"[" + b"[]," * 6_000_000 + b"[]]", "a.json") == [
            "a.json brauchte zu viel Speicher (erlaubt sind 200 MB)."
        ]
        assert reasons(worker, SHORT, "a.txt") == [""]
    finally:
        worker.close()


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (
            signal.SIGSEGV,
            f"Beim Lesen von a.pdf brach das Programm ab (Signal {signal.SIGSEGV:d}). "
            "Die Datei ist vermutlich beschädigt.",
        ),
        (signal.SIGKILL, "a.pdf brauchte zu viel Speicher (erlaubt sind 1600 MB)."),  # as the kernel does it
    ],
)
def test_a_process_that_ends_over_a_file(number: int, reason: str) -> None:
    worker = Worker()
    try:
        assert reasons(worker, SHORT, "a.txt") == [""]
        pid = worker.pid
        assert pid is not None
        timer = threading.Timer(0.2, os.kill, (pid, number))
        timer.start()
        assert reasons(worker, LONG, "a.pdf") == [reason]
        assert reasons(worker, SHORT, "a.txt") == [""]
        assert worker.pid != pid
    finally:
        worker.close()


def test_a_process_that_ends_between_two_files_is_not_missed(worker: Worker) -> None:
    assert reasons(worker, SHORT, "a.txt") == [""]
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
    assert reasons(worker, SHORT, "a.txt") == [""]


def test_members_that_end_it_stop_the_others_only_when_they_are_many(worker: Worker) -> None:
    raw = samples.zipped({"a.pdf": LONG, "b.txt": SHORT, "c.pdf": LONG, "d.txt": SHORT})
    late = "{} dauerte länger als 0.5 s und wurde übergangen."
    assert reasons(worker, raw, "a.zip") == [late.format("a.pdf"), "", late.format("c.pdf"), ""]
    raw = samples.zipped({f"{number}.pdf": LONG for number in range(5)} | {"x.txt": SHORT})
    *members, last = worker.read(raw, Path("a.zip"))
    assert len(members) == 3
    assert isinstance(last, ArticleReport) and last.path == "a.zip"
    assert last.reason.endswith("die übrigen wurden übergangen.")


def test_two_files_at_once_do_not_mix(worker: Worker) -> None:
    archives = [samples.zipped({f"{n}.txt": f"Text {archive}-{n}." for n in range(50)}) for archive in range(4)]
    texts: dict[int, list[str]] = {}

    def read(number: int) -> None:
        found = worker.read(archives[number], Path(f"{number}.zip"))
        texts[number] = [entry.text for entry in found if isinstance(entry, Document)]

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == {archive: [f"Text {archive}-{n}." for n in range(50)] for archive in range(4)}


def test_it_writes_no_file_and_loads_no_model(tmp_path: Path) -> None:
    code = """if True:
        import sys
        from retrieval.loading.worker import _limit
        _limit(1_600_000_000)
        heavy = {"torch", "faiss", "numpy", "sqlite3", "trafilatura", "pypdf", "lxml", "bot"}
        print(heavy & sys.modules.keys())
        try:
            with open(sys.argv[1], "w") as file:
                file.write("x")
        except OSError as error:
            print(error.strerror)
    """
    arguments = [sys.executable, "-c", code, str(tmp_path / "a")]
    assert subprocess.check_output(arguments, text=True) == "set()\nFile too large\n"


def test_it_does_not_know_the_settings(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNDSTELLE_TELEGRAM_TOKEN", "geheim")
    assert reasons(worker, SHORT, "a.txt") == [""]
    assert b"geheim" not in Path(f"/proc/{worker.pid}/environ").read_bytes()
