import itertools
import random
from pathlib import Path

import pytest

from retrieval.answering.followups import Turn, complete
from retrieval.language.normalise import normalise

DATA = Path(__file__).parent / "data"
TRADE = Turn("Welches Ziel hat der Handel zwischen Belarus und Perm?", "0,5 Milliarden Dollar", 3)


def rows(language: str) -> list[tuple[Turn, str, str | None]]:
    lines = (DATA / f"followups_{language}.txt").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.split("|")] for line in lines if line and not line.startswith("#")]
    return [(Turn(before, answer), asked, None if meant == "=" else meant) for before, answer, asked, meant in cells]


def acceptable(got: str | None, meant: str | None) -> bool:
    if got is None or meant is None:
        return got is meant
    return sorted(normalise(got).split()) == sorted(normalise(meant).split())


@pytest.mark.parametrize("language", ["de", "en"])
def test_dialogues_are_understood(language: str) -> None:
    table = rows(language)
    assert len(table) > 30
    wrong = [asked for last, asked, meant in table if not acceptable(complete(asked, last), meant)]
    assert len(wrong) <= 0.1 * len(table), wrong


@pytest.mark.parametrize(
    ("asked", "understood"),
    [
        ("Und 2032?", "Welches Ziel hat der Handel zwischen Belarus und Perm 2032?"),
        ("Wer sagte das?", "Wer sagte das (Handel, Belarus, Perm)?"),
        ("Wann?", "Wann hat der Handel zwischen Belarus und Perm 0,5 Milliarden Dollar?"),
        ("Und wie lange bleibt er?", "Wie lange bleibt er (Handel, Belarus, Perm)?"),
        (
            "Wer unterschrieb auf belarussischer Seite?",
            "Wer unterschrieb auf belarussischer Seite (Handel, Belarus, Perm)?",
        ),
        ("Who said that?", "Who said that (Handel, Belarus, Perm)?"),
    ],
)
def test_what_is_missing_comes_from_the_turn_before(asked: str, understood: str) -> None:
    assert complete(asked, TRADE) == understood


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "?!",
        "…",
        "Handelsvolumen Perm",
        "Danke",
        "Können Sie mir den Gouverneur von Perm nennen?",
        "Und wer regiert Bayern?",
        "Was ist mit Normalkräften verbunden?",
        "Was sind Bauleiter?",
        "Wie finanzierte Tesla seine Arbeit?",
        "x" * 1000,
    ],
)
def test_what_stands_for_itself_is_left_alone(asked: str) -> None:
    assert complete(asked, TRADE) is None


def test_a_question_that_is_asked_again_is_no_follow_up() -> None:
    assert complete("Was ist das Ziel?", Turn("Was ist das Ziel?", "Perm")) is None
    assert complete("Was ist das Ziel?", Turn("Warum?")) is None


def test_complete_questions_in_any_order_are_not_taken_for_follow_ups() -> None:
    asked = [(turn.question, turn.answer) for language in ("de", "en") for turn, _, _ in rows(language)]
    wrong = []
    for seed in range(20):
        random.Random(seed).shuffle(asked)
        pairs = itertools.pairwise(asked)
        wrong += [question for before, (question, _) in pairs if complete(question, Turn(*before)) is not None]
    assert wrong == []


@pytest.mark.parametrize("before", ["", "Perm", "und", "Wie viele?", "Erzähl mir von Perm."])
def test_odd_questions_before_break_nothing(before: str) -> None:
    assert complete("Perm ist schön.", Turn(before)) is None
    assert complete("Und wann?", Turn(before, "Ja")) is not None
