"""Every string of an article is clean before it is stored, wherever the article comes from, and stays so when exported
and imported again."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from retrieval.index_report import IndexOutcome
from retrieval.indexing.indexer import Indexer
from retrieval.indexing.transfer import export, take_in
from retrieval.language.sentences import SentenceSplitter
from retrieval.loading.documents import read_documents
from retrieval.loading.normalise import clean_document, compose
from retrieval.loading.parsed import Block, Refused, Skipped
from retrieval.store.store import Store
from retrieval.types import Document, Landmark
from tests.doubles import HashEmbedder

#: What no string of an article holds: controls but tab and line feed, and what turns the writing direction round.
HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
FIELDS = ("title", "source", "url", "published", "language", "author")

_PIECES = st.sampled_from([
    "Die Messe", " beginnt", ".", "\n", "\t", "\r\n", "\x1b[2J", "\x9b31m", "\x07", "\x00", "\u202e", "\u2066",
    "\u2069", "\u200e", "\u200f", "\u061c", "\u2028", "\x85", "e", "\u0301", "\u0323", "a\u0308", "\u00ad",
    "🏴\u200d☠", "\ud83d", "=1", "2024-05-17", "17. Mai 2024",
])  # fmt: skip
STRINGS = st.lists(_PIECES, max_size=8).map("".join) | st.text(max_size=20)
TEXTS = STRINGS.map(lambda words: f"In Brest beginnt heute die Messe.{words} Sie zeigt Maschinen.")


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(TEXTS)
    starts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=4)))
    landmarks = tuple(Landmark(start, draw(st.integers(0, 9)), draw(STRINGS)) for start in starts)
    fields = {name: draw(STRINGS) for name in FIELDS}
    return Document(text, **{**fields, "url": f"https://example.org/{fields['url']}"}, landmarks=landmarks)


def strings_of(document: Document) -> list[str]:
    return [getattr(document, name) for name in FIELDS] + [landmark.heading for landmark in document.landmarks]


@given(documents())
@example(Document("a\u202eb", url="https://example.org/", landmarks=(Landmark(1, 2), Landmark(2, 3))))
@example(Document("e\u202e\u0301", url="https://example.org/", landmarks=(Landmark(1), Landmark(2))))
def test_a_clean_document_is_harmless(document: Document) -> None:
    cleaned = clean_document(document)
    assert not any(HARMFUL.search(value) or "\n" in value for value in strings_of(cleaned))
    assert not HARMFUL.search(cleaned.text)
    assert unicodedata.is_normalized("NFC", cleaned.text)
    assert cleaned.url.startswith("https://example.org/") and not re.search(r"\s", cleaned.url)
    assert clean_document(cleaned) == cleaned
    # What stands behind a landmark still does.
    assert [mark.page for mark in cleaned.landmarks] == [mark.page for mark in document.landmarks]
    for before, after in zip(document.landmarks, cleaned.landmarks, strict=True):
        assert 0 <= after.start <= len(cleaned.text)
        rest = clean_document(Document(document.text[before.start :])).text
        assert _letters(cleaned.text[after.start :]) == _letters(rest)


def _letters(text: str) -> str:
    """The text without blanks; a mark that a landmark parts from its letter is with it again."""
    return unicodedata.normalize("NFD", "".join(text.split()))


@given(documents())
def test_a_clean_document_stays_the_same(document: Document) -> None:
    kept = replace(clean_document(document), path="/bo\u202es\x1b/artikel.txt")
    assert clean_document(kept) == kept


@given(
    st.lists(st.builds(Block, STRINGS, st.integers(0, 3), st.booleans(), st.sampled_from(["\n", " ", ""])), max_size=5)
)
@example([Block("e"), Block("\u0301", joint="")])
@example([Block("e\u0307"), Block("\u0323", joint="")])
def test_text_in_blocks_is_normalised_as_a_whole(blocks: list[Block]) -> None:
    text, landmarks = compose(blocks)
    assert unicodedata.is_normalized("NFC", text)
    assert clean_document(Document(text, landmarks=landmarks)) == Document(text, landmarks=landmarks)


@given(st.fixed_dictionaries(dict.fromkeys(FIELDS, STRINGS)), TEXTS)
def test_what_files_say_is_cleaned(fields: dict[str, str], text: str) -> None:
    raw = json.dumps({"text": text, **fields}).encode()
    for member in read_documents(raw, "liste.json"):
        assert not isinstance(member, Refused)
        if isinstance(member, Skipped):  # a date or an address that cannot be understood
            continue
        assert clean_document(member.document) == member.document
        assert not any(HARMFUL.search(value) for value in (member.document.text, *strings_of(member.document)))


PATHS = ["/a.txt", "/zeilen\nende.txt", "/farbe\x1b[31m.txt", "/txt.\u202eexe", "/tab\t\x9b.txt"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(documents(), min_size=1, max_size=4))
def test_export_and_import_change_nothing(tmp_path_factory: pytest.TempPathFactory, found: list[Document]) -> None:
    folder = tmp_path_factory.mktemp("homes")
    files = [folder / name for name in ("erste.jsonl", "zweite.jsonl")]
    with Store(folder / "a") as one, Store(folder / "b") as other:
        kept = [replace(document, path=path) for document, path in zip(found, PATHS, strict=False)]
        report = _indexer(one).index_documents(kept)
        assert report.count(IndexOutcome.FAILED) == 0
        _corrected(one, kept[0])
        _export(one, files[0])
        assert take_in(files[0], other, _indexer(other)).count(IndexOutcome.FAILED) == 0
        _export(other, files[1])
    assert files[0].read_bytes() == files[1].read_bytes()
    assert not HARMFUL.search(files[0].read_text("utf-8"))


def _corrected(store: Store, document: Document) -> None:
    """The article gets an earlier version."""
    assert _indexer(store).index_documents([replace(document, text=document.text + " Sie endet bald.")])


def _export(store: Store, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        export(store, file)


def _indexer(store: Store) -> Indexer:
    return Indexer(store, _SPLITTER, HashEmbedder())


_SPLITTER = SentenceSplitter()


def test_every_document_passes_the_gate(tmp_path: Path) -> None:
    with Store(tmp_path / "home") as store:
        dirty = Document("In Brest\x1b[2J beginnt die \u202eMesse.", "Mes\x07se\n2", "Bel\u2066TA", path="/a\x1b.txt")
        _indexer(store).index_documents([replace(dirty, url="https://a.example/\x1b]8;;\u202e")])
        (document,) = store.documents()
    assert (document.title, document.source, document.path) == ("Messe 2", "BelTA", "/a\x1b.txt")
    assert document.text == "In Brest[2J beginnt die Messe."
    assert document.url == "https://a.example/%1B]8;;%E2%80%AE"
