"""A question's spelling is restored by the words of the collection."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from retrieval import Collection, Conversation
from retrieval.answer import Span
from retrieval.answering.answerer import Answerer
from retrieval.backend import backend_of
from retrieval.language.slips import is_mendable, slip_weight
from retrieval.language.umlauts import fold, is_right_plain, with_umlauts
from retrieval.search.keyword_index import KeywordIndex
from retrieval.search.search import Search
from retrieval.search.spelling import MENDED, Spelling
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.search.word_forms import WordForms
from retrieval.store.store import Store
from tests.collection import put
from tests.doubles import HashEmbedder, ScriptedReader

ARTICLES = {
    "tuerme": (Path(__file__).parent / "data" / "tuerme.txt").read_text("utf-8").split("---")[2].strip(),
    "bahn": "In Weißenfließ fährt ab März eine Straßenbahn.\n"
    "Die Straßenbahn nach Möhringsau hält am Südufer, nicht am Hafen.\n"
    "Bauleiter der Straßenbahn ist Çetin Öztürk aus Weißenfließ.\n"
    "Der Verkehrsverbund Möhringsau zahlt 14 Millionen Euro.\n"
    "Nach dem Aktenzeichen Az. 17/2024-B gilt die Genehmigung bis 2031.",
    "mueller": "Der Bäcker Goetz Mueller backt in Möhringsau Brötchen.\n"
    "Seine Tochter Anna Müller leitet die Mühle, und Gabi Müller die Küche.\n"
    "Im Morgengrauen sagte Michael Steuernagel, die neuen Öfen seien teuer.\n"
    "Am Morgen kommt die NATO, sagte morgen früh der EU-Kommissar.",
    "dichter": "Der Dichter Kohler schrieb über den Vater des Köhlers.\n"
    "Die Väter der Häuser standen in den Läden von Freiburg.\n"
    "Der Präsident sprach im Parlament über Italien, den Oktober und die Polizei.",
}


@pytest.fixture(scope="module")
def spelling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spelling]:
    with Store(tmp_path_factory.mktemp("spelling")) as store:
        for path, text in ARTICLES.items():
            put(store, text, path)
        yield Spelling(KeywordIndex(store))


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        # The case itself.
        ("Wer ist Buergermeisterin von Koehlau?", "Wer ist Bürgermeisterin von Köhlau?"),
        ("Wer ist Burgermeisterin von Kohlau?", "Wer ist Bürgermeisterin von Köhlau?"),
        # What stands for an umlaut or "ß".
        ("Wie hoch waren die Kuehltuerme in Koehlau?", "Wie hoch waren die Kühltürme in Köhlau?"),
        ("Ab wann faehrt die Strassenbahn in Weissenfliess?", "Ab wann fährt die Straßenbahn in Weißenfließ?"),
        ("Was kostet der Rueckbau fuer Koehlau?", "Was kostet der Rückbau für Köhlau?"),
        ("Wer ist Koehlaus Buergermeisterin?", "Wer ist Köhlaus Bürgermeisterin?"),
        ("Welche Bruecke, welche Muehlen?", "Welche Bruecke, welche Mühlen?"),
        ("Wer ist Erna Grössmann?", "Wer ist Erna Größmann?"),
        ("Where does Oeztuerk live, and who is Groessmann?", "Where does Öztürk live, and who is Größmann?"),
        # Missing dots.
        ("Wer ist Erna Grossmann?", "Wer ist Erna Größmann?"),
        ("Wer ist Cetin Ozturk?", "Wer ist Çetin Öztürk?"),
        ("Who is the mayor of Kohlau?", "Who is the mayor of Köhlau?"),
        # Capitals.
        ("WER IST BÜRGERMEISTERIN VON KÖHLAU?", "Wer ist Bürgermeisterin von Köhlau?"),
        ("WIE VIEL KOSTET DER RUECKBAU IN KOEHLAU?", "Wie viel kostet der Rückbau in Köhlau?"),
        ("WANN KOMMT DIE NATO NACH FREIBURG?", "Wann kommt die NATO nach Freiburg?"),
        ("WER BAUT DIE STRASSENBAHN IN WEISSENFLIESS?", "Wer baut die Straßenbahn in Weißenfließ?"),
        ("WHO IS THE MAYOR OF KÖHLAU?", "Who is the mayor of Köhlau?"),
        ("Wer ist Bürgermeisterin von köhlau?", "Wer ist Bürgermeisterin von Köhlau?"),
        # No capitals.
        ("wer ist bürgermeisterin von köhlau?", "Wer ist Bürgermeisterin von Köhlau?"),
        ("wie heisst die buergermeisterin von koehlau", "Wie heißt die Bürgermeisterin von Köhlau"),
        ("who is the mayor of koehlau?", "Who is the mayor of Köhlau?"),
        ("who spoke in freiburg about öztürk?", "Who spoke in Freiburg about Öztürk?"),
        # One slip.
        ("Wer ist Bürgermeistrein von Köhlau?", "Wer ist Bürgermeisterin von Köhlau?"),
        ("Wer ist Bürgermeisterin von Köhlua?", "Wer ist Bürgermeisterin von Köhlau?"),
        ("Was zahlt der Verkehrsvebund Möhringsau?", "Was zahlt der Verkehrsverbund Möhringsau?"),
        ("Wer ist Baulxeiter der Strasenbahn?", "Wer ist Bauleiter der Straßenbahn?"),
        ("Wlche Türme wurden gesprengt?", "Welche Türme wurden gesprengt?"),
        ("Who built the tram in Moehrignsau?", "Who built the tram in Möhringsau?"),
    ],
)
def test_the_spelling_of_the_articles_is_restored(spelling: Spelling, typed: str, right: str) -> None:
    assert spelling.restored(typed) == right
    assert spelling.restored(right) == right


@pytest.mark.parametrize(
    "question",
    [
        "",
        "???",
        "Wer ist Bürgermeisterin von Köhlau?",
        # Words that hold "ae", "oe", "ue" and "ss" by themselves, and what the articles have in either form.
        "Wie teuer sind die neuen Öfen, Michael Steuernagel aus Israel?",
        "Wer ist Goetz Mueller, wer Anna Müller?",
        "Dass Goethe ein Poet war, muss das sein?",
        # Another word without the umlaut than with it.
        "Wer ist der Vater, welcher Laden ist das?",
        "Was schrieb Kohler über Kohlers Haus?",
        # Words and names that are not those of the articles.
        "Wer gewann in Freiberg?",
        "Wer ist Präsident von Hessen?",
        "Was ist die Milchstraßenbahn?",
        "Wann ist die Bauleitung fertig?",
        "Was sagt Bürgermeister Köhler?",
        # English words that are nearly German ones.
        "Which Parliament did the Italian President and the Police visit in October?",
        "Who paid for the tram, and is the class of the oven true blue?",
        "how many people live near the harbour?",
        "Who was the guest of the German dichter?",
        "Is the EU a union, and the USA?",
        # Numbers, references, addresses.
        "Was steht in Az. 17/2024-B vom 3.5.2024, was in BV-2024/117-KOEHLAU?",
        "Was steht auf www.koehlau.de, wem gehört info@koehlau.de?",
        "Wer hat 14 Mio. Euro, die U2, CO2 und den A380?",
    ],
)
def test_what_the_articles_do_not_tell_stays(spelling: Spelling, question: str) -> None:
    assert spelling.restored(question) == question


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("WAS STEHT IN AZ. 17/2024-B ZU KÖHLAU?", "Was steht in AZ. 17/2024-B zu Köhlau?"),
        ("was kostet az. 17/2024-b in koehlau?", "Was kostet az. 17/2024-b in Köhlau?"),
    ],
)
def test_references_stay_in_a_question_that_changes(spelling: Spelling, typed: str, right: str) -> None:
    assert spelling.restored(typed) == right


def test_letters_in_two_parts_are_umlauts_too(spelling: Spelling) -> None:
    assert spelling.restored("Wer ist Bu\u0308rgermeistrein von Koehlau?") == "Wer ist Bürgermeisterin von Köhlau?"


_INSIDE = sorted(
    {word for text in ARTICLES.values() for word in text.replace("\n", " ").split() if not word.strip(",.").isupper()}
)


@given(words=st.lists(st.sampled_from(_INSIDE), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_a_question_of_the_articles_words_stays(spelling: Spelling, words: list[str]) -> None:
    question = " ".join(words) + "?"
    assert spelling.restored(question) == question


@given(question=st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_can_be_asked_and_restoring_twice_changes_nothing(spelling: Spelling, question: str) -> None:
    once = spelling.restored(question)
    assert spelling.restored(once) == once


def test_of_two_like_it_the_one_that_is_in_most_passages_is_taken(empty_store: Store) -> None:
    spelling = Spelling(backend_of(empty_store).keywords)
    put(empty_store, "Es sprach Dragomirek.\nEs sprach Dragomirok.", "once")
    assert spelling.restored("Wer ist Dragomirxk?") == "Wer ist Dragomirxk?"
    put(empty_store, "\n".join(f"Am {day}. Mai sprach Dragomirek." for day in range(1, 25)), "often")
    assert spelling.restored("Wer ist Dragomirxk?") == "Wer ist Dragomirek?"


class LargeIndex(KeywordIndex):
    """Says that there are a million passages."""

    def highest_passage(self) -> int:
        return 1_000_000


def test_in_a_large_collection_a_rare_word_is_no_right_one(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, ARTICLES["tuerme"], "tuerme")
        assert Spelling(KeywordIndex(store)).restored("Was sagt die Prüfreiin?") == "Was sagt die Prüfreiin?"
        assert Spelling(KeywordIndex(store)).restored("Was sagt die Prüefrin?") == "Was sagt die Prüferin?"
        assert Spelling(LargeIndex(store)).restored("Was sagt die Prüefrin?") == "Was sagt die Prüefrin?"


def test_a_form_that_only_later_passages_have_counts(empty_store: Store) -> None:
    put(empty_store, "\n".join(f"Am {day}. Mai sprach Jürgen Schröder." for day in range(1, 20)), "umlaut")
    spelling = Spelling(backend_of(empty_store).keywords)
    assert spelling.restored("Was sagt Schroeder?") == "Was sagt Schröder?"
    put(empty_store, "Da kam Schroeder.", "plain")
    assert spelling.restored("Was sagt Schroeder?") == "Was sagt Schroeder?"


def test_a_damaged_keyword_index_leaves_the_question_to_search(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, ARTICLES["tuerme"], "tuerme")
        spelling = Spelling(KeywordIndex(store))
        with store.database.transaction() as connection:
            connection.execute("DROP TABLE keywords")
        assert spelling.restored("Wer ist Buergermeisterin von Koehlau?") == "Wer ist Buergermeisterin von Koehlau?"


class CountingIndex(KeywordIndex):
    """Counts how often it is asked."""

    asked = 0

    def texts_with(self, term: str, limit: int) -> list[str]:
        self.asked += 1
        return super().texts_with(term, limit)

    def terms_from(self, prefix: str, limit: int) -> dict[str, int]:
        self.asked += 1
        return super().terms_from(prefix, limit)

    def frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        self.asked += 1
        return super().frequencies(terms)


@pytest.mark.parametrize("words", [10, 50, 150])
def test_what_a_question_takes_grows_with_its_words_only(tmp_path: Path, words: int) -> None:
    with Store(tmp_path) as store:
        put(store, ARTICLES["tuerme"], "tuerme")
        index = CountingIndex(store)
        question = " ".join(
            f"Xq{'abcdefghij'[n // 10 % 10]}w{'klmnopqrst'[n % 10]}{'uvwxyz'[n // 100]}" for n in range(words)
        )
        started = time.process_time()
        Spelling(index).restored(question)
        assert time.process_time() - started < 2
        assert index.asked <= words + MENDED * 14


def test_a_large_collection_is_asked_quickly(tmp_path: Path) -> None:
    syllables = ("ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru")
    names = [f"{a}{b}{c}dorf".capitalize() for a in syllables for b in syllables for c in syllables]
    with Store(tmp_path) as store:
        for part in range(0, 1000, 100):
            put(store, "\n".join(f"In {name} baut Köhlau Türme." for name in names[part : part + 100]), f"{part}")
        spelling = Spelling(KeywordIndex(store))
        question = "Wann baut Koehlau Tuerme in Badepodrof?"
        assert spelling.restored(question) == "Wann baut Köhlau Türme in Badepodorf?"
        started = time.process_time()
        for _ in range(10):
            spelling.restored(question)
        assert (time.process_time() - started) / 10 < 0.25


# The parts


@pytest.mark.parametrize(
    ("word", "folded"),
    [("Größe", "grosse"), ("Groesse", "grosse"), ("neue", "neue"), ("Quelle", "quelle"), ("Çetin", "cetin"), ("", "")],
)
def test_folding(word: str, folded: str) -> None:
    assert fold(word) == folded


def test_umlauts_come_from_a_form_of_the_same_word() -> None:
    assert with_umlauts("Koehlau", "köhlau") == "köhlau"
    assert with_umlauts("Kohlau", "köhlau") is None
    assert with_umlauts("Kohlau", "köhlau", missing=True) == "köhlau"
    assert with_umlauts("Koehlau", "köhler", missing=True) is None
    assert with_umlauts("Köhlau", "koehlau", missing=True) is None
    assert with_umlauts("Maerkten", "märkte", stem=5) == "märkten"
    assert with_umlauts("Markt", "märkte", stem=4) is None
    assert is_right_plain("Laden")
    assert is_right_plain("Ladens")
    assert not is_right_plain("Koln")


@pytest.mark.parametrize(
    ("typed", "right", "weight"),
    [
        ("goslra", "goslar", 2),
        ("gosslar", "goslar", 2),
        ("wasermann", "wassermann", 2),
        ("verkehrsvebund", "verkehrsverbund", 1),
        ("goxlar", "goslar", 1),  # no German word has these letters in a row
        ("sudan", "sedan", 0),  # a wrong letter in a short word
        ("anordnung", "abordnung", 1),
        ("präsidentin", "präsidenten", 0),  # an ending
        ("goslar", "goslar", 0),
        ("glosra", "goslar", 0),
        ("wagn", "wagen", 0),
        ("caféhaus", "kaféhaus", 0),
    ],
)
def test_weights_of_slips(typed: str, right: str, weight: int) -> None:
    assert slip_weight(typed, right) == weight


@given(word=st.text("abcdeäöüß", min_size=6, max_size=12), data=st.data())
def test_two_letters_that_changed_places_are_the_surest_slip(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(word) - 2))
    typed = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    assert is_mendable(typed)
    assert slip_weight(typed, word) == (0 if typed == word else 2)


def test_the_forms_of_a_word() -> None:
    texts = ["KÖHLAU (Bote) - Wer in Köhlau wohnt, sieht die Türme. „Türme“ sind ein Turm.", "Türme wachsen."]
    places, towers = WordForms.of("kohlau", texts), WordForms.of("turm", texts)
    assert places.usual("köhlau") == "Köhlau"
    assert places.is_name("köhlau")
    assert towers.lower() == {"türme", "turm"}
    assert towers.count("türme") == 3
    assert not towers.is_name("türme")
    assert towers.usual("türmen") is None
    assert WordForms.of("kohlau", texts[:1]).usual("köhlau") == "Köhlau"
    assert WordForms.of("kohlau", ["KÖHLAU, 3. Mai (Bote)"]).usual("köhlau") == "Köhlau"


# Answers

WHO = "Wer ist Bürgermeisterin von Köhlau?"
TYPED = "wer ist buergermeistrein von koehlau?"


class KeepingEmbedder(HashEmbedder):
    """Keeps the questions that it embeds."""

    def __init__(self) -> None:
        super().__init__()
        self.questions: list[str] = []

    def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.questions += texts
        return super().embed_questions(texts)


class KeepingReader(ScriptedReader):
    """Keeps the questions that it reads for."""

    def __init__(self) -> None:
        super().__init__({WHO: "Erna Größmann"})
        self.questions: set[str] = set()

    def read(self, question: str, passages: Sequence[str]) -> tuple[Span | None, ...]:
        self.questions.add(question)
        return super().read(question, passages)


def test_the_models_get_the_restored_question_and_people_see_their_own(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, ARTICLES["tuerme"], "tuerme")
        embedder, reader = KeepingEmbedder(), KeepingReader()
        answerer = Answerer(Search(store, embedder, FaissVectorIndex(store), KeywordIndex(store)), reader)
        answer = answerer.ask(TYPED)
        assert (answer.text, answer.question) == ("Erna Größmann", TYPED)
        assert embedder.questions == [WHO]
        assert reader.questions == {WHO}
        conversation = Conversation(answerer)
        assert conversation.ask("Wie hoch waren die Kuehltuerme?").question == "Wie hoch waren die Kuehltuerme?"
        followed = conversation.ask("Und wer ist Buergermeisterin von Koehlau?")
        assert "Koehlau" in followed.complete_question
        assert "Köhlau" not in followed.complete_question


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    folder = tmp_path_factory.mktemp("articles")
    (folder / "tuerme.txt").write_text((Path(__file__).parent / "data" / "tuerme.txt").read_text("utf-8"), "utf-8")
    (folder / "bahn.txt").write_text("Die Straßenbahn\n\n" + ARTICLES["bahn"].replace("\n", " "), "utf-8")
    with Collection(tmp_path_factory.mktemp("home")) as collection:
        collection.index([folder])
        yield collection


@pytest.mark.parametrize(
    ("right", "typed", "quote"),
    [
        (WHO, "Wer ist Buergermeisterin von Koehlau?", "Erna Größmann"),
        (WHO, "Wer ist Burgermeisterin von Kohlau?", "Erna Größmann"),
        (WHO, "WER IST BUERGERMEISTERIN VON KOEHLAU?", "Erna Größmann"),
        (WHO, TYPED, "Erna Größmann"),
        (
            "Wer ist Bauleiter der Straßenbahn in Weißenfließ?",
            "Wer ist Bauleiter der Strasenbahn in Weissenfliess?",
            "Çetin Öztürk",
        ),
    ],
)
def test_embedded_models_answer_as_to_the_right_spelling(
    collection: Collection, right: str, typed: str, quote: str
) -> None:
    answer, expected = collection.ask(typed), collection.ask(right)
    assert quote in (expected.best or "")
    assert (answer.text, answer.confidence, answer.hits) == (expected.text, expected.confidence, expected.hits)
    assert answer.question == typed
