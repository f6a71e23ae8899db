"""Names in a question, and whether an article has them."""

import pytest

from retrieval.language.names import names_in, strange_names


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Was kostet die Brücke in Bautzen?", ("bautzen",)),
        ("Was kostet die Brücke in Kleinkleckersdorf?", ("kleinkleckersdorf",)),
        ("Was sagt Merkel über Hamburg?", ("merkel", "hamburg")),
        ("Who is the mayor of Hamburg?", ("hamburg",)),
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

    assert strange_names("Was kostet die Brücke in Bautzen?", text) == ("bautzen",)
    assert strange_names("What does the bridge in Bautzen cost?", text) == ("bautzen",)
    assert strange_names("Was kostet die Brücke in Aalen?", text) == ()
