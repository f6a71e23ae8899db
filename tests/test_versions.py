"""What an article said before it was corrected."""

from __future__ import annotations

import pytest

from retrieval.backend import backend_of
from retrieval.store.store import Store
from retrieval.types import Document, Landmark
from tests.collection import BREST, PERM, put


@pytest.fixture
def store(empty_store: Store) -> Store:
    return empty_store


def test_a_corrected_article_keeps_its_number_and_its_old_text(store: Store) -> None:
    first = put(store, PERM, "/a", title="Alt", source="BelTA", url="https://x.by/1", published="2024-05-17")
    put(store, BREST, "/a", title="Neu")
    put(store, BREST + "\nSchluss der Meldung.", "/a", title="Neuer", author="Anna")
    assert store.document(first.document_id).title == "Neuer"
    versions = store.versions(first.document_id)
    assert [version.number for version in versions] == [1, 2]
    assert versions[0].document == Document(PERM, "Alt", "BelTA", "https://x.by/1", "2024-05-17", id=1)
    assert versions[1].document == Document(BREST, "Neu", id=1)
    assert all(version.replaced_at.endswith("Z") for version in versions)
    assert backend_of(store).keywords.frequencies(["gouverneur", "mess"]) == {"mess": 1}
    assert store.article_count() == 1


def test_only_other_words_make_a_version(store: Store) -> None:
    put(store, PERM, "/a")
    store.store_without_embedding(Document(PERM, "Anderer Titel", path="/a"))
    put(store, PERM.replace("\n", "\n\n").replace("\n\n", "\n"), "/a")
    assert store.versions(1) == []


def test_versions_go_with_their_article(store: Store) -> None:
    put(store, PERM, "/a")
    put(store, BREST, "/a")
    store.remove(1)
    assert store.versions(1) == []
    assert store.database.rows("SELECT count(*) FROM versions") == [(0,)]


def test_author_language_and_landmarks_come_back(store: Store) -> None:
    landmarks = (Landmark(0, 1, "Überschrift"), Landmark(20, 2))
    put(store, PERM, "/a", author="Anna", language="de", landmarks=landmarks)  # type: ignore[arg-type]
    document = store.document(1)
    assert (document.author, document.language, document.landmarks) == ("Anna", "de", landmarks)
    (article,) = store.articles()
    assert (article.document, article.copy_of) == (document, 0)
    assert len(article.added) == len("2024-05-17T08:30:00Z")
