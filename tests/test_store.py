from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.backend import backend_of, open_backend
from retrieval.errors import StoreError
from retrieval.index_report import ArticleReport, IndexOutcome
from retrieval.language.compounds import all_terms
from retrieval.store.rows import to_blobs, to_vectors
from retrieval.store.schema import SCHEMA_VERSION
from retrieval.store.store import DATABASE_NAME, Store
from retrieval.types import Document, Passage, Segments
from tests.collection import BREST, PERM, as_nobody, let_read, passages_of, put, sentences_of
from tests.doubles import HashEmbedder


@pytest.fixture
def store(empty_store: Store) -> Store:
    return empty_store


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "home") as store:
        yield store


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that other users can reach, which pytest's are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def count(store: Store, table: str) -> int:
    return int(store.database.rows(f"SELECT count(*) FROM {table}")[0][0])


def test_articles_of_one_file(store: Store) -> None:
    paths = ["/a_b.zip", "/a_b.zip#1", "/a_b.zip#c/d.txt#2", "/a_b.zip$", "/a_b.zip.txt", "/aXb.zip#1", "/A_B.zip#1"]
    ids = {path: put(store, f"Ein Satz Nummer{number}.", path).document_id for number, path in enumerate(paths)}
    assert store.ids_below("/a_b.zip") == {path: ids[path] for path in paths[:3]}
    assert store.ids_below("/weg.zip") == {}


def test_an_article_comes_back_as_it_was_put(store: Store) -> None:
    stored = put(store, PERM, "/a/perm.txt", title="Perm", source="BelTA", url="https://x.by/1", published="2024-05-17")
    assert stored.report == ArticleReport("/a/perm.txt", IndexOutcome.ADDED)
    document = store.document(stored.document_id)
    assert document == Document(
        PERM, "Perm", "BelTA", url="https://x.by/1", published="2024-05-17", path="/a/perm.txt", id=1
    )
    assert store.documents() == [document]
    assert (store.article_count(), store.sentence_count()) == (1, 3)
    first, second = passages_of(PERM, sentences_of(PERM))
    assert store.passages([2, 1, 99]) == {
        1: replace(first, id=1, document_id=1),
        2: replace(second, id=2, document_id=1),
    }
    assert store.passages_of_sentences([1, 2, 3, 99]) == {1: [1], 2: [1, 2], 3: [2]}


def test_vectors_come_back_as_unit_rows(store: Store) -> None:
    put(store, PERM, "/perm")
    put(store, BREST, "/brest")
    expected = HashEmbedder().embed_texts([s.text for text in (PERM, BREST) for s in sentences_of(text)])
    blocks = list(store.all_vectors(block=2))
    assert [ids.tolist() for ids, _ in blocks] == [[1, 2], [3, 4], [5]]
    vectors = np.concatenate([vectors for _, vectors in blocks])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, expected, atol=5e-4)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    of_passages = store.sentence_vectors([1, 3, 99])
    assert of_passages.keys() == {1, 3}
    np.testing.assert_array_equal(of_passages[1], vectors[0:2])
    np.testing.assert_array_equal(of_passages[3], vectors[3:5])
    assert [ids.tolist() for ids, _ in store.all_vectors(after=3)] == [[4, 5]]
    assert store.sentence_ids().tolist() == [1, 2, 3, 4, 5]


def test_float16_changes_a_cosine_by_less_than_a_thousandth() -> None:
    rows = np.random.default_rng(0).normal(size=(500, 384)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    kept = to_vectors(to_blobs(rows))
    assert np.abs(kept @ kept.T - rows @ rows.T).max() < 1e-3


def test_many_ids_take_at_most_two_statements(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, "\n".join(f"Satz Nummer {i}." for i in range(3000)), "/long")
    statements: list[str] = []
    rows = store.database.rows

    def counted(sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        statements.append(sql)
        return rows(sql, parameters)

    monkeypatch.setattr(store.database, "rows", counted)
    for method in (store.passages, store.passages_of_sentences, store.sentence_vectors):
        statements.clear()
        found = method(np.arange(1, 3001))  # type: ignore[arg-type]
        assert len(found) == (3000 if method == store.passages_of_sentences else 2999)
        assert 1 <= len(statements) <= 2


def test_the_same_article_again_changes_nothing(store: Store) -> None:
    first = put(store, PERM, "/perm")
    generation = store.generation
    again = store.store_without_embedding(Document(PERM, "/perm", path="/perm"))
    assert again is not None
    assert again.report == ArticleReport("/perm", IndexOutcome.UNCHANGED)
    assert again.document_id == first.document_id
    assert put(store, PERM, "/perm").report.outcome is IndexOutcome.UNCHANGED
    assert (store.article_count(), store.sentence_count(), count(store, "passages")) == (1, 3, 2)
    assert store.generation <= generation + 1


def test_a_changed_article_replaces_its_old_version(store: Store) -> None:
    put(store, PERM, "/a")
    generation = store.generation
    stored = put(store, BREST, "/a")
    assert stored.report == ArticleReport("/a", IndexOutcome.UPDATED)
    assert [document.text for document in store.documents()] == [BREST]
    assert (store.sentence_count(), count(store, "passages"), store.generation) == (2, 1, generation + 1)
    assert store.sentence_ids().tolist() == [4, 5]  # ids are never given out again
    assert backend_of(store).keywords.frequencies(["perm", "mess"]) == {"mess": 1}


def test_other_metadata_needs_no_new_vectors(store: Store) -> None:
    put(store, PERM, "/a", published="2024-05-16")
    stored = store.store_without_embedding(Document(PERM, "Neuer Titel", "BelTA", published="2024-05-17", path="/a"))
    assert stored is not None
    assert stored.report.outcome is IndexOutcome.UPDATED
    assert store.documents() == [Document(PERM, "Neuer Titel", "BelTA", published="2024-05-17", path="/a", id=1)]


def test_the_same_words_elsewhere_are_a_duplicate(store: Store) -> None:
    put(store, PERM, "/a", title="Perm")
    generation = store.generation
    for path, text in {"/b": PERM, "/c": PERM.replace("\n", "\n\n") + "\n"}.items():
        stored = store.store_without_embedding(Document(text, "Abschrift", path=path))
        assert stored is not None
        assert stored.report == ArticleReport(path, IndexOutcome.DUPLICATE, "gleicher Text wie „Perm“ (/a)")
        assert stored.document_id == 1
    assert (store.article_count(), store.generation) == (1, generation)
    assert put(store, PERM, "/b").report.outcome is IndexOutcome.DUPLICATE


def test_a_duplicate_is_taken_up_once_the_other_has_changed(store: Store) -> None:
    put(store, PERM, "/a")
    put(store, BREST, "/a")
    assert store.store_without_embedding(Document(PERM, path="/b")) is None
    assert put(store, PERM, "/b").report.outcome is IndexOutcome.ADDED


def test_an_article_that_becomes_a_duplicate_leaves_no_old_version(store: Store) -> None:
    put(store, PERM, "/a")
    put(store, BREST, "/b")
    stored = store.store_without_embedding(Document(PERM, path="/b"))
    assert stored is not None
    assert stored.report.outcome is IndexOutcome.DUPLICATE
    assert [document.path for document in store.documents()] == ["/a"]
    assert store.sentence_count() == 3


def test_sentences_that_are_no_range_have_their_ids(store: Store) -> None:
    put(store, PERM, "/a")
    put(store, BREST, "/b")
    with store.database.transaction() as connection:
        connection.execute("UPDATE sentences SET id = 9 WHERE id = 2")
    assert store.sentence_ids().tolist() == [1, 3, 4, 5, 9]
    assert store.sentence_ids([1]).tolist() == [1, 3, 9]
    assert store.sentence_ids([2]).tolist() == [4, 5]


def test_changed_white_space_moves_the_offsets(store: Store) -> None:
    put(store, PERM, "/a")
    moved = PERM.replace("\n", "\n\n", 1)
    assert store.store_without_embedding(Document(moved, path="/a")) is None
    sentences = tuple(sentence for sentence in sentences_of(moved) if sentence.text)
    vectors = HashEmbedder().embed_texts([sentence.text for sentence in sentences])
    stored = store.put(Document(moved, path="/a"), Segments(sentences, (), ()), vectors, signature="hash-64")
    assert stored.report.outcome is IndexOutcome.UPDATED


def test_parts_that_do_not_fit_are_refused_and_leave_nothing(store: Store) -> None:
    sentences = sentences_of(PERM)
    passages = passages_of(PERM, sentences)
    vectors = HashEmbedder().embed_texts([s.text for s in sentences])
    broken = vectors.copy()
    broken[1, 3] = np.nan
    document, segments = Document(PERM, path="/a"), Segments(sentences, passages, tuple(map(all_terms, ("a", "b"))))
    far = replace(passages[0], last_sentence=3)
    for wrong in (
        (document, segments, vectors[:2]),
        (document, segments, broken),
        (document, replace(segments, terms=segments.terms[:1]), vectors),
        (document, replace(segments, passages=(far, passages[1])), vectors),
        (replace(document, text=" " + PERM), segments, vectors),
        (replace(document, path=""), segments, vectors),
        (document, replace(segments, passages=(Passage("", 5, 5, 0, 0), passages[1])), vectors),
    ):
        with pytest.raises(ValueError):
            store.put(*wrong, signature="hash-64")
    assert (store.article_count(), store.generation) == (0, 0)


def test_vectors_of_two_embedders_are_not_mixed(store: Store) -> None:
    assert store.embedder_signature == ""
    put(store, PERM, "/a")
    assert store.embedder_signature == "hash-64"
    with pytest.raises(StoreError, match=r"anderen Vektormodell \(hash-64\)"):
        put(store, BREST, "/b", HashEmbedder("other"))
    assert store.article_count() == 1


def test_unknown_article(store: Store) -> None:
    with pytest.raises(KeyError):
        store.document(7)


def test_text_with_odd_characters_keeps_its_offsets(store: Store) -> None:
    text = "Ein \x01 \ufffe \u202e Zeichen.\n𝔘nd 👩‍🌾 e\u0301 Größe."
    put(store, text, "/a")
    assert [passage.text for passage in store.passages([1]).values()] == [text]


def test_sqlite_keeps_nul_which_postgresql_refuses(sqlite_store: Store) -> None:
    put(sqlite_store, "Ein \0 Zeichen.\nUnd noch eines.", "/a")
    assert [passage.text for passage in sqlite_store.passages([1]).values()] == ["Ein \0 Zeichen.\nUnd noch eines."]


def test_a_snapshot_sees_one_state(store: Store) -> None:
    put(store, PERM, "/a")
    before = (1, 3, store.generation)

    def seen() -> tuple[int, int, int]:
        return store.article_count(), store.sentence_count(), store.generation

    with store.snapshot():
        assert seen() == before
        writer = threading.Thread(target=put, args=(store, BREST, "/b"))
        writer.start()
        writer.join()
        assert seen() == before
    assert seen() == (2, 5, before[2] + 1)


def test_two_stores_see_each_other(store: Store, database_url: str) -> None:
    with open_backend(store.home, database_url).store as other:
        assert other.identity == store.identity != ""
        put(store, PERM, "/a")
        assert (other.article_count(), other.generation) == (1, store.generation)


def test_home_that_is_a_file(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("x")
    with pytest.raises(StoreError, match=f"Das Datenverzeichnis {home} kann nicht angelegt werden .* anderes wählen"):
        Store(home)
    with pytest.raises(StoreError, match="kann nicht angelegt werden"):
        Store(home / "below")


def refused(home: Path) -> None:
    with pytest.raises(StoreError, match="ein anderes wählen"):
        Store(home)


def test_home_that_cannot_be_written(shared_folder: Path) -> None:
    shared_folder.chmod(0o555)
    assert as_nobody(refused, shared_folder) == 0
    assert as_nobody(refused, shared_folder / "new") == 0


def test_home_that_cannot_be_entered(shared_folder: Path) -> None:
    with Store(shared_folder) as store:
        put(store, PERM, "/a")
    shared_folder.chmod(0)
    assert as_nobody(refused, shared_folder) == 0


def reads(home: Path) -> None:
    with Store(home) as store:
        assert store.read_only
        assert (store.article_count(), store.generation) == (1, 1)
        assert store.store_without_embedding(Document(PERM, "/a", path="/a")) is not None
        with pytest.raises(StoreError, match=f"Das Datenverzeichnis {home} ist schreibgeschützt"):
            put(store, BREST, "/b")


def test_home_that_can_only_be_read(shared_folder: Path) -> None:
    with Store(shared_folder) as store:
        put(store, PERM, "/a")
    let_read(shared_folder)

    assert as_nobody(reads, shared_folder) == 0


@pytest.mark.parametrize("place", [0, 30, 100, 4096, 5000, 9000, 20000])
def test_a_damaged_database_is_refused_with_the_way_out(tmp_path: Path, place: int) -> None:
    with Store(tmp_path) as store:
        put(store, "\n".join(f"Satz Nummer {i}." for i in range(300)), "/a")
    path = tmp_path / DATABASE_NAME
    data = bytearray(path.read_bytes())
    data[place : place + 64] = random.Random(place).randbytes(64)
    path.write_bytes(data)
    try:
        with Store(tmp_path) as store:
            # SQLite has no checksums: bytes inside a value are not seen. What it holds can still be read.
            assert store.article_count() == 1
    except StoreError as error:
        assert str(path) in str(error) and "verschieben" in str(error)
    else:
        assert place >= 4096


@pytest.mark.parametrize("size", [1, 50, 100, 1000, 5000, 20000])
def test_a_truncated_database_is_refused(tmp_path: Path, size: int) -> None:
    with Store(tmp_path) as store:
        put(store, "\n".join(f"Satz Nummer {i}." for i in range(300)), "/a")
    path = tmp_path / DATABASE_NAME
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(StoreError, match=r"ist beschädigt .*verschieben und die Artikel neu einlesen"):
        Store(tmp_path)


def test_an_emptied_database_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).touch()
    Store(tmp_path).close()  # a process killed at its very start leaves this
    (tmp_path / DATABASE_NAME).write_bytes(b"")
    (tmp_path / "vectors.json").write_text("{}")
    with pytest.raises(StoreError, match="beschädigt"):
        Store(tmp_path)


def test_damage_that_shows_later_is_said_too(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, PERM, "/a")
        with store.database.transaction() as connection:
            connection.execute("UPDATE documents SET title = CAST(x'ff' AS TEXT)")
            connection.execute("UPDATE sentences SET vector = x'00' WHERE id = 2")
        with pytest.raises(StoreError, match=r"Artikel 1 .* beschädigt"):
            store.documents()
        with pytest.raises(StoreError, match=r"Artikel 1 .* beschädigt"):
            list(store.all_vectors())


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / DATABASE_NAME) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(StoreError, match=r"neueren Fundstelle-Version.*aktualisieren"):
        Store(tmp_path)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_NAME
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE documents (x)")
    connection.close()
    with pytest.raises(StoreError, match="ist keine Fundstelle-Datenbank"):
        Store(tmp_path)


def test_a_locked_database(tmp_path: Path) -> None:
    with Store(tmp_path) as writer, Store(tmp_path, busy_timeout=0.05) as store:
        with writer.database.transaction(), pytest.raises(StoreError, match="von einem anderen Prozess beschrieben"):
            put(store, PERM, "/a")
        assert put(store, PERM, "/a").report.outcome is IndexOutcome.ADDED


def test_a_full_disk_loses_nothing(sqlite_store: Store) -> None:
    store = sqlite_store
    put(store, PERM, "/a")
    connection = store.database._connection()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="Ist der Datenträger voll"):
        put(store, "\n".join(f"Satz Nummer {i}." for i in range(300)), "/b")
    assert [document.path for document in store.documents()] == ["/a"]
    store.database.check()


def test_many_processes_may_open_a_new_home_at_once(tmp_path: Path) -> None:
    code = "import sys, pathlib, retrieval.store.store as m; print(m.Store(pathlib.Path(sys.argv[1])).identity)"
    command = [sys.executable, "-c", code, str(tmp_path / "home")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({process.communicate(timeout=60)[0] for process in processes}) == 1
    assert all(process.returncode == 0 for process in processes)


WRITER = """
import sys
from pathlib import Path
from retrieval.store.store import Store
from tests.collection import put
with Store(Path(sys.argv[1])) as store:
    for i in range(int(sys.argv[2]), 1_000_000):
        # Every third replaces an older version of its article.
        path = f"/{i - 3 if i % 3 == 2 else i}"
        put(store, "\\n".join(f"Satz {n} im Artikel{i} steht hier." for n in range(i % 7 + 1)), path)
        print(i, flush=True)
"""


def test_kill_9_loses_no_acknowledged_article_and_leaves_none_half_there(tmp_path: Path) -> None:
    randomness = random.Random(7)
    done = -1
    for _ in range(6):
        arguments = [sys.executable, "-c", WRITER, str(tmp_path), str(done + 1)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            done = int(process.stdout.readline())
            time.sleep(randomness.uniform(0.0, 0.4))
            process.send_signal(signal.SIGKILL)
            for line in process.stdout:
                if line.endswith("\n"):
                    done = int(line)
        with Store(tmp_path) as store:
            expected = {f"/{i}": i for i in range(done + 1) if i % 3 != 2}
            expected |= {f"/{i - 3}": i for i in range(done + 1) if i % 3 == 2}
            check_whole(store, expected)
            # One article may be stored and killed before it was acknowledged.
            assert store.generation in (done + 1, done + 2)
            done = store.generation - 1
    assert done > 50


def check_whole(store: Store, expected: dict[str, int]) -> None:
    documents = {document.path: document for document in store.documents()}
    assert expected.keys() <= documents.keys()
    assert len(documents) <= len(expected) + 1
    newer = 0
    for path, document in documents.items():
        number = int(document.text.split("Artikel")[1].split()[0])
        newer += number != expected.get(path)
        sentences = sentences_of(document.text)
        assert len(sentences) == number % 7 + 1
        rows = store.database.rows('SELECT "start", "end" FROM sentences WHERE document_id = ?', (document.id,))
        assert sorted(rows) == [(s.start, s.end) for s in sentences]
        found = store.database.rows("SELECT count(*) FROM keywords WHERE keywords MATCH ?", (f'"artikel{number}"',))
        assert found[0][0] == max(1, len(sentences) - 1)
    assert newer <= 1
    assert sum(len(ids) for ids, _ in store.all_vectors()) == store.sentence_count()
    with store.database.transaction() as connection:
        connection.execute("INSERT INTO keywords (keywords, rank) VALUES ('integrity-check', 1)")
