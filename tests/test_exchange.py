"""Export and import: a collection as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import LoadingError
from retrieval.index_report import IndexOutcome, IndexReport
from retrieval.indexing import transfer
from retrieval.indexing.indexer import Indexer
from retrieval.indexing.transfer import export, take_in
from retrieval.language.sentences import SentenceSplitter
from retrieval.store.store import Store
from retrieval.types import Document, Landmark
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
