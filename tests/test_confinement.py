"""What the process that reads files may do, whatever a file makes of it; and what becomes of a file that breaks it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from retrieval.index_report import ArticleReport
from retrieval.loading.confinement import Lock, available
from retrieval.loading.files import search_files
from retrieval.loading.process import ENVIRONMENT, Worker
from retrieval.loading.process_answers import member_names
from retrieval.types import Document
from tests import samples
from tests.command_line import fundstelle
from tests.test_hostile_files import WHOLE

SHORT = b"Ein kurzer Text."
BEGIN = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from retrieval.loading import worker\n"
RUN = "\nworker.main(int(sys.argv[2]), float(sys.argv[3]))\n"

needs_landlock = pytest.mark.skipif(Lock.LANDLOCK not in available(), reason="the kernel has no Landlock")
needs_seccomp = pytest.mark.skipif(Lock.SECCOMP not in available(), reason="the kernel has no seccomp")


def program(code: str) -> str:
    """A reading process that has been taken over: ``code`` stands where the program's own would run."""
    return BEGIN + textwrap.dedent(code) + RUN


@contextmanager
def worker_that(code: str, **more: float) -> Iterator[Worker]:
    worker = Worker(program=program(code), **more)  # type: ignore[arg-type]
    try:
        yield worker
    finally:
        worker.close()


def read(worker: Worker, raw: bytes = SHORT, name: str = "a.txt") -> list[str]:
    """The texts of a file's articles, or why they were refused."""
    found = worker.read(raw, Path(name))
    return [entry.reason if isinstance(entry, ArticleReport) else entry.text for entry in found]  # type: ignore[union-attr]


# What it may do

TRIES = """
def tries(target, parent):
    import ctypes, os, shutil, signal, socket, subprocess, tempfile
    def write(): open(target, "w")
    def append(): open(target, "a").write("x")
    def shorten(): os.truncate(target, 0)
    def unlink(): os.unlink(target)
    def rename(): os.rename(target, target + "2")
    def link(): os.link(target, target + "2")
    def symlink(): os.symlink(target, target + "2")
    def make(): os.mkdir(target + "2")
    def chmod(): os.chmod(target, 0o777)
    def pipe(): os.mkfifo(target + "2")
    def temporary(): tempfile.NamedTemporaryFile()
    def internet(): socket.socket()
    def unix(): socket.socket(socket.AF_UNIX)
    def pair(): socket.socketpair()
    def run(): subprocess.run(["/bin/true"])
    def signal_parent(): os.kill(parent, 0)
    def memory(): ctypes.CDLL(None, use_errno=True).ptrace(16, parent, 0, 0) and refuse()
    def refuse(): raise PermissionError
    def read_file(): open(target).read()
    def list_folder(): os.listdir(os.path.dirname(target))
    def read_environment(): open(f"/proc/{parent}/environ", "rb").read()
    def read_memory(): open(f"/proc/{parent}/mem", "rb")
    def read_passwords(): open("/etc/passwd").read()
    done = []
    for action in list(locals().values()):
        if callable(action) and action is not refuse:
            try:
                action()
                done.append(action.__name__)
            except (PermissionError, FileNotFoundError, OSError) as error:
                if isinstance(error, FileNotFoundError) and action.__name__ != "temporary": raise
    return done
"""
READS = {"read_file", "list_folder", "read_environment", "read_memory", "read_passwords"}


def what_works(home: Path, locks: str) -> set[str]:
    """What a process with these locks can still do, of what it should not."""
    target = home / "article.txt"
    target.write_text("Inhalt")
    code = (
        """if True:
        import os, resource, sys
        from retrieval.loading import confinement
        from retrieval.loading.worker import _limit
    """
        + textwrap.indent(TRIES, "        ")
        + f"""
        _limit(1_600_000_000)
        if {locks!r} == "seccomp":
            confinement._landlock_version = lambda: 0
        if {locks!r} == "landlock":
            confinement._MACHINES.clear()
        held = confinement.confine()
        assert held == set({locks!r}.split()) if {locks!r} != "both" else len(held) == 2, held
        print(*tries({str(target)!r}, os.getppid()))
    """
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert target.read_text() == "Inhalt"
    assert [path.name for path in home.iterdir()] == ["article.txt"]
    return set(result.stdout.split())


@needs_landlock
@needs_seccomp
def test_with_both_locks_nothing_of_the_machine_can_be_reached(tmp_path: Path) -> None:
    assert what_works(tmp_path, "both") == set()


@needs_seccomp
def test_seccomp_alone_refuses_all_but_reading(tmp_path: Path) -> None:
    # Where programs may be started (to read scanned pages), only Landlock can say which ones, and whom they end.
    assert what_works(tmp_path, "seccomp") <= READS | {"run", "signal_parent"}


@needs_landlock
def test_landlock_alone_closes_the_disk_and_other_processes(tmp_path: Path) -> None:
    assert what_works(tmp_path, "landlock") <= {"internet", "unix", "pair", "signal_parent", "chmod"}


@needs_landlock
@needs_seccomp
def test_the_process_that_reads_is_confined(tmp_path: Path) -> None:
    target = tmp_path / "article.txt"
    target.write_text("Inhalt")
    hostile = (
        TRIES
        + f"""
from retrieval.loading.parsed import Refused
def read_documents(raw, name):
    import os
    yield Refused(" ".join(tries({str(target)!r}, os.getppid())) or "nichts")
worker.read_documents = read_documents
"""
    )
    worker = Worker(program=BEGIN + hostile + RUN)
    try:
        assert read(worker) == ["nichts"]
    finally:
        worker.close()


def test_it_is_told_a_few_names_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FUNDSTELLE_TELEGRAM_TOKEN", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY", "HOME"):
        monkeypatch.setenv(name, "geheim")
    worker = Worker()
    try:
        read(worker)
        raw = Path(f"/proc/{worker.pid}/environ").read_bytes()
    finally:
        worker.close()
    assert b"geheim" not in raw
    assert {item.split(b"=")[0].decode() for item in raw.split(b"\0") if item} <= ENVIRONMENT


@pytest.mark.parametrize("locks", ["all there are", "none"])
def test_every_kind_of_file_is_read_with_and_without_locks(locks: str) -> None:
    with worker_that("worker.confine = lambda: frozenset()" if locks == "none" else "") as worker:
        for name, raw in WHOLE.items():
            found = list(worker.read(raw, Path(name)))
            assert any(isinstance(entry, Document) for entry in found), (name, found)
            assert not any(isinstance(entry, ArticleReport) for entry in found), (name, found)


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_scanned_pages_can_be_read_under_the_locks(tmp_path: Path) -> None:
    image = Image.new("L", (700, 120), 255)
    ImageDraw.Draw(image).text((20, 30), "Hallo 2024", fill=0, font_size=60)
    page = tmp_path / "page.png"
    image.save(page)
    code = """if True:
        import subprocess, sys
        from retrieval.loading.confinement import confine
        from retrieval.loading.worker import _limit
        raw = sys.stdin.buffer.read()
        _limit(1_600_000_000)
        confine()
        run = subprocess.run(["tesseract", "stdin", "stdout"], input=raw, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL)
        print(run.returncode, run.stdout.decode())
        try:
            subprocess.run(["tesseract", "stdin", "stdout"], input=raw, capture_output=True, timeout=0.001)
        except subprocess.TimeoutExpired:
            print("ended")
    """
    output = subprocess.check_output([sys.executable, "-c", code], input=page.read_bytes(), timeout=60).decode()
    assert output.split() == ["0", "Hallo", "2024", "ended"]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone can do that")
def test_a_secret_can_be_hidden_from_other_processes() -> None:
    code = """if True:
        import ctypes, subprocess, sys
        from retrieval.loading.confinement import hide_memory
        get_dumpable = 3
        print(ctypes.CDLL(None).prctl(get_dumpable, 0, 0, 0, 0))
        hide_memory()
        print(ctypes.CDLL(None).prctl(get_dumpable, 0, 0, 0, 0))
        # Itself it goes on as before, and its children can be looked into.
        print(len(open("/proc/self/status").read()) > 0)
        print(subprocess.check_output([sys.executable, "-c", "print('child')"], text=True))
    """
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["1", "0", "True", "child"]


def test_status_says_where_a_lock_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = str(tmp_path / "home")
    expected = sorted(str(lock) for lock in available())
    assert json.loads(fundstelle("status", "--json", "--home", home).stdout)["locks"] == expected
    if len(expected) == len(Lock):
        assert "Landlock" not in fundstelle("status", "--home", home).stdout
    monkeypatch.setattr("bot.status.available", lambda: frozenset({Lock.SECCOMP}))
    shown = " ".join(fundstelle("status", "--home", home).stdout.split())
    assert "ohne Landlock" in shown and "seccomp" not in shown


# What becomes of a file that breaks it


@pytest.mark.parametrize(
    "code",
    [
        "worker.asdict = lambda document: sys.exit(3)",
        "worker.main = lambda *a: (sys.stdin.readline(), print('{\"article', end='', flush=True))",
        "worker.main = lambda *a: (sys.stdin.readline(), print('{\"done\": true', end='', flush=True))",
        "worker.main = lambda *a: (sys.stdin.readline(), print('nothing', flush=True), sys.stdin.read())",
        "worker.main = lambda *a: (sys.stdin.readline(), print('[]', flush=True), sys.stdin.read())",
        "worker.main = lambda *a: (sys.stdin.readline(), print('[' * 100_000, flush=True), sys.stdin.read())",
        'worker.main = lambda *a: (sys.stdin.readline(), print(\'{"article": 7}\\n{"done": 1}\', flush=True))',
        'worker.main = lambda *a: (sys.stdin.readline(), print(\'{"members": [7]}\\n{"done": 1}\', flush=True))',
        'worker.main = lambda *a: (sys.stdin.readline(), print(\'{"refused": 7}\\n{"done": 1}\', flush=True))',
        "worker.main = lambda *a: sys.stdin.close()",
    ],
)
def test_half_an_answer_is_one_failed_file(code: str) -> None:
    with worker_that(code) as worker:
        (reason,) = read(worker)
        assert "a.txt" in reason, reason


def test_after_a_broken_answer_the_next_file_is_read(tmp_path: Path) -> None:
    mark = tmp_path / "broken"
    mark.touch()
    code = f"""
    import os
    if os.path.exists({str(mark)!r}):
        worker.main = lambda *a: (sys.stdin.readline(), print('{{"article', end='', flush=True))
    """
    with worker_that(code) as worker:
        assert "a.txt" in read(worker)[0]
        mark.unlink()
        assert read(worker) == ["Ein kurzer Text."]


def test_a_process_that_hangs_with_its_alarm_off_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.loading.process._GRACE_SECONDS", 0.2)
    code = "import signal, time; worker.main = lambda *a: time.sleep(60)"
    with worker_that(code, seconds=0.3) as worker:
        started = time.monotonic()
        assert read(worker) == ["a.txt dauerte länger als 0.3 s und wurde übergangen."]
        assert time.monotonic() - started < 10


@pytest.mark.parametrize("write", ["sys.stdout.write('x' * 100_000)", "print('{\"log\": \"x\"}' + ' ' * 50_000)"])
def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch, write: str) -> None:
    monkeypatch.setattr("retrieval.loading.process.ANSWER_BYTES", 1_000_000)
    code = f"""
    def main(*a):
        sys.stdin.readline()
        while True:
            {write}
    worker.main = main
    """
    with worker_that(code) as worker:
        assert read(worker) == ["a.txt enthält mehr als 1 MB Text und wurde übergangen."]


def test_a_file_has_so_much_time_in_all_its_members() -> None:
    raw = samples.zipped({f"{number:03}.txt": SHORT for number in range(200)})
    slow = """
    import time
    answer = worker.read_documents
    worker.read_documents = lambda raw, name: (time.sleep(0.05), answer(raw, name))[1]
    """
    with worker_that(slow, file_seconds=1.5) as worker:
        read(worker)  # the process is there: its start does not count
        found = read(worker, raw, "a.zip")
    assert 2 <= len(found) < 50
    assert found[-1] == (
        "Das Lesen dauerte insgesamt länger als 1.5 s; die übrigen Dateien im Archiv wurden übergangen."
    )


# Files in archives


LOOK_ALIKE: list[tuple[str, Callable[[], list[str]]]] = [
    ("composed", lambda: [unicodedata.normalize(form, "Größe/Übung.txt") for form in ("NFC", "NFD")]),
    ("case", lambda: ["Bericht.txt", "bericht.txt", "BERICHT.TXT"]),
    ("separators", lambda: ["a/b.txt", "a\\b.txt", "a∕b.txt", "a／b.txt", "a//b.txt", "a/./b.txt"]),
    ("blanks", lambda: ["a b.txt", "a  b.txt", "a\u00a0b.txt", "a\tb.txt", "a b.txt "[:-1] + "\u200b.txt"]),
    ("signs that are not shown", lambda: ["ab.txt", "a\u202eb.txt", "a\u2066b.txt", "a\x07b.txt"]),
    ("long", lambda: ["x" * 600 + f"{number}.txt" for number in range(3)]),
    ("scripts", lambda: ["paper.txt", "р\u0430per.txt"]),
]


@pytest.fixture(scope="module")
def plain() -> Iterator[Worker]:
    with worker_that("") as worker:
        yield worker


def texts_by_path(worker: Worker, contents: dict[str, str]) -> dict[str, str]:
    found = worker.read(samples.zipped(contents), Path("a.zip"))
    return {entry.path: entry.text for entry in found if isinstance(entry, Document)}


@pytest.mark.parametrize(("kind", "names"), LOOK_ALIKE, ids=[kind for kind, _ in LOOK_ALIKE])
def test_members_with_names_that_look_alike_stay_apart(
    plain: Worker, kind: str, names: Callable[[], list[str]]
) -> None:
    contents = {name: f"Text Nummer {number}." for number, name in enumerate(names())}
    found = texts_by_path(plain, contents)
    assert sorted(found.values()) == sorted(contents.values())
    assert all(path.isprintable() for path in found)
    # Whatever the order in the archive, an article keeps its path.
    assert texts_by_path(plain, dict(reversed(contents.items()))) == found


def test_a_member_s_name_stays_what_it_is_where_nothing_looks_like_it() -> None:
    assert member_names(["a.txt", "b/Größe.txt"]) == {"a.txt": "a.txt", "b/Größe.txt": "b/Größe.txt"}


# Links in folders


def test_links_in_a_folder_stay_inside(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "articles", tmp_path / "elsewhere"
    for path in (folder / "inner", elsewhere, tmp_path / "articles2"):
        path.mkdir(parents=True)
        (path / "text.txt").write_text("Ein Text.")
    for number, target in enumerate(
        [
            elsewhere / "text.txt",
            tmp_path / "articles2" / "text.txt",
            Path("../elsewhere/text.txt"),
            Path("/etc/hostname"),
        ]
    ):
        (folder / f"out{number}.txt").symlink_to(target)
    (folder / "twice.txt").symlink_to(folder / "out0.txt")
    (folder / "inside.txt").symlink_to("inner/text.txt")
    (folder / "gone.txt").symlink_to("nowhere.txt")  # loading it says so
    (folder / "folder").symlink_to(elsewhere)
    (tmp_path / "linked").symlink_to(folder)
    for root in (folder, tmp_path / "linked"):
        found = search_files([root])
        assert [str(file.relative_to(root)) for file in found.files] == ["gone.txt", "inner/text.txt", "inside.txt"]
        assert sorted(Path(part.path).name for part in found.unread) == [
            *(f"out{n}.txt" for n in range(4)),
            "twice.txt",
        ]
    # A link that is named itself is meant.
    assert search_files([folder / "out0.txt"]).files == [folder / "out0.txt"]
