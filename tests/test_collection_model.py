"""Whatever is done to a collection, and wherever it is interrupted, it holds what a plain dictionary holds."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from retrieval.backend import backend_of, open_backend
from retrieval.indexing.indexer import Indexer
from retrieval.language.sentences import SentenceSplitter
from retrieval.search.keyword_index import KeywordIndex
from retrieval.search.search import Search
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.store.store import DATABASE_NAME, Store
from retrieval.types import Document
from tests.collection import put
from tests.doubles import HashEmbedder
from tests.postgres_server import PostgresServer

SIZES = [pytest.param(6, 12), pytest.param(100, 50, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]

SPLITTER = SentenceSplitter()
WORDS = (
    "Minsk Brücke Eröffnung Verkehr Fluss",
    "Gomel Flughafen Terminal Passagiere Bauzeit",
    "Brest Messe Maschinen Besucher Halle",
    "Pinsk Hafen Kräne Schiffe Ladung",
    "Polozk Kirche Orgel Konzert Chor",
    "Orscha Leinen Fabrik Webstuhl Export",
)
TEXTS = tuple("\n".join(f"Zu {word} wurde am Montag berichtet." for word in words.split()) for words in WORDS)
PATHS = tuple(f"/{name}.txt" for name in "abcdefgh")
paths, texts, gaps = st.sampled_from(PATHS), st.sampled_from(TEXTS), st.sampled_from(["\n", "\n\n", "  \n"])


def words_of(text: str) -> str:
    return " ".join(text.split())


class Collection(RuleBasedStateMachine):
    """``said`` has what each path says, ``before`` the words that it said earlier."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, Document] = {}
        self.before: dict[str, set[str]] = {}
        self.store = self.opened()

    def teardown(self) -> None:
        self.store.close()

    def opened(self) -> Store:
        """The store as a process opens it that starts."""
        raise NotImplementedError

    def searching(self, notify: Callable[[str], None]) -> Search:
        """Search with both indexes checked, repaired, and used however few the sentences are."""
        raise NotImplementedError

    def says(self, document: Document) -> None:
        old = self.said.get(document.path)
        if old is not None and words_of(old.text) != words_of(document.text):
            self.before.setdefault(document.path, set()).add(words_of(old.text))
        self.said[document.path] = document

    # What people do

    @rule(path=paths, text=texts, gap=gaps, title=st.sampled_from(["", "Titel"]))
    def index(self, path: str, text: str, gap: str, title: str) -> None:
        """Adds, changes, repeats or copies, whatever it is for this path."""
        document = Document(text.replace("\n", gap), title, language="de", path=path)
        (report,) = Indexer(self.store, SPLITTER, HashEmbedder()).index_documents([document]).articles
        assert report.outcome != "failed"
        self.says(document)
        assert not self.store.waiting_documents()

    @precondition(lambda self: self.said)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(self.said)))
        with self.store.writing():
            assert self.store.remove(self.store.ids_below(path)[path])
            Indexer(self.store, SPLITTER, HashEmbedder()).index_documents(())
        del self.said[path]
        self.before.pop(path, None)

    # What happens to them

    @rule(path=paths, text=texts)
    def killed_after_storing(self, path: str, text: str) -> None:
        """Neither are copies that wait taken up, nor is the index brought up to date."""
        put(self.store, text, path, language="de")
        self.says(Document(text, path, language="de", path=path))
        self.reopen()

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = self.opened()

    # What must be true

    @invariant()
    def holds_what_was_said(self) -> None:
        self.store.check()
        there = self.store.articles()
        assert {a.document.path: (a.document.text, a.document.title) for a in there} == {
            path: (document.text, document.title) for path, document in self.said.items()
        }
        for article in there:
            document = article.document
            versions = {words_of(version.document.text) for version in self.store.versions(document.id)}
            assert versions == self.before.get(document.path, set())

    @invariant()
    def copies_are_copies(self) -> None:
        there = {article.document.id: article for article in self.store.articles()}
        waiting = {document.id for document in self.store.waiting_documents()}
        searched = [a for a in there.values() if not a.copy_of and a.document.id not in waiting]
        assert len({words_of(a.document.text) for a in searched}) == len(searched)
        for article in there.values():
            if article.copy_of:
                original = there[article.copy_of]
                assert original in searched
                assert words_of(original.document.text) == words_of(article.document.text)

    @invariant()
    def everything_is_found(self) -> None:
        notices: list[str] = []
        search = self.searching(notices.append)
        waiting = {document.path for document in self.store.waiting_documents()}
        for path, document in self.said.items():
            if path in waiting:
                continue
            best = search.search(document.text, limit=1)[0]
            assert words_of(best.document.text) == words_of(document.text)
            assert path in {best.document.path, *(copy.path for copy in best.copies)}
        assert search.search("Wer berichtet am Montag?") or not self.store.article_count() or waiting
        again: list[str] = []
        self.searching(again.append)
        assert not again


class SqliteCollection(Collection):
    """In files, which are copied, damaged and restored."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp())
        super().__init__()

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.home)

    def opened(self) -> Store:
        return Store(self.home)

    def searching(self, notify: Callable[[str], None]) -> Search:
        index = FaissVectorIndex(self.store, notify, recent_rows=0)  # with a file, however few the sentences are
        search = Search(self.store, HashEmbedder(), index, KeywordIndex(self.store, notify))
        search.load()
        return search

    @rule()
    def abandoned(self) -> None:
        """Another process opens the files with their log beside them, as the first has left them."""
        copy = Path(tempfile.mkdtemp())
        shutil.copytree(self.home, copy, dirs_exist_ok=True)
        self.store.close()
        shutil.rmtree(self.home)
        self.home = copy
        self.store = self.opened()

    @rule(data=st.data())
    def damage_an_index_file(self, data: st.DataObject) -> None:
        files = sorted(
            file for file in self.home.iterdir() if file.is_file() and not file.name.startswith("fundstelle")
        )
        files = [file for file in files if file.stat().st_size]
        if not files:
            return
        file = data.draw(st.sampled_from(files))
        raw = file.read_bytes()
        place = data.draw(st.integers(0, len(raw) - 1))
        way = data.draw(st.sampled_from(["lost", "cut", "flipped"]))
        if way == "lost":
            file.unlink()
        elif way == "cut":
            file.write_bytes(raw[:place])
        else:
            file.write_bytes(raw[:place] + bytes([raw[place] ^ 0x10]) + raw[place + 1 :])

    @rule(how=st.sampled_from(["DROP TABLE keywords", "DELETE FROM keywords_data", "DELETE FROM keywords_idx"]))
    def damage_the_keywords(self, how: str) -> None:
        with self.store.database.transaction() as connection:
            connection.execute(how)
        self.reopen()

    @initialize()
    def an_older_state_is_kept(self) -> None:
        self.backup = (self.home / "backup", {}, {})
        self.back_up()

    @rule()
    def back_up(self) -> None:
        target = self.home / "backup"
        target.mkdir(exist_ok=True)
        self.store.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self.home / DATABASE_NAME, target / DATABASE_NAME)
        self.backup = (target, dict(self.said), {path: set(words) for path, words in self.before.items()})

    @rule()
    def restore_the_database_only(self) -> None:
        """The index beside it is newer then, and ids are given out again."""
        self.store.close()
        _, said, before = self.backup
        shutil.copy(self.home / "backup" / DATABASE_NAME, self.home / DATABASE_NAME)
        self.said, self.before = dict(said), {path: set(words) for path, words in before.items()}
        self.store = self.opened()


class PostgresCollection(Collection):
    """On a server, whose connections break, and on which others write."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self.url = server.emptied_database()
        super().__init__()

    def opened(self) -> Store:
        return open_backend(Path("/nowhere"), self.url).store

    def searching(self, notify: Callable[[str], None]) -> Search:
        backend = backend_of(self.store, notify)
        backend.check()
        search = Search(self.store, HashEmbedder(), backend.vectors, backend.keywords)
        search.load()
        return search

    @rule(path=paths, text=texts)
    def another_process_writes(self, path: str, text: str) -> None:
        ours, self.store = self.store, self.opened()
        self.index(path, text, "\n", "Titel")
        self.store.close()
        self.store = ours

    @rule()
    def connections_break(self) -> None:
        self.server.break_connections()

    @rule(
        how=st.sampled_from(["INSERT INTO recent_terms VALUES ('mess', 7)", "DELETE FROM terms", "DELETE FROM tallies"])
    )
    def damage_the_counts(self, how: str) -> None:
        with self.store.database.transaction() as connection:
            connection.execute(how)


def run(machine: Callable[[], Collection], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize(("examples", "steps"), SIZES)
def test_a_collection_is_what_a_dictionary_is(examples: int, steps: int) -> None:
    run(SqliteCollection, examples, steps)


@pytest.mark.parametrize(("examples", "steps"), SIZES)
def test_a_collection_on_postgresql_is_what_a_dictionary_is(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch, examples: int, steps: int
) -> None:
    from retrieval.postgres import vectors

    monkeypatch.setattr(vectors, "EXACT_SENTENCES", 0)
    run(lambda: PostgresCollection(postgres_server), examples, steps)
