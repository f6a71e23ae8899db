from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.render.terminal import one_line
from retrieval.collection import Collection
from retrieval.search.exact_words import exact_words, literal
from retrieval.types import Document
from tests.doubles import HashEmbedder, ScriptedReader


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Worum geht es in „Az. 17/2024-B“?", ("Az. 17/2024-B",)),
        ('Wer sprach von "großer  Sorge" und »kleinem Trost«?', ("großer Sorge", "kleinem Trost")),
        ("What is “Az. 17” about?", ("Az. 17",)),
        ("Was heißt „Ja“ und „Ja“?", ("Ja",)),
        *(("„Wer ist der Gouverneur?“", ()), ('"Wer ist der Gouverneur"?', ()), ("Was heißt „…“?", ())),
        ('Wie hoch ist der 5" breite Rand?', ()),
    ],
)
def test_what_stands_in_quotation_marks(question: str, words: tuple[str, ...]) -> None:
    assert exact_words(question) == words


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        *(("Az. 17/2024-A", "zu az. 17/2024-A.", True), ("Az. 17/2024-A", "zu Az. 17/2024-AB", False)),
        *(("17", "2017", False), ("17", "am 17. Mai", True), ("4,5", "um 14,5 Prozent", False)),
        *(("großer Sorge", "Große\nSorge", False), ("Große Sorge", "in große\nSorge", True)),
        *(("Hallenbad", "des Hallenbads", True), ("Hallenbad", "die Hallenbadkasse", False)),
        *(("Bad", "Hallenbad", False), ("§ 5", "nach § 5", True), ("(Main)", "Frankfurt(Main)ufer", True)),
    ],
)
def test_literal_words(words: str, text: str, found: bool) -> None:
    assert bool(literal(words).search(text)) is found


A, B = "Im Verfahren Az. 17/2024-A zahlt die Stadt 300 Euro.", "Im Verfahren Az. 17/2024-B zahlt die Stadt 500 Euro."
OF_A = "Was zahlt die Stadt im Verfahren „Az. 17/2024-A“?"
OF_B = "Was zahlt die Stadt im Verfahren „Az. 17/2024-B“?"
OF_C = "Was zahlt die Stadt im Verfahren „Az. 17/2024-C“?"
OF_BOTH = "Was zahlt die Stadt in „17/2024-A“ und „17/2024-B“?"


@pytest.fixture
def collection(tmp_path: Path, database_url: str) -> Iterator[Collection]:
    """Two articles that differ in a letter and a number."""
    reader = ScriptedReader({OF_A: "300 Euro", OF_B: "500 Euro", OF_C: "300 Euro", OF_BOTH: "300 Euro"})
    home, embedder = tmp_path / "home", HashEmbedder()
    with Collection(home, embedder=embedder, reader=reader, database_url=database_url) as collection:
        for number, text in enumerate([A, B]):
            collection.add_document(Document(text, title=f"Nr. {number}", path=f"/{number}.txt"))
        yield collection


def test_passages_without_the_words_are_no_hits(collection: Collection) -> None:
    for question, quote, text in ((OF_A, "300 Euro", A), (OF_B, "500 Euro", B)):
        answer = collection.ask(question)
        assert (answer.text, [hit.passage.text for hit in answer.hits]) == (quote, [text])


def test_words_that_stand_nowhere_are_named(collection: Collection) -> None:
    answer = collection.ask(OF_C)
    assert (answer.text, answer.hits, answer.absent) == (None, (), ("Az. 17/2024-C",))
    silence = "Dazu steht nichts in den Artikeln. Im Wortlaut steht nirgends: „Az. 17/2024-C“"
    assert one_line(answer, "de") == silence


def test_words_that_only_stand_apart_are_named_together(collection: Collection) -> None:
    assert collection.ask(OF_BOTH).absent == ("17/2024-A", "17/2024-B")


def test_the_very_words_are_found_whatever_else_is_nearer(tmp_path: Path, database_url: str) -> None:
    """The one passage with the words is none of those that search proposes for the question."""
    question = "Was kostet die Fahrt mit dem Zug nach Minsk laut „Blauer Brief“?"
    reader = ScriptedReader({question: "7 Euro"})
    near = "Was kostet die Fahrt mit dem Zug nach Minsk laut Brief? Ein blauer Zettel nennt {} Taler."
    texts = [near.format(number) for number in range(300)]
    with Collection(tmp_path, embedder=HashEmbedder(), reader=reader, database_url=database_url) as collection:
        collection.indexer.index_documents(
            [
                Document(text, title=str(number), path=f"/{number}.txt")
                for number, text in enumerate([*texts, "Blauer Brief: 7 Euro."])
            ]
        )
        assert collection.ask(question).text == "7 Euro"
