"""Export and import: a collection as a file."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.backend import backend_of
from retrieval.errors import LoadingError
from retrieval.index_report import IndexOutcome, IndexReport
from retrieval.indexing import transfer
from retrieval.indexing.indexer import Indexer
from retrieval.indexing.transfer import export, take_in
from retrieval.language.sentences import SentenceSplitter
from retrieval.search.search import Search
from retrieval.store.database import Database
from retrieval.store.store import Store
from retrieval.types import Article, Document, Landmark, Sentence
from tests.doubles import HashEmbedder
from tests.test_copies import LONG, OTHER, WIRE


@pytest.fixture
def store(empty_store: Store) -> Store:
    return empty_store


def indexer(store: Store) -> Indexer:
    return Indexer(store, SentenceSplitter(), HashEmbedder())


def imported(store: Store, path: Path, *lines: Any) -> IndexReport:
    """Imports a file with these lines: values as JSON, bytes as they are."""
    path.write_bytes(
        b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines) + b"\n"
    )
    return take_in(path, store, indexer(store))


def test_a_collection_is_built_again_elsewhere(store: Store, tmp_path: Path) -> None:
    landmarks = (Landmark(0, 1, "Seite „eins“"), Landmark(9, 2, ocr=True))
    first = Document(
        OTHER,
        title="Messe",
        source="BelTA",
        url="https://x.by/1",
        published="2024-05-17",
        path="/a",
        language="de",
        landmarks=landmarks,
        author="Anna",
    )
    indexer(store).index_documents([Document(LONG, "Alt", "Tagfunk", path="/b"), first])
    indexer(store).index_documents([Document(LONG.replace("sprach", "redete"), "Neu", path="/b")])
    indexer(store).index_documents([Document(WIRE, "Kopie", "dpa", path="/c")])
    path = tmp_path / "alles.jsonl"
    with path.open("w", encoding="utf-8") as file:
        assert export(store, file) == 3
    with Store(tmp_path / "anderswo") as other:
        report = take_in(path, other, indexer(other))
        assert [entry.outcome for entry in report.articles] == [
            IndexOutcome.ADDED,
            IndexOutcome.ADDED,
            IndexOutcome.DUPLICATE,
        ]
        assert [
            (article.document, article.added, article.copy_of, other.versions(article.document.id))
            for article in other.articles()
        ] == [
            (article.document, article.added, article.copy_of, store.versions(article.document.id))
            for article in store.articles()
        ]
        assert other.versions(1)[0].document.text == LONG
        # Once more: nothing is doubled.
        assert take_in(path, other, indexer(other)).count(IndexOutcome.UNCHANGED) == 2
        assert len(other.versions(1)) == 1
        with (tmp_path / "wieder.jsonl").open("w", encoding="utf-8") as file:
            export(other, file)
    assert (tmp_path / "wieder.jsonl").read_text() == path.read_text()


def questions(store: Store) -> list[list[tuple[str, float]]]:
    search = Search(store, HashEmbedder(), backend_of(store).vectors, backend_of(store).keywords)
    asked = ("Wer sprach auf der Messe?", "Was zeigt die Messe?", "Wann beginnt der Handel in Minsk?")
    return [[(hit.passage.text, hit.dense) for hit in search.search(question)] for question in asked]


class NoEmbedder(HashEmbedder):
    """The same embedder, which must not be asked for vectors of texts."""

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise AssertionError(f"embedded anew: {texts}")

    def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return HashEmbedder().embed_texts(texts)


class NoSplitter(SentenceSplitter):
    def split(self, text: str) -> tuple[Sentence, ...]:
        raise AssertionError(f"split anew: {text}")


@pytest.fixture
def other_store(store: Store, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store of the other engine, and for SQLite one of its own, too."""
    if isinstance(store.database, Database) and "to_postgres" in request.node.name:
        from retrieval.postgres.database import PostgresDatabase
        from retrieval.postgres.store import PostgresStore

        with PostgresStore(PostgresDatabase(request.getfixturevalue("postgres_url"))) as other:
            yield other
        return
    with Store(tmp_path / "anderswo") as other:
        yield other


def with_vectors(store: Store, path: Path) -> list[dict[str, Any]]:
    indexer(store).index_documents(
        [
            Document(LONG, "Lang", "Tagfunk", path="/b"),
            Document(OTHER, "Messe", "BelTA", path="/a"),
            Document(WIRE, "Kopie", "dpa", path="/c"),
        ]
    )
    with path.open("w", encoding="utf-8") as file:
        export(store, file, vectors=True)
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("target", ["to_postgres", "to_sqlite"])
def test_vectors_move_without_embedding(store: Store, other_store: Store, tmp_path: Path, target: str) -> None:
    path, seen = tmp_path / "alles.jsonl", []
    lines = with_vectors(store, path)
    assert ["vectors" in line for line in lines] == [not article.copy_of for article in by_original(store)]
    other = Indexer(other_store, NoSplitter(), NoEmbedder())
    report = take_in(path, other_store, other, lambda done, total: seen.append((done, total)))
    assert not report.count(IndexOutcome.FAILED)
    assert seen[-1] == (3, 3)
    assert other_store.generation == 1  # in one transaction, but for the copy
    assert questions(other_store) == questions(store)
    other_store.check()
    with (tmp_path / "wieder.jsonl").open("w", encoding="utf-8") as file:
        export(other_store, file, vectors=True)
    again = [json.loads(line) for line in (tmp_path / "wieder.jsonl").read_text("utf-8").splitlines()]
    assert again == lines
    assert take_in(path, other_store, other).count(IndexOutcome.UNCHANGED) == 2


def by_original(store: Store) -> list[Article]:
    return sorted(store.articles(), key=lambda article: (article.copy_of > 0, article.document.id))


def test_vectors_of_another_embedder_are_made_anew(store: Store, tmp_path: Path) -> None:
    path, notices = tmp_path / "alles.jsonl", []
    with_vectors(store, path)
    embedder = HashEmbedder("other")
    with Store(tmp_path / "anderswo") as other:
        report = take_in(path, other, Indexer(other, SentenceSplitter(), embedder, notices.append))
        assert report.count(IndexOutcome.ADDED) == 2
        assert other.embedder_signature == embedder.signature
        assert [notice for notice in notices if "Vektormodell" in notice] == [
            "Die Vektoren in der Datei stammen von einem anderen Vektormodell. Die Artikel werden neu eingebettet."
        ]
        assert questions(other) == questions(store)


def encoded(*numbers: float) -> str:
    return base64.b64encode(np.array(numbers, "<f2").tobytes()).decode()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"vectors": None}, "„embedder“, „sentences“ und „vectors“ passen nicht zusammen"),
        ({"embedder": 7}, "passen nicht zusammen"),
        ({"vectors": "kein Base64"}, "passen nicht zusammen"),
        ({"vectors": ""}, "passen nicht zusammen"),
        ({"vectors": "AAAA"}, "passen nicht zusammen"),
        ({"vectors": encoded(1, 0, 0)}, "passen nicht zusammen"),
        ({"vectors": encoded(1, 0, 0, 2)}, "passen nicht zusammen"),
        ({"vectors": encoded(1, 0, float("nan"), 0)}, "passen nicht zusammen"),
        ({"vectors": encoded(1, 0, float("inf"), 0)}, "passen nicht zusammen"),
        ({"sentences": None}, "„sentences“ ist keine Liste"),
        ({"sentences": []}, "„sentences“ ist keine Liste"),
        ({"sentences": [[0, 5], [4, 9]]}, "nach Stelle geordnet"),
        ({"sentences": [[0, 5], [5, 5]]}, "nach Stelle geordnet"),
        ({"sentences": [[-1, 5], [5, 9]]}, "nach Stelle geordnet"),
        ({"sentences": [[0, 5], [5, 10_000]]}, "nach Stelle geordnet"),
        ({"sentences": [[0, 5], [5, True]]}, "nach Stelle geordnet"),
        ({"sentences": [[0, 5], [5]]}, "nach Stelle geordnet"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    line = {**GOOD, "embedder": "hash-64", "sentences": [[0, 5], [5, 9]], "vectors": encoded(1, 0, 0, 1), **changes}
    with Store(tmp_path / "home") as store:
        report = imported(store, tmp_path / "datei.jsonl", line, {"path": "/letzte", "text": LONG})
        assert [entry.outcome for entry in report.articles] == [IndexOutcome.ADDED, IndexOutcome.FAILED]
        assert reason in report.articles[1].reason


def test_vectors_of_another_length_are_made_anew(tmp_path: Path) -> None:
    line = {**GOOD, "embedder": "hash-64", "sentences": [[0, 5], [5, 9]], "vectors": encoded(1, 0, 0, 1)}
    with Store(tmp_path / "home") as store:
        assert imported(store, tmp_path / "datei.jsonl", line).count(IndexOutcome.ADDED) == 1
        assert store.vectors([1]).shape == (1, 64)


GOOD = {"path": "/gut", "text": OTHER}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"nonsense", "kein JSON."),
        (b"[" * 100_000, "kein JSON."),
        (b'{"path": "\xff"}', "kein JSON."),
        ([1], "kein JSON-Objekt"),
        ({"path": "/a"}, "„text“ fehlt"),
        ({"path": "/a", "text": " \n"}, "„text“ fehlt"),
        ({"path": "/a", "text": 7}, "„text“ ist kein Text"),
        ({"text": OTHER}, "„path“ fehlt"),
        ({**GOOD, "title": None}, "„title“ ist kein Text"),
        ({**GOOD, "title": "\ud800"}, "„title“ enthält Zeichen, die es nicht gibt"),
        ({**GOOD, "published": "gestern"}, "„published“ ist kein Datum"),
        ({**GOOD, "text": "Cafe\u0301."}, "nicht so normalisiert"),
        ({**GOOD, "text": "Zeile.\r\nZeile."}, "„text“ enthält Steuerzeichen"),
        ({**GOOD, "title": "\x1b[31mrot"}, "„title“ enthält Steuerzeichen"),
        ({**GOOD, "landmarks": {}}, "„landmarks“ ist keine Liste"),
        ({**GOOD, "landmarks": [[0, 1]]}, "„landmarks“ ist keine Liste"),
        ({**GOOD, "landmarks": [[True, 1, ""]]}, "„landmarks“ ist keine Liste"),
        ({**GOOD, "landmarks": [[0, 1, "", 1]]}, "„landmarks“ ist keine Liste"),
        ({**GOOD, "landmarks": [[5, 1, ""], [4, 1, ""]]}, "nach Stelle geordnet"),
        ({**GOOD, "landmarks": [[10_000, 1, ""]]}, "„landmarks“ ist keine Liste"),
        ({**GOOD, "landmarks": [[0, 0, "\udfff"]]}, "Zeichen, die es nicht gibt"),
        ({**GOOD, "versions": ["alt"]}, "„versions“ ist keine Liste von Objekten"),
        ({**GOOD, "versions": [{"text": ""}]}, "„text“ fehlt"),
    ],
)
def test_a_bad_line_is_said_and_the_others_go_on(store: Store, tmp_path: Path, line: Any, reason: str) -> None:
    path = tmp_path / "datei.jsonl"
    report = imported(store, path, {**GOOD, "path": "/erste"}, b"", line, {"path": "/letzte", "text": LONG})
    assert [entry.outcome for entry in report.articles] == [IndexOutcome.ADDED] * 2 + [IndexOutcome.FAILED]
    assert report.articles[2].path == f"{path}:3"
    assert report.articles[2].reason.startswith("Zeile 3: ")
    assert reason in report.articles[2].reason
    assert store.article_count() == 2


def test_unknown_keys_are_passed_over(store: Store, tmp_path: Path) -> None:
    report = imported(store, tmp_path / "datei.jsonl", {**GOOD, "später": [1, 2]})
    assert report.count(IndexOutcome.ADDED) == 1


def test_the_earlier_time_of_taking_up_counts(store: Store, tmp_path: Path) -> None:
    imported(store, tmp_path / "datei.jsonl", {**GOOD, "added": "2024-01-01T00:00:00Z"})
    imported(store, tmp_path / "datei.jsonl", {**GOOD, "added": "2025-01-01T00:00:00Z"})
    imported(store, tmp_path / "datei.jsonl", GOOD)
    assert [article.added for article in store.articles()] == ["2024-01-01T00:00:00Z"]


def test_a_file_that_is_not_there(store: Store, tmp_path: Path) -> None:
    for path in (tmp_path / "fehlt.jsonl", tmp_path):
        with pytest.raises(LoadingError, match=f"Die Datei {path} ist nicht lesbar"):
            take_in(path, store, indexer(store))


def test_a_line_that_is_too_long_is_said_once(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "MAX_LINE_BYTES", 1000)
    report = imported(store, tmp_path / "datei.jsonl", {**GOOD, "text": LONG * 10}, GOOD)
    assert [(entry.path, entry.outcome.value) for entry in report.articles] == [
        ("/gut", "added"),
        (f"{tmp_path}/datei.jsonl:1", "failed"),
    ]
