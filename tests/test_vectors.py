from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

import retrieval.search.vector_index
from retrieval.errors import StoreError
from retrieval.search import ivf_index
from retrieval.search.index_file import IndexState, index_file, publish
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.store.store import Store
from tests.collection import BREST, PERM, as_nobody, let_read, put
from tests.doubles import HashEmbedder
from tests.test_vector_search import assert_right

MISSING = "Der Vektorindex fehlte und wurde aus der Datenbank neu aufgebaut."
DAMAGED = "Der Vektorindex war beschädigt und wurde aus der Datenbank neu aufgebaut."
FOREIGN = (
    "Der Vektorindex gehörte zu einem anderen Modell oder einer anderen Datenbank "
    "und wurde aus der Datenbank neu aufgebaut."
)


def vector(text: str) -> NDArray[np.float32]:
    return HashEmbedder().embed_questions([text])[0]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Sentences 1 to 3 and 4 to 5, and their index on disk."""
    with Store(tmp_path / "home") as store:
        put(store, PERM, "/perm")
        put(store, BREST, "/brest")
        FaissVectorIndex(store, recent_rows=0).load()
        yield store


def opened(store: Store) -> tuple[FaissVectorIndex, list[str]]:
    notices: list[str] = []
    index = FaissVectorIndex(store, notices.append, recent_rows=0)
    index.load()
    return index, notices


def state_of(store: Store) -> IndexState:
    return index_file(store, recent_rows=0).state


def files(store: Store) -> list[str]:
    return sorted(path.name for path in store.home.glob("vectors*"))


def the_file(store: Store) -> Path:
    (path,) = store.home.glob("vectors-*.faiss")
    return path


def test_an_empty_store_has_no_file(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert opened(store)[1] == []
        assert files(store) == []


def test_the_files_describe_the_index(store: Store) -> None:
    manifest = json.loads((store.home / "vectors.json").read_text())
    assert manifest.pop("sha256").startswith(the_file(store).stem.removeprefix("vectors-"))
    assert manifest == {
        "file": the_file(store).name,
        "embedder": "hash-64",
        "dimension": 64,
        "rows": 5,
        "trained": 5,
        "highest": 5,
        "removals": 0,
        "generation": 2,
        "identity": store.identity,
    }
    assert state_of(store) is IndexState.CURRENT
    before = {path: path.stat().st_mtime_ns for path in store.home.glob("vectors*")}
    opened(store)
    assert {path: path.stat().st_mtime_ns for path in store.home.glob("vectors*")} == before


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x10
    path.write_bytes(data)


@pytest.mark.parametrize("place", [0, 5, 20, 60, 100, 200, 500, 1000, -1, -9, -40])
def test_flipped_bytes(store: Store, place: int) -> None:
    flip(the_file(store), place)
    index, notices = opened(store)
    assert notices == [DAMAGED]
    assert_right(index, store)
    assert opened(store)[1] == []


@pytest.mark.parametrize("size", [0, 1, 40, 500, -1])
def test_truncation(store: Store, size: int) -> None:
    path = the_file(store)
    path.write_bytes(path.read_bytes()[:size])
    index, notices = opened(store)
    assert notices == [DAMAGED]
    assert_right(index, store)


def test_flipped_bytes_of_the_manifest(store: Store) -> None:
    path = store.home / "vectors.json"
    whole = path.read_bytes()
    for place in range(0, len(whole), 4):
        path.write_bytes(whole)
        flip(path, place)
        index, notices = opened(store)
        # White space in JSON and a lower generation do no harm; everything else is noticed.
        assert notices in ([DAMAGED], [FOREIGN], [MISSING], [])
        assert_right(index, store)
        assert state_of(store) is IndexState.CURRENT or whole[place : place + 1].isspace()


@pytest.mark.parametrize(
    ("change", "notice"),
    [
        ({"rows": 4}, DAMAGED),
        ({"dimension": 32}, DAMAGED),
        ({"sha256": "0" * 64}, DAMAGED),
        ({"file": 5}, DAMAGED),
        ({"more": 1}, DAMAGED),
        ({"embedder": "other-64"}, FOREIGN),
        ({"identity": "0"}, FOREIGN),
        ({"generation": 9}, FOREIGN),
        ({"file": "vectors-none.faiss"}, MISSING),
    ],
)
def test_a_manifest_that_does_not_match(store: Store, change: dict[str, object], notice: str) -> None:
    path = store.home / "vectors.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    index, notices = opened(store)
    assert notices == [notice]
    assert_right(index, store)


@pytest.mark.parametrize(
    ("remove", "notice"),
    [(["vectors.json"], DAMAGED), (["*.faiss"], MISSING), (["vectors.json", "*.faiss"], MISSING)],
)
def test_missing_files(store: Store, remove: list[str], notice: str) -> None:
    for pattern in remove:
        for path in store.home.glob(pattern):
            path.unlink()
    index, notices = opened(store)
    assert notices == [notice]
    assert_right(index, store)
    assert len(files(store)) == 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: faiss.IndexFlatIP(64),  # no ids
        lambda: with_rows([1, 2, 3, 4, 6]),  # ids that the store has not
        lambda: with_rows([1, 2, 3, 4]),  # one too few
    ],
)
def test_an_index_with_wrong_rows_and_a_right_checksum(store: Store, make: Callable[[], faiss.Index]) -> None:
    import hashlib

    index = make()
    faiss.write_index(index, str(the_file(store)))
    path = store.home / "vectors.json"
    manifest = json.loads(path.read_text())
    manifest |= {"sha256": hashlib.sha256(the_file(store).read_bytes()).hexdigest(), "rows": index.ntotal}
    path.write_text(json.dumps(manifest))
    rebuilt, notices = opened(store)
    assert notices == [DAMAGED]
    assert_right(rebuilt, store)


def with_rows(ids: list[int]) -> faiss.Index:
    index = faiss.IndexIDMap2(faiss.IndexFlatIP(64))
    index.add_with_ids(np.eye(64, dtype=np.float32)[: len(ids)], np.array(ids, dtype=np.int64))
    return index


def test_another_database_in_the_same_place(store: Store) -> None:
    store.close()
    for path in store.home.glob("fundstelle.db*"):
        path.unlink()
    with Store(store.home) as new:
        put(new, BREST, "/perm")
        put(new, PERM, "/other")  # the same generation, the same ids, other vectors
        index, notices = opened(new)
        assert notices == [FOREIGN]
        assert_right(index, new)


def test_a_file_that_is_behind_is_brought_up_without_a_word(store: Store) -> None:
    put(store, "Neu ist der Flughafen in Gomel.", "/neu")
    put(store, "Etwas anderes.", "/perm")
    assert state_of(store) is IndexState.BEHIND
    index, notices = opened(store)
    assert_right(index, store)
    assert notices == []
    assert state_of(store) is IndexState.CURRENT
    assert len(files(store)) == 2


def test_a_file_of_another_embedder_is_built_anew(store: Store) -> None:
    with store.change() as connection:
        store.set_meta(connection, "embedder_signature", "other-64")
    assert opened(store)[1] == [FOREIGN]


def test_leftovers_of_killed_processes_are_swept(store: Store) -> None:
    old, fresh = store.home / ".fundstelle-1.tmp", store.home / ".fundstelle-2.tmp"
    old.touch()
    fresh.touch()
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    put(store, "Neu.", "/neu")
    opened(store)
    assert not old.exists() and fresh.exists()


def test_only_one_process_saves_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = []

    def meanwhile(home: Path, *arguments: Any) -> object:
        with Store(home, busy_timeout=0) as other, pytest.raises(StoreError) as refused, other.database.transaction():
            pass
        refusals.append(str(refused.value))
        return publish(home, *arguments)

    monkeypatch.setattr(retrieval.search.vector_index, "publish", meanwhile)
    put(store, "Neu.", "/neu")
    assert opened(store)[1] == []
    assert len(refusals) == 1 and "von einem anderen Prozess" in refusals[0]


def test_an_index_that_cannot_be_saved_stays_in_memory(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    flip(the_file(store), 300)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    index, notices = opened(store)
    assert notices[0].startswith("Der Vektorindex konnte nicht gespeichert werden")
    assert notices[1:] == [DAMAGED]
    assert_right(index, store)


def searches(home: Path) -> None:
    with Store(home) as store:
        index, notices = opened(store)
        assert notices == [DAMAGED]
        assert_right(index, store)


def test_a_home_that_can_only_be_read_is_searched_in_memory() -> None:
    home = Path(tempfile.mkdtemp())
    home.chmod(0o755)
    with Store(home) as store:
        put(store, PERM, "/perm")
        FaissVectorIndex(store, recent_rows=0).load()
        put(store, BREST, "/brest")
    flip(next(home.glob("*.faiss")), 300)
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    let_read(home)

    try:
        assert as_nobody(searches, home) == 0
        assert {path.name: path.read_bytes() for path in home.iterdir()} == before
    finally:
        home.chmod(0o755)
        shutil.rmtree(home)


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """200 sentences, in an index file that is trained well enough to be extended."""
    monkeypatch.setattr(ivf_index, "TRAINING_ROWS", 100)
    with Store(tmp_path / "home") as store:
        for i in range(40):
            put(store, "\n".join(f"Satz{i}x{j} steht in Artikel{i}." for j in range(5)), f"/{i}")
        FaissVectorIndex(store, recent_rows=20).load()
        yield store


def test_few_changes_leave_the_file_alone(large: Store) -> None:
    before = the_file(large).read_bytes()
    put(large, "Neu ist der Flughafen.", "/neu")
    large.remove(1)
    index = FaissVectorIndex(large, recent_rows=20)
    index.load()
    assert (len(index), the_file(large).read_bytes()) == (196, before)
    assert index_file(large, recent_rows=20).state is IndexState.CURRENT
    assert index.search(vector("Flughafen"), 1)[0][0] == 201
    assert not {1, 2, 3, 4, 5} & {hit for hit, _ in index.search(vector("Satz0x0 Artikel0"), 300)}
    assert len(index.search(vector("Perm"), 300)) == 196


def test_many_changes_extend_the_file(large: Store) -> None:
    old = the_file(large)
    for i in range(5):
        put(large, "\n".join(f"Neu{i}x{j} ist hier." for j in range(5)), f"/neu{i}")
        large.remove(i + 1)
    assert index_file(large, recent_rows=20).state is IndexState.BEHIND
    steps: list[tuple[int, int]] = []
    index = FaissVectorIndex(large, recent_rows=20)
    index.load(lambda *step: steps.append(step))
    assert steps == [(200, 200)]  # the 25 new ones, in one block, after the 175 that were there
    assert (len(index), the_file(large) != old, len(files(large))) == (200, True, 2)
    assert index_file(large, recent_rows=20).state is IndexState.CURRENT
    found = index.search(vector("Neu3x3"), 200)
    assert sorted(hit for hit, _ in found) == large.sentence_ids().tolist()


def test_a_collection_that_has_shrunk_needs_no_file(large: Store) -> None:
    for i in range(38):
        large.remove(i + 1)
    index = FaissVectorIndex(large, recent_rows=20)
    index.load()
    assert (len(index), files(large)) == (10, [])


def test_a_log_that_has_lost_entries_is_noticed(large: Store) -> None:
    large.remove(3)
    with large.database.transaction() as connection:
        connection.execute("DELETE FROM removed_sentences WHERE sentence_id = 12")
    notices: list[str] = []
    index = FaissVectorIndex(large, notices.append, recent_rows=20)
    index.load()
    assert (len(index), notices) == (195, [DAMAGED])


def test_only_some_sentences_count(large: Store) -> None:
    put(large, "Neu ist der Flughafen.", "/neu")
    large.remove(2)
    index = FaissVectorIndex(large, recent_rows=20)
    among = np.array([1, 5, 6, 7, 100, 201], dtype=np.int64)  # 6 and 7 are gone
    assert sorted(hit for hit, _ in index.nearest(vector("Satz0x0"), 300, among)) == [1, 5, 100, 201]


def test_the_file_is_not_written_by_a_question(large: Store) -> None:
    index = FaissVectorIndex(large, recent_rows=20)
    index.load()
    before = the_file(large)
    put(large, "\n".join(f"Neu{j} ist hier." for j in range(30)), "/neu")
    assert index.search(vector("Neu7"), 1)[0][0] > 200
    assert the_file(large) == before
