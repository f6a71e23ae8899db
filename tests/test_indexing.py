from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.backend import backend_of
from retrieval.errors import LoadingError, StoreError
from retrieval.index_report import ArticleReport, IndexOutcome, IndexReport
from retrieval.indexing import indexer as module
from retrieval.indexing.indexer import Indexer
from retrieval.language.passages import build_passages
from retrieval.language.sentences import SentenceSplitter
from retrieval.language.terms import keyword_terms
from retrieval.search.index_file import IndexFile, IndexState, index_file
from retrieval.store.store import Store
from retrieval.types import Document, Sentence
from tests.doubles import HashEmbedder

PERM = "Dmitri Machonin ist Gouverneur der Region Perm. Er besuchte am 17. Mai Minsk."
BREST = "In Brest beginnt die Messe. Sie zeigt Maschinen."


class Counting(HashEmbedder):
    """Remembers how many texts it got at a time."""

    def __init__(self, name: str = "hash") -> None:
        super().__init__(name)
        self.batches: list[int] = []

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.batches.append(len(texts))
        return super().embed_texts(texts)


@pytest.fixture(scope="module")
def splitter() -> SentenceSplitter:
    return SentenceSplitter()


@pytest.fixture
def store(empty_store: Store) -> Store:
    return empty_store


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "home") as store:
        yield store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "brest.txt").write_text(BREST)
    (folder / "perm.txt").write_text(PERM)
    return folder


@pytest.fixture
def indexer(store: Store, splitter: SentenceSplitter) -> Indexer:
    return Indexer(store, splitter, HashEmbedder())


def outcomes(report: IndexReport) -> list[tuple[str, str]]:
    return [(Path(entry.path).name, entry.outcome.value) for entry in report.articles]


def test_files_become_articles_that_are_found(indexer: Indexer, store: Store, folder: Path) -> None:
    steps: list[tuple[int, int]] = []
    report = indexer.index([folder], lambda *step: steps.append(step))
    assert outcomes(report) == [("brest.txt", "added"), ("perm.txt", "added")]
    assert report.elapsed_ms > 0
    assert steps == [(1, 2), (2, 2)]
    assert (store.article_count(), store.sentence_count()) == (2, 4)
    for document in store.documents():
        sentences = SentenceSplitter().split(document.text)
        expected = build_passages(document.text, sentences)
        rows = store.database.rows("SELECT id FROM passages WHERE document_id = ?", (document.id,))
        kept = list(store.passages(row[0] for row in rows).values())
        assert [(p.text, p.first_sentence, p.last_sentence) for p in kept] == [
            (p.text, p.first_sentence, p.last_sentence) for p in expected
        ]
    ((sentence, score),) = backend_of(store).vectors.search(
        HashEmbedder().embed_questions(["Dmitri Machonin ist Gouverneur der Region Perm."])[0], 1
    )
    assert score == pytest.approx(1.0, abs=1e-3)
    ((passage, _),) = backend_of(store).keywords.search(keyword_terms("Gouverneur"), 5)
    assert store.passages_of_sentences([sentence]) == {sentence: [passage]}


def test_a_small_collection_needs_no_index_file_and_says_nothing(sqlite_store: Store, folder: Path) -> None:
    store = sqlite_store
    notices: list[str] = []
    Indexer(store, SentenceSplitter(), HashEmbedder(), notices.append).index([folder])
    assert index_file(store) == IndexFile(IndexState.CURRENT)
    assert (list(store.home.glob("vectors*")), notices) == ([], [])


def test_unchanged_files_are_neither_split_nor_embedded(store: Store, splitter: SentenceSplitter, folder: Path) -> None:
    Indexer(store, splitter, HashEmbedder()).index([folder])
    generation = store.generation
    (folder / "zweite.txt").write_text(PERM)

    class Refusing(SentenceSplitter):
        def split(self, text: str) -> tuple[Sentence, ...]:
            raise AssertionError(text)

    embedder = Counting()
    report = Indexer(store, Refusing(), embedder).index([folder])
    assert outcomes(report) == [("brest.txt", "unchanged"), ("perm.txt", "unchanged"), ("zweite.txt", "duplicate")]
    title = store.document(2).title
    assert report.articles[2].reason == f"gleicher Text wie „{title}“ ({folder / 'perm.txt'})"
    assert (embedder.batches, store.generation, store.article_count()) == ([], generation, 2)


def test_a_changed_file_replaces_its_old_version(indexer: Indexer, store: Store, folder: Path) -> None:
    indexer.index([folder])
    (folder / "perm.txt").write_text(PERM.replace("Machonin", "Iwanow"))
    assert outcomes(indexer.index([folder])) == [("brest.txt", "unchanged"), ("perm.txt", "updated")]
    assert [document.text.split()[1] for document in store.documents()] == ["Brest", "Iwanow"]
    assert backend_of(store).keywords.search(keyword_terms("Machonin"), 5) == []


def test_a_duplicate_is_taken_up_when_the_other_changes(indexer: Indexer, store: Store, folder: Path) -> None:
    (folder / "quelle.txt").write_text(PERM)
    assert outcomes(indexer.index([folder]))[2] == ("quelle.txt", "duplicate")
    (folder / "perm.txt").write_text("Ganz anderes steht nun hier.")
    # In the same run, whether it comes before or after the one that changed.
    assert outcomes(indexer.index([folder]))[1:] == [("perm.txt", "updated"), ("quelle.txt", "added")]
    (folder / "brest.txt").write_text(PERM)
    (folder / "quelle.txt").write_text(BREST)
    assert outcomes(indexer.index([folder])) == [
        ("brest.txt", "added"),
        ("perm.txt", "unchanged"),
        ("quelle.txt", "updated"),
    ]
    assert {Path(document.path).name: document.text for document in store.documents()} == {
        "brest.txt": PERM,
        "perm.txt": "Ganz anderes steht nun hier.",
        "quelle.txt": BREST,
    }


def test_the_same_text_twice_in_one_run(indexer: Indexer, store: Store, folder: Path) -> None:
    (folder / "abschrift.txt").write_text(PERM)
    report = indexer.index([folder])
    assert outcomes(report) == [("abschrift.txt", "added"), ("brest.txt", "added"), ("perm.txt", "duplicate")]
    assert store.article_count() == 2


def test_bad_files_are_reported_and_stop_nothing(indexer: Indexer, store: Store, folder: Path) -> None:
    (folder / "leer.txt").write_text("")
    (folder / "binaer.txt").write_bytes(bytes(range(256)) * 20)
    report = indexer.index([folder])
    assert outcomes(report) == [
        ("binaer.txt", "failed"),
        ("brest.txt", "added"),
        ("leer.txt", "failed"),
        ("perm.txt", "added"),
    ]
    for entry in (report.articles[0], report.articles[2]):
        assert Path(entry.path).name in entry.reason or entry.reason
    with pytest.raises(LoadingError):
        indexer.index([folder / "fehlt.txt"])


def test_a_text_that_cannot_be_split_is_reported(store: Store) -> None:
    class Broken(SentenceSplitter):
        def split(self, text: str) -> tuple[Sentence, ...]:
            if "Brest" in text:
                raise RecursionError("zu tief")
            return () if "leer" in text else super().split(text)

    documents = [Document(text, path=f"/{i}") for i, text in enumerate([BREST, "leer", PERM])]
    report = Indexer(store, Broken(), HashEmbedder()).index_documents(documents)
    assert report.articles == (
        ArticleReport(
            "/0", IndexOutcome.FAILED, "Der Text lässt sich nicht in Sätze teilen (RecursionError('zu tief'))."
        ),
        ArticleReport("/1", IndexOutcome.FAILED, "Der Text enthält keinen Satz."),
        ArticleReport("/2", IndexOutcome.ADDED),
    )


def test_a_long_article_is_embedded_in_blocks(
    store: Store, splitter: SentenceSplitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EMBEDDED_TOGETHER", 5)
    embedder = Counting()
    text = " ".join(f"Satz von Tag {number} im Mai." for number in range(23))
    Indexer(store, splitter, embedder).index_documents([Document(text, path="/a")])
    assert embedder.batches == [6, 6, 6, 5]
    vectors = np.concatenate([block for _, block in store.all_vectors()])
    expected = HashEmbedder().embed_texts([sentence.text for sentence in splitter.split(text)])
    np.testing.assert_allclose(vectors, expected, atol=1e-3)


def test_copies_among_articles_that_are_stored_together_are_found(store: Store, splitter: SentenceSplitter) -> None:
    text = "Die Brücke in Wurzen kostet 7,4 Mio. Euro. Sie soll 2027 fertig sein, sagte die Bürgermeisterin."
    documents = [Document(text, path="/a"), Document("Ganz etwas anderes.", path="/b"), Document(text, path="/c")]
    report = Indexer(store, splitter, Counting()).index_documents(documents)
    outcomes = [entry.outcome for entry in report.articles]
    assert outcomes == [IndexOutcome.ADDED, IndexOutcome.ADDED, IndexOutcome.DUPLICATE]
    assert store.generation == 1


def test_articles_are_embedded_together(
    store: Store, splitter: SentenceSplitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EMBEDDED_TOGETHER", 5)
    embedder = Counting()
    documents = [Document(f"Erster Satz von Artikel{i}. Zweiter Satz.", path=f"/{i}") for i in range(7)]
    report = Indexer(store, splitter, embedder).index_documents(documents)
    assert report.count(IndexOutcome.ADDED) == 7
    assert embedder.batches == [6, 6, 2]
    assert store.generation == 3  # and stored together
    vectors = np.concatenate([block for _, block in store.all_vectors()])
    expected = HashEmbedder().embed_texts([s.text for document in documents for s in splitter.split(document.text)])
    np.testing.assert_allclose(vectors, expected, atol=1e-3)


def test_another_embedder_embeds_all_again(store: Store, splitter: SentenceSplitter, folder: Path) -> None:
    Indexer(store, splitter, HashEmbedder()).index([folder])
    notices: list[str] = []
    embedder = Counting("other")
    report = Indexer(store, splitter, embedder, notices.append).index([folder])
    assert outcomes(report) == [("brest.txt", "unchanged"), ("perm.txt", "unchanged")]
    assert embedder.batches == [4]
    assert len(notices) == 1 and "(other-64)" in notices[0] and "4 Sätze" in notices[0]
    assert store.embedder_signature == "other-64"


def test_a_read_only_or_full_disk_stops_the_run(sqlite_store: Store, splitter: SentenceSplitter, folder: Path) -> None:
    store = sqlite_store
    (folder / "aaa.txt").write_text("Ein erster Satz.")
    Indexer(store, splitter, HashEmbedder()).index([folder / "aaa.txt"])
    connection = store.database._connection()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    (folder / "lang.txt").write_text("Ein Satz steht hier. " * 2000)
    connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(StoreError, match="Datenträger voll"):
        Indexer(store, splitter, HashEmbedder()).index([folder])
    connection.execute("PRAGMA max_page_count = 1000000")
    assert Indexer(store, splitter, HashEmbedder()).index([folder]).count(IndexOutcome.FAILED) == 0
    assert store.article_count() == 4


CHILD = """
import sys
from pathlib import Path
from retrieval.backend import open_backend
from retrieval.indexing.indexer import Indexer
from retrieval.language.sentences import SentenceSplitter
from tests.doubles import HashEmbedder
import retrieval.indexing.indexer
retrieval.indexing.indexer.EMBEDDED_TOGETHER = 20
backend = open_backend(Path(sys.argv[1]), sys.argv[2])
indexer = Indexer(backend.store, SentenceSplitter(), HashEmbedder(), backend=backend)
indexer.index([Path(sys.argv[3])], lambda done, total: print(done, flush=True))
"""


def test_killed_while_indexing_it_completes_the_next_time(store: Store, database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(300):
        (folder / f"{i:03}.txt").write_text(f"Artikel{i} beginnt hier. " * (i % 5 + 1) + "Hier endet er.")
    for seconds in (0.0, 0.15, 0.3):
        arguments = [sys.executable, "-c", CHILD, str(store.home), database_url, str(folder)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            acknowledged = int(child.stdout.readline())
            time.sleep(seconds)
            child.send_signal(signal.SIGKILL)
            lines = [line for line in child.stdout if line.endswith("\n")]
        acknowledged = int(lines[-1]) if lines else acknowledged
        assert acknowledged <= store.article_count() <= 300
    report = Indexer(store, SentenceSplitter(), HashEmbedder()).index([folder])
    assert report.count(IndexOutcome.FAILED) == report.count(IndexOutcome.DUPLICATE) == 0
    assert report.count(IndexOutcome.UNCHANGED) >= acknowledged
    assert store.article_count() == 300
    assert store.sentence_count() == sum(i % 5 + 2 for i in range(300))
    notices: list[str] = []
    backend = backend_of(store, notices.append)
    backend.check()
    assert notices == []
    assert len(backend.vectors) == store.sentence_count()


def test_indexing_is_imported_without_torch_and_faiss() -> None:
    modules = "retrieval.indexing.indexer, retrieval.search.vector_index"
    code = f"import sys, {modules}; print({{'torch', 'faiss'}} & sys.modules.keys())"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


# Files with several articles


def records(*texts: str) -> str:
    return "\n".join(json.dumps({"text": text}) for text in texts)


def places(report: IndexReport) -> list[tuple[str, str]]:
    return [(entry.path.rpartition("/")[2], entry.outcome.value) for entry in report.articles]


def test_each_article_of_a_file_is_reported(indexer: Indexer, store: Store, folder: Path) -> None:
    (folder / "c.jsonl").write_text(records("Erster Satz steht hier.", "", "Dritter Satz steht hier."))
    steps: list[tuple[int, int]] = []
    report = indexer.index([folder], lambda *step: steps.append(step))
    expected = [("brest.txt", "added"), ("c.jsonl#1", "added"), ("c.jsonl#2", "failed"), ("c.jsonl#3", "added")]
    assert places(report) == [*expected, ("perm.txt", "added")]
    assert steps[-1] == (5, 5)
    assert all(done <= total for done, total in steps)
    assert store.article_count() == 4
    assert [outcome for _, outcome in places(indexer.index([folder]))] == [
        "unchanged", "unchanged", "failed", "unchanged", "unchanged"
    ]  # fmt: skip


def test_articles_that_are_no_longer_in_their_file_go(store: Store, splitter: SentenceSplitter, tmp_path: Path) -> None:
    file, beside = tmp_path / "a.jsonl", tmp_path / "a.jsonl-alt.txt"
    notices: list[str] = []
    indexer = Indexer(store, splitter, HashEmbedder(), notices.append)
    beside.write_text("Daneben steht dieser Satz.")
    file.write_text(records("Erster Satz steht hier.", "Zweiter Satz steht hier.", "Dritter Satz steht hier."))
    indexer.index([file, beside])
    # The third one moves up: it must neither be lost nor be there twice.
    file.write_text(records("Erster Satz steht hier.", "Dritter Satz steht hier."))
    assert places(indexer.index([file])) == [("a.jsonl#1", "unchanged"), ("a.jsonl#2", "added")]
    assert notices == [f"{file}: Artikel, die nicht mehr darin stehen, wurden entfernt (1)."]
    assert {Path(document.path).name: document.text for document in store.documents()} == {
        "a.jsonl#1": "Erster Satz steht hier.",
        "a.jsonl#2": "Dritter Satz steht hier.",
        "a.jsonl-alt.txt": "Daneben steht dieser Satz.",
    }
    file.write_text(records("", "Dritter Satz steht hier."))
    indexer.index([file])
    assert store.article_count() == 3  # an article that cannot be read is not one that has gone


def test_a_file_that_was_not_read_to_its_end_loses_nothing(indexer: Indexer, store: Store, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    whole = json.dumps([{"text": "Erster Satz steht hier."}, {"text": "Zweiter Satz steht hier."}])
    file.write_text(whole)
    indexer.index([file])
    file.write_text(whole[:-5])
    assert places(indexer.index([file])) == [("a.json", "failed")]
    assert store.article_count() == 2
    file.write_text(json.dumps({"text": "Ein einziger Satz."}))
    assert places(indexer.index([file])) == [("a.json", "added")]
    assert [document.path for document in store.documents()] == [str(file)]


def test_a_repeated_article_in_a_list_is_taken_up_when_the_other_goes(
    indexer: Indexer, store: Store, folder: Path
) -> None:
    file = folder / "a.jsonl"
    file.write_text(records("Erster Satz steht hier.", PERM))
    (folder / "aa.txt").write_text(PERM)
    assert ("aa.txt", "duplicate") in places(indexer.index([folder]))
    file.write_text(records("Erster Satz steht hier."))
    assert places(indexer.index([folder]))[:2] == [("a.jsonl#1", "unchanged"), ("aa.txt", "added")]
