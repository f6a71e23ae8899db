"""Databases of older versions become today's. ``data/schema_N.sql`` is one of each, see ``schema_dump``."""

from __future__ import annotations

import ast
import re
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.errors import StoreError
from retrieval.index_report import IndexOutcome
from retrieval.indexing.indexer import Indexer
from retrieval.language.compounds import all_terms
from retrieval.language.sentences import SentenceSplitter
from retrieval.search.keyword_index import KeywordIndex
from retrieval.search.search import Search
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.store import migrations
from retrieval.store.feedback import FeedbackLog
from retrieval.store.migrations import STEPS, migrate
from retrieval.store.schema import SCHEMA_VERSION
from retrieval.store.standing_questions import StandingQuestions, UnaskedArticle
from retrieval.store.store import DATABASE_NAME, Store
from retrieval.types import SeenEntry
from tests.collection import as_nobody, let_read, put
from tests.doubles import HashEmbedder
from tests.schema_dump import BREST, COLOGNE, COLOGNE_BEFORE, COPY, OPENED, PERM, UNASKED, dump

DATA = Path(__file__).parent / "data"
VERSIONS = range(1, SCHEMA_VERSION + 1)
OLDER = VERSIONS[:-1]

Rows = list[tuple[object, ...]]


def home_of(version: int, home: Path) -> Path:
    """A data directory as that version left it."""
    home.mkdir(exist_ok=True)
    connection = sqlite3.connect(home / DATABASE_NAME, isolation_level=None)
    connection.executescript((DATA / f"schema_{version}.sql").read_text(encoding="utf-8"))
    connection.close()
    return home


def read(home: Path, sql: str) -> Rows:
    connection = sqlite3.connect(home / DATABASE_NAME)
    rows = connection.execute(sql).fetchall()
    connection.close()
    return rows


def run(home: Path, sql: str) -> None:
    connection = sqlite3.connect(home / DATABASE_NAME, isolation_level=None)
    connection.execute(sql)
    connection.close()


def dumped(home: Path) -> list[str]:
    connection = sqlite3.connect(home / DATABASE_NAME)
    lines = list(dump(connection))
    connection.close()
    return lines


def tables(home: Path) -> list[tuple[str, str, str]]:
    """All tables, indexes and triggers, without comments, white space and quotation marks around names."""
    return [
        (str(kind), str(name), re.sub(r'\s+|"(?=\w+")|(?<=\w)"', "", re.sub(r"--.*", "", str(sql))))
        for kind, name, sql in read(home, "SELECT type, name, sql FROM sqlite_master ORDER BY type, name")
    ]


def found(store: Store, word: str) -> set[str]:
    """The titles of the articles that a word leads to, itself or as a part of a compound."""
    terms = all_terms(word)
    passages = store.passages(row for row, _ in KeywordIndex(store).search((*terms.words, *terms.parts), 10))
    return {store.document(passage.document_id).title for passage in passages.values()}


def test_there_is_a_database_of_every_version() -> None:
    assert sorted(DATA.glob("schema_*.sql")) == [DATA / f"schema_{version}.sql" for version in VERSIONS]
    assert list(STEPS) == list(OLDER)


@pytest.mark.parametrize("version", VERSIONS)
def test_it_becomes_todays_with_all_that_is_in_it(version: int, tmp_path: Path) -> None:
    home = home_of(version, tmp_path)
    assert read(home, "PRAGMA user_version") == [(version,)]
    kept = "SELECT id, path, digest, title, source, url, published, text FROM documents ORDER BY id"
    places = 'SELECT id, document_id, position, "start", "end", substr(vector, 1, 128) FROM sentences ORDER BY id'
    passages = 'SELECT id, document_id, "start", "end", first_sentence, last_sentence, terms FROM passages ORDER BY id'
    meta = "SELECT key, value FROM meta ORDER BY key"
    before = [read(home, sql) for sql in (kept, places, passages, meta)]
    notices: list[str] = []
    with Store(home, notify=notices.append) as store:
        database = home / DATABASE_NAME
        told = (
            f"Die Datenbank {database} wurde auf den neuen Stand gebracht (Schema {SCHEMA_VERSION}, bisher {version})"
        )
        assert notices == ([f"{told}."] if version < SCHEMA_VERSION else [])
        assert [read(home, sql) for sql in (kept, places, passages, meta)] == before
        store.check()
        assert KeywordIndex(store).check()
        assert read(home, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
        assert {article.document.title: article.document.text for article in store.articles()} == {
            document.title: document.text
            for document in (PERM, BREST, COLOGNE, COPY, OPENED, UNASKED)[
                : 3 if version < 2 else 4 if version < 7 else 6
            ]
        }
        assert {article.document.language for article in store.articles()} == {"de"}
        assert found(store, "Gouverneur") == {"Perm wächst"}
        assert found(store, "Halle") == {"Brest"}  # a part of "Messehalle"
        search = Search(store, HashEmbedder(), FaissVectorIndex(store), KeywordIndex(store))
        assert search.search("Wo öffnet das Bad am Rhein?")[0].document.text == COLOGNE.text
        if version >= 2:
            assert [entry.document.text for entry in store.versions(3)] == [COLOGNE_BEFORE.text]
            assert store.document(4) == replace(BREST, id=4, language="de")
            assert store.is_read("/perm.txt", 123, 456)
            assert [source.etag for source in store.sources()] == ['"1"']
        if version >= 3:
            assert store.seen_entries("https://example.org/feed") == {SeenEntry("https://example.org/perm", "marke")}
        if version >= 6:
            (judgement,) = FeedbackLog(store).judgements()
            assert (judgement.answer, judgement.document_id) == ("Dmitri Machonin", 1)
            assert [missed.question for missed in FeedbackLog(store).missed_questions()] == [
                "Wie heißt der Bürgermeister von Köln?"
            ]
        if version >= 7:
            standing = StandingQuestions(store)
            (found_there,) = standing.undelivered("")
            assert (found_there.answer, found_there.before, found_there.document_id) == ("400 Gäste", "200 Gäste", 7)
            assert [kept.known for kept in standing.all()] == ["400 Gäste"]
            assert standing.next_article() == UnaskedArticle(2, 8)
    lines = dumped(home)
    with Store(home, notify=notices.append):
        assert len(notices) == (version < SCHEMA_VERSION)
    assert dumped(home) == lines


@pytest.mark.parametrize("version", OLDER)
def test_it_has_the_tables_of_a_new_database(version: int, tmp_path: Path) -> None:
    with Store(home_of(version, tmp_path / "old")), Store(tmp_path / "new"):
        assert tables(tmp_path / "old") == tables(tmp_path / "new")


@pytest.mark.parametrize("version", OLDER)
def test_indexing_the_same_articles_again_changes_nothing(version: int, tmp_path: Path) -> None:
    with Store(home_of(version, tmp_path)) as store:
        # Version 1 knew neither authors nor headings, and kept no copies.
        brest = replace(BREST, landmarks=(), author="") if version == 1 else BREST
        report = Indexer(store, SentenceSplitter(), HashEmbedder()).index_documents([PERM, brest, COLOGNE, COPY])
        unchanged = IndexOutcome.UNCHANGED
        assert [entry.outcome for entry in report.articles] == [*[unchanged] * 3, IndexOutcome.DUPLICATE]
        assert store.articles()[-1].copy_of == 1
        assert store.waiting_documents() == []


@pytest.mark.parametrize("version", OLDER)
def test_what_is_filled_in_is_what_indexing_gives(version: int, tmp_path: Path) -> None:
    with Store(home_of(version, tmp_path / "old")) as old, Store(tmp_path / "new") as new:
        documents = [article.document for article in old.articles()]
        Indexer(new, SentenceSplitter(), HashEmbedder()).index_documents(
            [replace(document, id=0, language="") for document in documents]
        )
        for sql in (
            "SELECT path, language, seal FROM documents ORDER BY path",
            "SELECT path, band, value FROM shingles JOIN documents ON id = document_id ORDER BY path, band",
            'SELECT path, p."start", terms, parts FROM passages AS p JOIN documents AS d ON d.id = document_id '
            'ORDER BY path, p."start"',
        ):
            assert old.database.rows(sql) == new.database.rows(sql)
            assert len(old.database.rows(sql)) >= 3


def test_an_id_is_never_given_out_twice(tmp_path: Path) -> None:
    with Store(home_of(1, tmp_path)) as store:
        assert max(document.id for document in store.documents()) == 5  # the last one, 6, has been removed
        assert put(store, "Etwas Neues.", "/neu.txt").document_id == 7
        store.remove(1)
        assert store.sentence_count() == 5
        assert store.database.rows("PRAGMA foreign_key_check") == []


def test_the_steps_run_no_code_that_may_change() -> None:
    tree = ast.parse(Path(migrations.__file__).read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [("." * node.level) + (node.module or "")]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert "sqlite3" in imported
    assert imported <= {*sys.stdlib_module_names, "__future__"}


def test_a_step_that_fails_leaves_the_old_database(tmp_path: Path) -> None:
    home = home_of(1, tmp_path)
    run(home, "CREATE TABLE sources (x)")  # in the way of the last but one table
    with pytest.raises(StoreError, match="sources"):
        Store(home)
    assert read(home, "PRAGMA user_version") == [(1,)]
    assert read(home, "SELECT count(*) FROM documents") == [(3,)]
    run(home, "DROP TABLE sources")
    with Store(home) as store:
        assert store.article_count() == 3


# Between the steps and the filling in


def killed_before_filling_in(home: Path) -> Path:
    connection = sqlite3.connect(home_of(1, home) / DATABASE_NAME, isolation_level=None)
    assert migrate(connection) == 1
    connection.close()
    assert read(home, "SELECT DISTINCT language FROM documents") == [("",)]
    return home


def check_filled_in(store: Store) -> None:
    store.check()
    assert KeywordIndex(store).check()
    assert {document.language for document in store.documents()} == {"de"}
    assert found(store, "Halle") == {"Brest"}
    assert store.waiting_documents() == []
    assert store.meta("backfill") == ""


def test_a_kill_before_filling_in_is_healed_by_the_next_one(tmp_path: Path) -> None:
    with Store(killed_before_filling_in(tmp_path)) as store:
        check_filled_in(store)


def test_filling_in_is_all_or_nothing(tmp_path: Path) -> None:
    home = killed_before_filling_in(tmp_path)
    lines = dumped(home)
    run(home, "CREATE TRIGGER stop BEFORE UPDATE ON documents WHEN new.id = 5 BEGIN SELECT RAISE(ABORT, 'Halt'); END")
    with pytest.raises(StoreError, match="Halt"):
        Store(home)
    run(home, "DROP TRIGGER stop")
    assert dumped(home) == lines
    with Store(home) as store:
        check_filled_in(store)


def test_filling_in_leaves_a_damaged_article_damaged(tmp_path: Path) -> None:
    home = killed_before_filling_in(tmp_path)
    run(home, "UPDATE documents SET title = 'Brast' WHERE id = 4")
    with Store(home) as store:
        with pytest.raises(StoreError, match="Artikel 4 "):
            store.check()
        Indexer(store, SentenceSplitter(), HashEmbedder()).index_documents([BREST])
        check_filled_in(store)


def test_filling_in_leaves_damaged_passages_damaged(tmp_path: Path) -> None:
    home = killed_before_filling_in(tmp_path)
    run(home, 'UPDATE passages SET "end" = "end" - 1 WHERE document_id = 4')
    with Store(home) as store:
        with pytest.raises(StoreError, match="Artikel 4 "):
            store.check()
        Indexer(store, SentenceSplitter(), HashEmbedder()).index_documents([BREST])
        check_filled_in(store)


def search_read_only(home: Path) -> None:
    with Store(home) as store:
        assert store.read_only
        store.check()
        assert found(store, "Gouverneur") == {"Perm wächst"}
        assert found(store, "Halle") == set()


def test_it_can_be_searched_before_filling_in() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = killed_before_filling_in(Path(folder))
        let_read(home)
        assert as_nobody(search_read_only, home) == 0
        home.chmod(0o755)


def test_several_processes_may_open_it_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from retrieval.store.store import Store\n"
        "print(Store(pathlib.Path(sys.argv[1]), notify=lambda notice: print('notice')).article_count())"
    )
    command = [sys.executable, "-c", code, str(home_of(1, tmp_path))]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    printed = [process.communicate(timeout=60)[0].split() for process in processes]
    assert all(lines[-1] == "3" for lines in printed)
    with Store(tmp_path) as store:
        assert store.database.rows("PRAGMA user_version") == [(SCHEMA_VERSION,)]
        check_filled_in(store)


def refused(home: Path) -> None:
    with pytest.raises(
        StoreError, match=rf"älteren Fundstelle-Version \(Schema 1, nötig ist {SCHEMA_VERSION}\).*Schreibrechten"
    ):
        Store(home)


def test_one_that_cannot_be_written_is_refused() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = home_of(1, Path(folder))
        let_read(home)
        assert as_nobody(refused, home) == 0
        home.chmod(0o755)
