"""One writer at a time."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from retrieval.errors import StoreError
from retrieval.index_report import IndexOutcome
from retrieval.indexing.indexer import Indexer
from retrieval.language.sentences import SentenceSplitter
from retrieval.store.store import Store
from retrieval.store.writer_lock import LOCK_NAME
from retrieval.types import Document
from tests.collection import PERM, put
from tests.doubles import HashEmbedder

HOLDER = """
import signal, sys, time
from pathlib import Path
from retrieval.store.store import Store
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background inherit that it is ignored
with Store(Path(sys.argv[1])) as store, store.writing():
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def holder(home: Path, seconds: float) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", HOLDER, str(home), str(seconds)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_writer_says_who_is_at_it_and_gives_up(tmp_path: Path) -> None:
    notices: list[str] = []
    with holder(tmp_path, 60) as process, Store(tmp_path, lock_seconds=0.2, notify=notices.append) as store:
        indexer = Indexer(store, SentenceSplitter(), HashEmbedder())
        with pytest.raises(StoreError) as refused:
            indexer.index_documents([Document(PERM, path="/a")])
        who = rf"Der Prozess {process.pid} schreibt seit \d\d\.\d\d\.\d{{4}} \d\d:\d\d:\d\d in diese Sammlung\."
        assert re.fullmatch(rf"{who} Bitte später noch einmal\.", str(refused.value))
        (notice,) = notices
        assert re.fullmatch(rf"{who} Es wird bis zu 0\.2 Sekunden gewartet\.", notice)
        assert store.documents() == []  # reading does not wait
        process.kill()
        process.wait()
        # A dead process holds nothing, though its number still stands in the file.
        assert (tmp_path / LOCK_NAME).read_text().startswith(str(process.pid))
        report = indexer.index_documents([Document(PERM, path="/a")])
        assert report.count(IndexOutcome.ADDED) == 1


def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    notices: list[str] = []
    with holder(tmp_path, 0.5), Store(tmp_path, lock_seconds=30, notify=notices.append) as store, store.writing():
        assert (tmp_path / LOCK_NAME).read_text().split()[0] == str(os.getpid())
    assert len(notices) == 1


def test_who_holds_it_may_take_it_again(tmp_path: Path) -> None:
    with Store(tmp_path, lock_seconds=0) as store, Store(tmp_path, lock_seconds=0) as other:
        with store.writing(), store.writing(), pytest.raises(StoreError, match="Bitte später"), other.writing():
            pass
        with other.writing():
            pass


def test_threads_of_one_store_take_turns(tmp_path: Path) -> None:
    inside: list[int] = []
    together: list[int] = []

    def write(number: int) -> None:
        with store.writing():
            inside.append(number)
            time.sleep(0.02)
            together.append(len(inside))
            inside.remove(number)

    # However long it takes, none gives up.
    with Store(tmp_path, lock_seconds=0) as store, ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(12)))
    assert together == [1] * 12


def test_an_exception_lets_go(tmp_path: Path) -> None:
    with Store(tmp_path, lock_seconds=0) as store, Store(tmp_path, lock_seconds=0) as other:
        with pytest.raises(KeyError), store.writing(), store.writing():
            raise KeyError
        with other.writing():
            pass


def test_an_interrupted_writer_lets_go(tmp_path: Path) -> None:
    with holder(tmp_path, 60) as process:
        process.send_signal(signal.SIGINT)
    with Store(tmp_path, lock_seconds=0) as store, store.writing():
        put(store, PERM, "/a")


@pytest.mark.parametrize("content", ["", "x y", "1", "99 1e99", "7 99999999999999999999"])
def test_whatever_stands_in_the_file(tmp_path: Path, content: str) -> None:
    with Store(tmp_path) as store, store.writing(), Store(tmp_path, lock_seconds=0) as other:
        (tmp_path / LOCK_NAME).write_text(content)
        with pytest.raises(StoreError, match="Ein anderer Prozess schreibt in diese Sammlung"), other.writing():
            pass


def test_a_lock_file_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).mkdir()
    with Store(tmp_path) as store, pytest.raises(StoreError, match=LOCK_NAME), store.writing():
        pass
