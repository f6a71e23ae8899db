"""Names in a question, and whether an article has them."""

from pathlib import Path

import pytest

from bot.access.values import answer_value
from bot.render.terminal import one_line
from retrieval.collection import Collection
from retrieval.language.names import names_in, strange_names, together
from retrieval.types import Document
from tests.doubles import HashEmbedder, ScriptedReader


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Was kostet die Brücke in Bautzen?", ("Bautzen",)),
        ("Was kostet die Brücke in Kleinkleckersdorf?", ("Kleinkleckersdorf",)),
        ("Was sagt Merkel über Hamburg?", ("Merkel", "Hamburg")),
        ("Who is the mayor of Hamburg?", ("Hamburg",)),
        ("Wie viele Menschen leben in Deutschland?", ()),
        ("Ab wann gilt das in Zukunft an Bord?", ()),
        ("Wer zog die Bienen aus dem Verkehr?", ()),
        ("How cold is it in Switzerland on Friday?", ()),
        ("Wohin fahren die Leute mit Bussen nach Feierabend?", ()),
        ("", ()),
    ],
)
def test_names_are_told_from_nouns(question: str, names: tuple[str, ...]) -> None:
    assert names_in(question) == names


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Was plant Bayern?", "Der bayerische Landtag plant einen Neubau."),
        ("Wohin wechselt Estlands Premier?", "Der Premier von Estland geht nach Brüssel."),
        ("Was beschloss die Regierung in Frankreich?", "Die französische Regierung hat es beschlossen."),
        ("Was beschloss die Regierung Großbritanniens?", "Das britische Kabinett hat es beschlossen."),
        ("Wer leitet das Museum in Goslar?", "Das Goslarer Museum leitet eine Frau."),
    ],
)
def test_a_name_may_have_another_form(question: str, text: str) -> None:
    assert names_in(question)
    assert strange_names(question, text) == ()


def test_what_the_text_does_not_have_is_strange() -> None:
    text = "Die Brücke in Aalen kostet 12 Millionen Euro."

    assert strange_names("Was kostet die Brücke in Bautzen?", text) == ("Bautzen",)
    assert strange_names("What does the bridge in Bautzen cost?", text) == ("Bautzen",)
    assert strange_names("Was kostet die Brücke in Aalen?", text) == ()


def test_words_that_follow_each_other_are_one_name() -> None:
    question = "Traf Olaf Scholz Merkel in Hamburg oder Scholz Merkel?"

    assert together(["Olaf", "Scholz", "Hamburg"], question) == ("Olaf Scholz", "Hamburg", "Scholz")
    assert together([], question) == ()


ASKED = "Was kostet die Brücke in {}?"


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_another_places_answer_is_less_sure_and_names_of_no_article_are_said(tmp_path: Path, threshold: float) -> None:
    reader = ScriptedReader({ASKED.format(place): "12 Millionen Euro" for place in ("Aalen", "Bautzen")})
    with Collection(tmp_path, embedder=HashEmbedder(), reader=reader, threshold=threshold) as collection:
        for place, costs in (("Aalen", 12), ("Hanau", 30)):
            text = f"Die Brücke in {place} kostet {costs} Millionen Euro."
            collection.add_document(Document(text, title="Brücke", path=f"/{place}.txt"))
        aalen, bautzen, hanau = (collection.ask(ASKED.format(place)) for place in ("Aalen", "Bautzen", "Hanau"))
        assert aalen.confidence > bautzen.confidence
        assert aalen.unknown_names == hanau.unknown_names == ()
        if threshold:
            silence = "Dazu steht nichts in den Artikeln. In keinem Artikel steht: „Bautzen“"
            assert one_line(bautzen, "de") == silence
            assert bautzen.unknown_names == ("Bautzen",)
            assert answer_value(bautzen, "de", collection.sentence_of).unknown_names == ["Bautzen"]
