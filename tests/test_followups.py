import itertools
import random
from collections.abc import Callable
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
    ("asked", "understood"),
    [
        ("Wie viele kamen?", "Wie viele kamen (Hallenbad)?"),
        ("wie viele nahmen teil?", "Wie viele nahmen teil (Hallenbad)?"),
        ("Wie viele fehlen?", "Wie viele fehlen (Hallenbad)?"),
        ("Wie viele flohen dort?", "Wie viele flohen dort (Hallenbad)?"),
        ("wie viele besucher?", "Wie viele Besucher (Hallenbad)?"),
        ("wie viele besucher kamen?", "Wie viele Besucher kamen (Hallenbad)?"),
    ],
)
def test_after_how_many_comes_the_verb_or_what_is_counted(asked: str, understood: str) -> None:
    assert complete(asked, Turn("Wann wurde das Hallenbad eröffnet?", "am 12. Mai")) == understood


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


@pytest.mark.parametrize("language", ["de", "en"])
def test_complete_questions_are_asked_as_they_are(language: str) -> None:
    complete_ones = [(last, asked) for last, asked, meant in rows(language) if meant is None]
    assert len(complete_ones) > 30
    assert [asked for last, asked in complete_ones if complete(asked, last) is not None] == []


UMLAUTS = {"ä": "a", "ö": "o", "ü": "u", "Ä": "A", "Ö": "O", "Ü": "U"}
SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "capitals": str.upper,
    "lower case": str.lower,
    "every word with a capital": str.title,
    "lower case but for the first letter": str.capitalize,
    "ae": lambda words: words.translate(str.maketrans({letter: f"{plain}e" for letter, plain in UMLAUTS.items()})),
    "without umlauts": lambda words: words.translate(str.maketrans(UMLAUTS)),
    "in haste": lambda words: words.lower().translate(str.maketrans(UMLAUTS)).rstrip("?"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_complete_questions_in_any_order_are_not_taken_for_follow_ups(spelling: str) -> None:
    asked = list(
        dict.fromkeys((turn.question, turn.answer) for language in ("de", "en") for turn, *_ in rows(language))
    )
    assert len(asked) > 50
    wrong = []
    for seed in range(5):
        random.Random(seed).shuffle(asked)
        pairs = [(Turn(*before), SPELLINGS[spelling](question)) for before, (question, _) in itertools.pairwise(asked)]
        wrong += [question for before, question in pairs if complete(question, before) is not None]
    assert wrong == []


@pytest.mark.parametrize("spelling", ["capitals", "lower case", "every word with a capital"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_dialogues_are_understood_in_any_spelling(language: str, spelling: str) -> None:
    spell, table = SPELLINGS[spelling], rows(language)
    wrong = []
    for last, asked, meant in table:
        got = complete(spell(asked), Turn(spell(last.question), last.answer))
        if not acceptable(got and got.replace("ß", "ss"), meant and meant.replace("ß", "ss")):
            wrong.append(asked)
    assert len(wrong) <= 0.1 * len(table), wrong


@pytest.mark.parametrize("before", ["", "Perm", "und", "Wie viele?", "Erzähl mir von Perm."])
def test_odd_questions_before_break_nothing(before: str) -> None:
    assert complete("Perm ist schön.", Turn(before)) is None
    assert complete("Und wann?", Turn(before, "Ja")) is not None
