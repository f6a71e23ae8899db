"""Databases of older versions become today's."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from retrieval.errors import StoreError
from retrieval.language.terms import keyword_terms
from retrieval.search.keyword_index import KeywordIndex
from retrieval.search.search import Search
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.store.rows import digest
from retrieval.store.schema import SCHEMA_VERSION
from retrieval.store.store import DATABASE_NAME, Store
from retrieval.types import Article, Document, IndexOutcome
from tests.collection import BREST, PERM, as_nobody, passages_of, put, sentences_of
from tests.doubles import HashEmbedder

VERSION_1 = Path(__file__).parent / "data" / "schema_1.sql"


def old_home(home: Path) -> Path:
    """A data directory as version 1 left it: two articles, the ids 1 and 3, and one removed that had the id 4."""
    connection = sqlite3.connect(home / DATABASE_NAME, isolation_level=None)
    connection.executescript(VERSION_1.read_text(encoding="utf-8"))
    connection.execute("PRAGMA foreign_keys = ON")
    for row, text in ((1, PERM), (3, BREST), (4, "Später gelöscht.")):
        values = (row, f"/{row}.txt", digest(text), f"Titel {row}", "BelTA", "", "2024-05-17", text)
        connection.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        sentences = sentences_of(text)
        vectors = HashEmbedder().embed_texts([sentence.text for sentence in sentences]).astype("<f2")
        for position, (sentence, vector) in enumerate(zip(sentences, vectors, strict=True)):
            connection.execute(
                "INSERT INTO sentences VALUES (NULL, ?, ?, ?, ?, ?)",
                (row, position, sentence.start, sentence.end, vector.tobytes()),
            )
        for passage in passages_of(text, sentences):
            place = (row, passage.start, passage.end, passage.first_sentence, passage.last_sentence)
            terms = " ".join(keyword_terms(passage.text))
            connection.execute("INSERT INTO passages VALUES (NULL, ?, ?, ?, ?, ?, ?)", (*place, terms))
    connection.execute("DELETE FROM documents WHERE id = 4")
    connection.execute("INSERT INTO meta VALUES ('embedder_signature', 'hash-64')")
    connection.execute("UPDATE meta SET value = 4 WHERE key = 'generation'")
    connection.close()
    return home


def tables(store: Store) -> list[tuple[str, str, str]]:
    return store.database.rows("SELECT type, name, sql FROM sqlite_master ORDER BY type, name")


def test_version_1_becomes_todays_with_all_that_is_in_it(tmp_path: Path) -> None:
    notices: list[str] = []
    with Store(old_home(tmp_path), notify=notices.append) as store:
        assert notices == [
            f"Die Datenbank {tmp_path / DATABASE_NAME} wurde auf Schema {SCHEMA_VERSION} gebracht (bisher 1)."
        ]
        assert store.articles() == [
            Article(Document(PERM, "Titel 1", "BelTA", "", "2024-05-17", "/1.txt", 1, "de")),
            Article(Document(BREST, "Titel 3", "BelTA", "", "2024-05-17", "/3.txt", 3, "de")),
        ]
        assert (store.sentence_count(), store.generation, store.waiting()) == (5, 4, [])
        assert store.database.rows("PRAGMA foreign_key_check") == []
        search = Search(store, HashEmbedder(), FaissVectorIndex(store), KeywordIndex(store))
        assert search.search("Wer ist Gouverneur von Perm?")[0].keyword > 0
        # An id is never given out twice, also across the change.
        assert put(store, "Etwas Neues.", "/neu.txt").document_id == 5
        # Old articles are compared with too, and what belongs to one still goes with it.
        assert put(store, PERM.replace("\n", " "), "/kopie.txt").report.outcome is IndexOutcome.DUPLICATE
        store.remove(3)
        assert store.sentence_count() == 4
    with Store(tmp_path, notify=notices.append):
        assert len(notices) == 1


def test_it_has_the_tables_of_a_new_database(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with Store(old_home(tmp_path / "old")) as old, Store(tmp_path / "new") as new:
        names = [[name for _, name, _ in tables(store)] for store in (old, new)]
        assert names[0] == names[1]
        for store in (old, new):
            assert store.database.rows("PRAGMA foreign_key_list(sentences)")[0][2] == "documents"
            assert store.database.rows("PRAGMA foreign_key_list(documents)")[0][2] == "documents"


def test_a_step_that_fails_leaves_the_old_database(tmp_path: Path) -> None:
    home = old_home(tmp_path)
    with sqlite3.connect(home / DATABASE_NAME) as connection:
        connection.execute("CREATE TABLE sources (x)")  # in the way of the last but one table
    connection.close()
    with pytest.raises(StoreError, match="sources"):
        Store(home)
    with sqlite3.connect(home / DATABASE_NAME) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM documents").fetchone() == (2,)
        connection.execute("DROP TABLE sources")
    connection.close()
    with Store(home) as store:
        assert store.article_count() == 2


def test_several_processes_may_open_it_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from retrieval.store.store import Store\n"
        "print(Store(pathlib.Path(sys.argv[1]), notify=lambda notice: print('notice')).article_count())"
    )
    command = [sys.executable, "-c", code, str(old_home(tmp_path))]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    printed = [process.communicate(timeout=60)[0].split() for process in processes]
    assert all(lines[-1] == "2" for lines in printed)
    with Store(tmp_path) as store:
        assert store.database.rows("PRAGMA user_version") == [(SCHEMA_VERSION,)]


def refused(home: Path) -> None:
    with pytest.raises(
        StoreError, match=rf"älteren Fundstelle-Version \(Schema 1, nötig ist {SCHEMA_VERSION}\).*Schreibrechten"
    ):
        Store(home)


def test_one_that_cannot_be_written_is_refused() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = old_home(Path(folder))
        home.chmod(0o555)
        assert as_nobody(refused, home) == 0
        home.chmod(0o755)
