"""retrieval: the entrance to the library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import retrieval
from retrieval import Collection, Conversation, Document, Filter
from tests.conftest import ROOT
from tests.doubles import HashEmbedder, ScriptedReader


def test_the_example(tmp_path: Path, seeds: Path) -> None:
    """The one that the package's docstring and docs/python-api.md show, with the embedded models."""
    with Collection(tmp_path / "articles") as collection:
        collection.index([seeds])
        answer = collection.ask("Wer ist Gouverneur der Region Perm?")
    assert answer.text == "Dmitri Machonin"
    assert answer.document is not None and answer.document.title.startswith("Belarus und Region Perm")
    assert answer.document.text[answer.start : answer.end] == answer.text
    assert 0 < answer.confidence < 1


def test_importing_it_loads_nothing_heavy() -> None:
    names = ", ".join(retrieval.__all__)
    code = f"from retrieval import {names}; import sys; print({{'numpy', 'torch', 'faiss'}} & sys.modules.keys())"
    assert subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT) == "set()\n"


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    """A collection with models of its own."""
    reader = ScriptedReader({"Wann beginnt die Messe?": "17. Mai"})
    return Collection(tmp_path / "home", embedder=HashEmbedder(), reader=reader, threshold=0.0)


def test_articles_come_and_go(collection: Collection) -> None:
    with collection:
        report = collection.add_document(Document("Die Messe beginnt am 17. Mai.", title="Messe", path="/messe"))
        (article,) = collection.articles()
        assert (report.path, article.document.title) == ("/messe", "Messe")
        assert collection.articles(Filter(words=("nichts",))) == []
        assert collection.document_at("/messe") == collection.document(article.document.id) == article.document
        assert (collection.article_count(), collection.sentence_count()) == (1, 1)
        assert collection.sentences_of(article.document) == 1
        assert collection.copies(article.document.id) == ()
        collection.check()
        collection.remove([article.document])
        assert collection.documents() == []
        assert collection.document(article.document.id) is collection.document_at("/messe") is None


def test_a_conversation_asks_the_collection(collection: Collection) -> None:
    with collection:
        collection.add_document(Document("Die Messe beginnt am 17. Mai.", title="Messe", path="/messe"))
        talk = Conversation(collection)
        assert talk.ask("Wann beginnt die Messe?").text == "17. Mai"
        assert talk.last is not None and talk.last.text == "17. Mai"


def test_another_embedder_is_matched_by_itself(collection: Collection, tmp_path: Path) -> None:
    with collection:
        collection.add_document(Document("Die Messe beginnt am 17. Mai.", title="Messe", path="/messe"))
    said: list[str] = []
    reader = ScriptedReader({"Wann?": "17. Mai"})
    with Collection(tmp_path / "home", embedder=HashEmbedder("other"), reader=reader, notify=said.append) as again:
        again.ask("Wann?")
        assert again.store.embedder_signature == HashEmbedder("other").signature
    assert len(said) > 0


def test_closing_what_was_never_opened(tmp_path: Path) -> None:
    with Collection(tmp_path / "home"):
        pass
    assert not (tmp_path / "home").exists()
