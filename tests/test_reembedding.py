from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.backend import open_backend
from retrieval.errors import ModelError, StoreError
from retrieval.indexing.reembedding import match_embedder
from retrieval.store.store import Store
from tests.collection import PERM, as_nobody, let_read, put
from tests.doubles import HashEmbedder

LONG = "\n".join(f"Satz Nummer {i} steht hier." for i in range(1200))


class Rolled(HashEmbedder):
    """Another embedder: other vectors, another signature. Fails after ``limit`` texts."""

    def __init__(self, limit: int = 1_000_000) -> None:
        super().__init__("rolled")
        self.embedded = 0
        self._limit = limit

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += len(texts)
        if self.embedded > self._limit:
            raise ModelError("kaputt")
        return np.roll(super().embed_texts(texts), 1, axis=1)


@pytest.fixture
def store(empty_store: Store) -> Store:
    return filled(empty_store)


def filled(store: Store) -> Store:
    put(store, LONG, "/long")
    put(store, PERM, "/perm")
    return store


def vectors(store: Store) -> NDArray[np.float32]:
    return np.concatenate([block for _, block in store.all_vectors()])


def unexpected(notice: str) -> None:
    raise AssertionError(notice)


def test_nothing_to_do(empty_store: Store) -> None:
    assert not match_embedder(empty_store, HashEmbedder(), notify=unexpected)
    store = filled(empty_store)
    generation = store.generation
    assert not match_embedder(store, HashEmbedder(), notify=unexpected)
    assert store.generation == generation


def test_all_sentences_are_embedded_again(store: Store) -> None:
    before, generation = vectors(store), store.generation
    notices: list[str] = []
    steps: list[tuple[int, int]] = []
    assert match_embedder(store, Rolled(), notify=notices.append, progress=lambda *step: steps.append(step))
    np.testing.assert_array_equal(vectors(store), np.roll(before, 1, axis=1))
    assert (store.embedder_signature, store.generation) == ("rolled-64", generation + 1)
    assert steps == [(512, 1203), (1024, 1203), (1203, 1203)]
    assert notices == [
        "Ein anderes Vektormodell ist eingestellt (rolled-64): Die Sammlung wird darauf umgestellt (1203 Sätze)."
    ]
    assert store.database.rows("SELECT count(*) FROM staged_vectors") == [(0,)]


def test_interrupted_it_goes_on_where_it_was(store: Store) -> None:
    before = vectors(store)
    with pytest.raises(ModelError):
        match_embedder(store, Rolled(limit=1100), notify=lambda notice: None)
    np.testing.assert_array_equal(vectors(store), before)  # the old ones, all of them
    assert store.embedder_signature == "hash-64"
    put(store, "Dazugekommen ist dieser Satz.", "/neu")
    rest = Rolled()
    assert match_embedder(store, rest, notify=lambda notice: None)
    assert rest.embedded == 1204 - 1024
    np.testing.assert_array_equal(vectors(store)[:1203], np.roll(before, 1, axis=1))


def test_back_to_the_old_one_in_the_middle(store: Store) -> None:
    before = vectors(store)
    with pytest.raises(ModelError):
        match_embedder(store, Rolled(limit=600), notify=lambda notice: None)
    assert not match_embedder(store, HashEmbedder(), notify=unexpected)
    third = HashEmbedder("third")
    match_embedder(store, third, notify=lambda notice: None)
    np.testing.assert_array_equal(vectors(store), before)
    assert store.embedder_signature == "third-64"


def test_an_article_added_in_the_last_moment_is_embedded_too(store: Store) -> None:
    def add(done: int, total: int) -> None:
        if done == total and store.article_count() == 2:
            put(store, "Gerade noch dazugekommen.", "/neu")

    match_embedder(store, Rolled(), notify=lambda notice: None, progress=add)
    expected = np.roll(HashEmbedder().embed_texts(["Gerade noch dazugekommen."]), 1, axis=1)
    np.testing.assert_allclose(vectors(store)[-1:], expected, atol=1e-3)


def test_two_processes_with_the_same_new_embedder(store: Store, database_url: str) -> None:
    before = vectors(store)

    def other_process(done: int, total: int) -> None:
        with open_backend(store.home, database_url).store as other:
            match_embedder(other, Rolled(), notify=lambda notice: None)

    assert match_embedder(store, Rolled(), notify=lambda notice: None, progress=other_process)
    np.testing.assert_array_equal(vectors(store), np.roll(before, 1, axis=1))


def test_two_processes_with_different_new_embedders(store: Store, database_url: str) -> None:
    def other_process(done: int, total: int) -> None:
        with open_backend(store.home, database_url).store as other:
            match_embedder(other, HashEmbedder("third"), notify=lambda notice: None)

    with pytest.raises(StoreError, match="auf ein anderes Vektormodell um"):
        match_embedder(store, Rolled(), notify=lambda notice: None, progress=other_process)
    assert store.embedder_signature == "third-64"


def refused(home: Path) -> None:
    with Store(home) as store, pytest.raises(StoreError, match=r"\(hash-64\) und ist schreibgeschützt"):
        match_embedder(store, Rolled(), notify=unexpected)


def test_a_home_that_can_only_be_read() -> None:
    home = Path(tempfile.mkdtemp())
    with Store(home) as store:
        put(store, PERM, "/perm")
    let_read(home)

    try:
        assert as_nobody(refused, home) == 0
    finally:
        home.chmod(0o755)
        shutil.rmtree(home)


CHILD = """
import sys
from pathlib import Path
from retrieval.backend import open_backend
from retrieval.indexing.reembedding import match_embedder
from tests.test_reembedding import Rolled
store = open_backend(Path(sys.argv[1]), sys.argv[2]).store
match_embedder(store, Rolled(), notify=print, progress=lambda *step: print(step, flush=True))
print("changed over", flush=True)
"""


def test_kill_9_in_the_middle_is_repaired_by_the_next_start(store: Store, database_url: str) -> None:
    before = vectors(store)
    command = [sys.executable, "-c", CHILD, str(store.home), database_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() and child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read()
    if "changed over" not in rest:
        assert store.embedder_signature in ("hash-64", "rolled-64")
    embedder = Rolled()
    match_embedder(store, embedder, notify=lambda notice: None)
    assert embedder.embedded <= 1203 - 512
    np.testing.assert_array_equal(vectors(store), np.roll(before, 1, axis=1))
