"""What is indexed stays indexed: kills, full disks, two at once, another model in between."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.errors import StoreError
from retrieval.index_report import IndexOutcome, IndexReport
from retrieval.indexing import indexer
from retrieval.indexing.indexer import Indexer
from retrieval.indexing.reembedding import match_embedder
from retrieval.language.sentences import SentenceSplitter
from retrieval.loading import load_documents
from retrieval.loading.process import WORKER
from retrieval.search.keyword_index import KeywordIndex
from retrieval.search.search import Search
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.store.store import DATABASE_NAME, Store
from retrieval.types import Document
from tests.children import Launcher, say
from tests.doubles import HashEmbedder

ARTICLES = 60
KILLS = [pytest.param(5), pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]
MODEL_KILLS = [pytest.param(2), pytest.param(40, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]

TOWNS = ("Brest", "Gomel", "Grodno", "Minsk", "Mogiljow", "Orscha", "Pinsk", "Polozk", "Soligorsk", "Witebsk")
GOODS = ("Traktoren", "Kartoffeln", "Leinen", "Kalidünger", "Busse", "Zucker", "Möbel", "Käse", "Kühlschränke")


def article(number: int, edition: int) -> Document:
    """Every third article says something else in each edition; every tenth is a copy of the one before it."""
    chance = random.Random(f"{number - (number % 10 == 9)} {edition if number % 3 == 0 else 0}")
    sentences = [
        f"Ein Werk in {chance.choice(TOWNS)} hat im Jahr {chance.randrange(1990, 2030)} genau "
        f"{chance.randrange(10**6)} Tonnen {chance.choice(GOODS)} nach {chance.choice(TOWNS)} geliefert."
        for _ in range(chance.randrange(1, 12))
    ]
    return Document(
        "\n".join(sentences), f"Artikel {number}", "BelTA", published="2024-05-17", path=f"/{number:03}.txt"
    )


def edition(number: int) -> list[Document]:
    return [article(i, number) for i in range(ARTICLES)]


def indexed(store: Store, documents: Sequence[Document], embedder: HashEmbedder | None = None) -> IndexReport:
    return Indexer(store, SentenceSplitter(), embedder or HashEmbedder()).index_documents(documents)


def texts(store: Store) -> dict[str, str]:
    return {listed.document.path: listed.document.text for listed in store.articles()}


def check_whole(store: Store, embedder: HashEmbedder | None = None) -> None:
    """Whatever is there is there entirely, and is found."""
    store.check()
    assert KeywordIndex(store).check()
    for table in ("sentences", "passages", "shingles", "part_seals"):
        assert store.database.rows(
            f"SELECT id FROM documents WHERE copy_of IS NULL AND id NOT IN (SELECT document_id FROM {table})"
        ) in ([], [(document.id,) for document in store.waiting_documents()])
    assert store.database.rows("SELECT count(*) FROM passages") == store.database.rows("SELECT count(*) FROM keywords")
    notices: list[str] = []
    vectors = FaissVectorIndex(store, notices.append)
    assert len(vectors) == store.sentence_count()
    for ids, rows in store.all_vectors():
        assert all(vectors.search(row, 1)[0][1] > 0.999 for _, row in zip(ids, rows, strict=True))
    search = Search(store, embedder or HashEmbedder(), vectors, KeywordIndex(store))
    for document in store.documents()[::7]:
        assert search.search(document.text[:500], limit=1)[0].document.text == document.text


def check_like_fresh(store: Store, documents: Sequence[Document], fresh: Path) -> None:
    """The collection is the one that undisturbed indexing gives."""
    with Store(fresh) as other:
        indexed(other, documents)
        assert texts(store) == texts(other) == {document.path: document.text for document in documents}
        assert store.article_count() == other.article_count()
        assert store.sentence_count() == other.sentence_count()


# kill -9


def index_edition(home: str, number: str) -> None:
    """In a child: names each article as soon as it is stored."""
    indexer.EMBEDDED_TOGETHER = 20
    with Store(Path(home)) as store:
        named = set[str]()

        def name_new(done: int, total: int) -> None:
            now = texts(store)
            for path in sorted(now):
                if path not in named and now[path] == wanted[path]:
                    named.add(path)
                    say(path)

        documents = edition(int(number))
        wanted = {document.path: document.text for document in documents}
        Indexer(store, SentenceSplitter(), HashEmbedder()).index_documents(documents, name_new)
    say("completed")


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    with Launcher("tests.test_durability", "faiss", "somajo") as launcher:
        yield launcher


@pytest.mark.parametrize("kills", KILLS)
def test_kill_9_while_indexing(launcher: Launcher, tmp_path: Path, kills: int) -> None:
    chance = random.Random(kills)
    home = tmp_path / "home"
    started = time.perf_counter()
    launcher.start("index_edition", tmp_path / "first", 0)
    assert launcher.rest()[-1] == "completed"
    seconds = time.perf_counter() - started
    number, killed = 0, 0
    acknowledged: dict[str, str] = {}
    while killed < kills:
        process = launcher.start("index_edition", home, number)
        time.sleep(chance.uniform(0, seconds))
        said = launcher.kill(process)
        completed = said[-1:] == ["completed"]
        seconds *= 0.9 if completed else 1.05  # most of them should come in between
        assert not [line for line in said if line.startswith("raised")]
        wanted = {document.path: document.text for document in edition(number)}
        acknowledged |= {path: wanted[path] for path in said if path != "completed"}
        with Store(home, lock_seconds=0) as store, store.writing():  # the lock is free at once
            there = texts(store)
            # What was acknowledged is there, or already what this run says instead of it.
            assert all(there.get(path) in (text, wanted[path]) for path, text in acknowledged.items())
            older = {document.path: document.text for document in edition(max(0, number - 1))}
            assert all(text in (wanted[path], older[path]) for path, text in there.items())
            check_whole(store)
            assert all(len(store.versions(document.id)) <= number for document in store.documents())
        number, killed = number + completed, killed + (not completed)
    for path in home.glob("*.tmp"):
        os.utime(path, (time.time() - 7200, time.time() - 7200))
    with Store(home) as store:
        indexed(store, edition(number))
        indexed(store, edition(number + 1))
        check_whole(store)
        check_like_fresh(store, edition(number + 1), tmp_path / "fresh")
        assert not list(home.glob("*.tmp"))
    print(f"{kills} kills over {number + 1} editions")


def read_a_file(path: str) -> None:
    """In a child."""
    assert list(load_documents(Path(path)))
    say(str(WORKER.pid))
    time.sleep(60)


def test_the_process_that_reads_files_goes_with_the_one_that_started_it(launcher: Launcher, seeds: Path) -> None:
    process = launcher.start("read_a_file", min(seeds.rglob("*.html"), default=next(seeds.rglob("*.*"))))
    reading = Path(f"/proc/{launcher.line()}")
    assert reading.exists()
    launcher.kill(process)
    deadline = time.monotonic() + 30
    while reading.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not reading.exists()


# Another model


class Rolled(HashEmbedder):
    """Another embedder: its vectors are not those of the first."""

    def embed_texts(self, texts: Sequence[str]):  # type: ignore[no-untyped-def]
        return super().embed_texts([f"{text} Anders" for text in texts])


def embedder_of(signature: str) -> HashEmbedder:
    return Rolled("rolled") if signature.startswith("rolled") else HashEmbedder()


def change_model(home: str, signature: str) -> None:
    """In a child."""
    with Store(Path(home)) as store, store.writing():
        match_embedder(store, embedder_of(signature), notify=lambda notice: None, progress=lambda *step: say("step"))
        FaissVectorIndex(store).load()
    say("completed")


@pytest.mark.parametrize("kills", MODEL_KILLS)
def test_kill_9_while_the_model_changes(launcher: Launcher, tmp_path: Path, kills: int) -> None:
    chance = random.Random(kills)
    documents = edition(0)
    with Store(tmp_path) as store:
        indexed(store, documents)
    old, new = "hash-64", "rolled-64"
    started = time.perf_counter()
    launcher.start("change_model", tmp_path, new)
    assert launcher.rest()[-1] == "completed"
    seconds = time.perf_counter() - started
    for _ in range(kills):
        old, new = new, old
        process = launcher.start("change_model", tmp_path, new)
        time.sleep(chance.uniform(0, seconds))
        launcher.kill(process)
        with Store(tmp_path) as store:
            assert store.embedder_signature in (old, new)
            check_whole(store, embedder_of(store.embedder_signature))
        launcher.start("change_model", tmp_path, new)
        assert launcher.rest()[-1] == "completed"
        with Store(tmp_path) as store:
            assert store.embedder_signature == new
            check_whole(store, embedder_of(new))
            assert texts(store) == {document.path: document.text for document in documents}


# Two at once


def test_two_that_index_at_once(launcher: Launcher, tmp_path: Path) -> None:
    documents = edition(0)
    process = launcher.start("index_edition", tmp_path, 0)
    notices: list[str] = []
    extra = Document("In Polozk steht eine alte Kirche.", "Kirche", path="/kirche.txt")
    while not (tmp_path / DATABASE_NAME).exists() or not Store(tmp_path).article_count():
        time.sleep(0.01)
    with Store(tmp_path, lock_seconds=60, notify=notices.append) as store:
        indexed(store, [extra])
        assert launcher.rest()[-1] == "completed"
        assert not notices or f"Der Prozess {process} schreibt seit" in notices[0]
        assert texts(store) == {document.path: document.text for document in [*documents, extra]}
        check_whole(store)


# Disks


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own, where this may be made."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def fill(home: Path) -> Mapping[str, str]:
    """Indexes until there is no room; what is there then."""
    acknowledged: dict[str, str] = {}
    with Store(home) as store:
        with pytest.raises(StoreError, match="Ist der Datenträger voll"):
            for number in range(1000):
                document = replace(article(0, number), path=f"/{number}.txt")
                assert indexed(store, [document]).count(IndexOutcome.ADDED) == 1
                acknowledged[document.path] = document.text
        assert acknowledged and acknowledged.items() <= texts(store).items()
        check_whole(store)
    with Store(home) as store:
        assert acknowledged.items() <= texts(store).items()
        check_whole(store)
        return texts(store)


def test_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "1500k") as home:
        there = fill(home)
        subprocess.run(["mount", "-o", "remount,size=20m", home], check=True)
        with Store(home) as store:
            indexed(store, edition(0))
            assert texts(store) == {**there, **{document.path: document.text for document in edition(0)}}
            check_whole(store)


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    with largest_file(700_000):
        there = fill(tmp_path)
    with Store(tmp_path) as store:
        indexed(store, edition(0))
        assert texts(store) == {**there, **{document.path: document.text for document in edition(0)}}
        check_whole(store)


def test_a_disk_that_can_only_be_read(launcher: Launcher, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "20m") as home:
        process = launcher.start("index_edition", home, 0)
        time.sleep(0.2)
        launcher.kill(process)
        with Store(home) as store:
            indexed(store, edition(0)[:20])
        subprocess.run(["mount", "-o", "remount,ro", home], check=True)
        with Store(home) as store:
            assert store.read_only
            check = Search(store, HashEmbedder(), FaissVectorIndex(store), KeywordIndex(store))
            for document in store.documents()[::5]:
                assert check.search(document.text[:500], limit=1)[0].document == document
            store.check()
            with pytest.raises(StoreError, match="schreibgeschützt"):
                indexed(store, edition(1))
