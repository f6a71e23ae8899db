"""Wire copy: articles that say the same are searched once, and named together."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.index_report import ArticleReport, IndexOutcome
from retrieval.indexing.indexer import Indexer
from retrieval.language.sentences import SentenceSplitter
from retrieval.store.near_duplicates import BANDS, are_copies, bands, shingles
from retrieval.store.store import Store
from retrieval.types import Document
from tests.doubles import HashEmbedder

LONG = (
    "Die Stadt Fulda hat am Samstag ihr Hallenbad wieder eröffnet. Es war zwei Jahre lang geschlossen, weil das "
    "Dach saniert werden musste. Der Oberbürgermeister sprach von einem guten Tag für alle Familien der Stadt. Die "
    "Kosten blieben mit 4,5 Millionen Euro im Rahmen. Vereine und Schulen hatten so lange nach Hünfeld ausweichen "
    "müssen. Der Eintritt kostet künftig 5 Euro, für Kinder die Hälfte. Geöffnet ist das Bad täglich bis 21 Uhr."
)
WIRE = LONG.replace("sprach von", "redete von")
OTHER = (
    "In Brest beginnt in dieser Woche die Messe für Maschinenbau. Mehr als hundert Aussteller aus sieben Ländern "
    "zeigen Traktoren, Pumpen und Motoren. Der Eintritt ist frei, wie die Veranstalter am Montag mitteilten."
)


def match(day: str, score: str) -> str:
    return (
        f"Die Mannschaft aus Minsk spielte am {day} vor vollem Haus gegen die Gäste aus Brest. Das Spiel endete "
        f"{score}. Der Trainer zeigte sich nach dem Abpfiff zufrieden mit der Leistung seiner Spieler und dankte den "
        "Anhängern für ihre Unterstützung. Am nächsten Spieltag tritt die Mannschaft auswärts an, dann kehrt auch der "
        "verletzte Torwart in den Kader zurück, wie der Verein am Abend mitteilte."
    )


@pytest.fixture
def store(empty_store: Store) -> Store:
    return empty_store


@pytest.fixture
def indexer(store: Store) -> Indexer:
    return Indexer(store, SentenceSplitter(), HashEmbedder())


def index(indexer: Indexer, **texts: str) -> dict[str, str]:
    """Takes up texts by path; what became of each."""
    report = indexer.index_documents([Document(text, f"Titel {path}", path=path) for path, text in texts.items()])
    return {entry.path: entry.outcome.value for entry in report.articles}


def kept(store: Store) -> dict[str, str]:
    """Path -> the path of the article that is searched in its place."""
    paths = {article.document.id: article.document.path for article in store.articles()}
    return {article.document.path: paths.get(article.copy_of, "") for article in store.articles()}


def test_wire_copy_is_kept_as_a_copy(indexer: Indexer, store: Store) -> None:
    index(indexer, a=LONG, c=OTHER)
    sentences, generation = store.sentence_count(), store.generation
    copy = Document(WIRE, "Abschrift", "dpa", url="https://dpa.de/1", published="2024-05-17", path="b")
    report = indexer.index_documents([copy])
    assert report.articles == (ArticleReport("b", IndexOutcome.DUPLICATE, "fast gleicher Text wie „Titel a“ (a)"),)
    assert (store.article_count(), store.sentence_count(), store.generation) == (2, sentences, generation)
    assert kept(store) == {"a": "", "b": "a", "c": ""}
    (copy,) = store.copies([1, 2])[1]
    assert (copy.text, copy.source, copy.url, copy.published) == (WIRE, "dpa", "https://dpa.de/1", "2024-05-17")
    assert [document.path for document in store.documents()] == ["a", "c"]
    assert index(indexer, a=LONG) == {"a": "unchanged"}


def test_what_is_known_about_a_copy_can_change(indexer: Indexer, store: Store) -> None:
    index(indexer, a=LONG, b=WIRE)
    report = indexer.index_documents([Document(WIRE, "Neu", "AFP", path="b")])
    assert report.articles[0].outcome is IndexOutcome.DUPLICATE
    assert [copy.source for copy in store.copies([1])[1]] == ["AFP"]


def test_reports_that_differ_in_their_numbers_are_no_copies(indexer: Indexer, store: Store) -> None:
    saturday, sunday = match("Samstag", "3:1"), match("Sonntag", "2:0")
    first, second = shingles(saturday), shingles(sunday)
    assert len(set(first.tolist()) & set(second.tolist())) > 0.8 * len(first)  # the words alone would not tell
    assert index(indexer, a=saturday, b=sunday) == {"a": "added", "b": "added"}
    assert are_copies(saturday, match("Sonntag", "3:1"))


def test_when_the_kept_one_is_removed_the_oldest_copy_takes_its_place(indexer: Indexer, store: Store) -> None:
    index(indexer, a=LONG, b=WIRE, c=LONG + " Ende.")
    store.remove(1)
    assert [document.path for document in store.waiting_documents()] == ["b", "c"]
    assert (store.sentence_count(), store.article_count()) == (0, 2)
    indexer.index_documents(())
    assert kept(store) == {"b": "", "c": "b"}
    assert store.sentence_count() == 7
    assert store.waiting_documents() == []


def test_when_the_kept_one_changes_the_copy_takes_its_place(indexer: Indexer, store: Store) -> None:
    index(indexer, a=LONG, b=WIRE, c=WIRE)
    assert index(indexer, a=OTHER) == {"a": "updated"}
    assert kept(store) == {"a": "", "b": "", "c": "b"}
    assert index(indexer, b=WIRE, c=WIRE) == {"b": "unchanged", "c": "duplicate"}


def test_a_copy_whose_file_is_broken_takes_over_and_its_file_is_reported(
    indexer: Indexer, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text(LONG)
    (tmp_path / "b.txt").write_text(WIRE)
    indexer.index([tmp_path / "a.txt", tmp_path / "b.txt"])
    (tmp_path / "a.txt").write_text(OTHER)
    (tmp_path / "b.txt").write_text("")
    report = indexer.index([tmp_path / "a.txt", tmp_path / "b.txt"])
    assert [entry.outcome.value for entry in report.articles] == ["updated", "failed"]
    assert kept(store) == {str(tmp_path / "a.txt"): "", str(tmp_path / "b.txt"): ""}
    assert store.waiting_documents() == []


def test_a_small_correction_keeps_its_copies(indexer: Indexer, store: Store) -> None:
    index(indexer, a=LONG, b=WIRE)
    assert index(indexer, a=LONG.replace("sprach von", "schwärmte von")) == {"a": "updated"}
    assert kept(store) == {"a": "", "b": "a"}


def test_an_article_that_becomes_a_copy_hands_on_its_own(indexer: Indexer, store: Store) -> None:
    index(indexer, a=LONG, b=OTHER, c=OTHER + " Ende.")
    assert kept(store) == {"a": "", "b": "", "c": "b"}
    assert index(indexer, b=WIRE) == {"b": "duplicate"}
    assert kept(store) == {"a": "", "b": "a", "c": ""}
    assert [version.document.text for version in store.versions(2)] == [OTHER]


def test_a_copy_that_changes_is_searched(indexer: Indexer, store: Store) -> None:
    index(indexer, a=LONG, b=WIRE)
    assert index(indexer, b=OTHER) == {"b": "updated"}
    assert kept(store) == {"a": "", "b": ""}
    assert [version.document.text for version in store.versions(2)] == [WIRE]


def test_interrupted_before_a_copy_took_over_the_next_run_does_it(indexer: Indexer, store: Store) -> None:
    index(indexer, a=LONG, b=WIRE)
    store.remove(1)  # and the process ends
    assert index(indexer, c=OTHER) == {"c": "added"}
    assert kept(store) == {"b": "", "c": ""}
    assert store.sentence_count() > 0


def test_whatever_happens_each_copy_has_a_searched_original(indexer: Indexer, store: Store) -> None:
    chance = random.Random(3)
    texts = [LONG, WIRE, LONG + " Ende.", OTHER, OTHER + " Schluss.", match("Samstag", "3:1"), match("Montag", "3:1")]
    now: dict[str, str] = {}
    for _ in range(60):
        path = chance.choice("abcdef")
        if chance.random() < 0.25 and path in now:
            store.remove(next(a.document.id for a in store.articles() if a.document.path == path))
            del now[path]
        else:
            now[path] = chance.choice(texts)
            index(indexer, **{path: now[path]})
        if chance.random() < 0.5:
            indexer.index_documents(())
            assert store.waiting_documents() == []
    indexer.index_documents(())
    assert {article.document.path: article.document.text for article in store.articles()} == now
    searched = {row[0] for row in store.database.rows("SELECT DISTINCT document_id FROM sentences")}
    for article in store.articles():
        assert (article.document.id in searched) == (article.copy_of == 0)
        assert article.copy_of == 0 or article.copy_of in searched
        assert article.copy_of == 0 or are_copies(article.document.text, store.document(article.copy_of).text)


def test_bands_find_similar_texts_and_few_others() -> None:
    chance = random.Random(1)
    words = [f"wort{number}" for number in range(5000)]
    texts = [[chance.choice(words) for _ in range(300)] for _ in range(60)]

    def meet(one: list[str], other: list[str]) -> bool:
        return any(a == b for a, b in zip(bands(" ".join(one)), bands(" ".join(other)), strict=True))

    for text in texts:
        changed = list(text)
        for _ in range(5):  # 25 of about 300 shingles: a similarity of 0.85
            changed[chance.randrange(300)] = "anders"
        assert meet(text, changed)
    assert not any(meet(one, other) for one, other in pairwise(texts))


def test_bands_never_change() -> None:
    # They are kept in databases: another way to compute them needs a new schema version.
    assert bands("Dmitri Machonin ist Gouverneur der Region Perm.")[:2] == (4151064258624977989, 8571826871686677715)


@given(st.text(max_size=80))
def test_any_text_has_bands_and_is_its_own_copy(text: str) -> None:
    assert len(bands(text)) == BANDS
    assert all(0 <= value < 2**63 for value in bands(text))
    assert are_copies(text, text)
