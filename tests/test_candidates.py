import pytest

from retrieval.answer import Span
from retrieval.answering.alternatives import Candidate, alternatives
from retrieval.answering.evidence import Evidence
from retrieval.answering.same_quotes import same_kind, say_the_same
from retrieval.types import Document, Hit, Passage


def candidate(text: str, quote: str, logit: float, document: int, title: str = "") -> Candidate:
    passage = Passage(text, 0, len(text), 0, 0, document_id=document)
    start = text.index(quote)
    span = Span(quote, start, start + len(quote), score=0.0)
    return Candidate(span, Hit(passage, Document(text, title, id=document), 1.0), Evidence(0.0), logit)


BRIDGE = "Die Brücke kostet 4,5 Mio. Euro, der Bau beginnt im Mai."
PRICE = "Was kostet die Brücke?"
BEST = candidate(BRIDGE, "4,5 Mio. Euro", 2.0, 1)


def test_an_alternative_is_a_quote_of_its_article() -> None:
    (other,) = alternatives(
        PRICE, BEST, [BEST, candidate("Die Brücke kostet 5 Mio. Euro.", "5 Mio. Euro", 1.0, 2)], 0.2
    )
    assert other.document.text[other.start : other.end] == other.text == "5 Mio. Euro"
    assert (other.document.id, round(other.confidence, 2), other.contradicts) == (2, 0.73, True)


def test_another_span_of_the_same_article_does_not_contradict() -> None:
    (other,) = alternatives(PRICE, BEST, [BEST, candidate(BRIDGE, "im Mai", 1.0, 1)], 0.2)
    assert (other.text, other.contradicts) == ("im Mai", False)


@pytest.mark.parametrize(
    ("quote", "logit", "threshold"),
    [
        ("rund 4,5 Mio. Euro", 1.9, 0.2),  # says the same
        ("4,5 Mio.", 1.9, 0.2),  # a part of it
        ("viereinhalb Millionen €", 1.9, 0.2),  # the same amount
        ("das Doppelte", -0.5, 0.2),  # less than half as likely
        ("das Doppelte", 1.0, 0.8),  # not likely enough to be shown
    ],
)
def test_what_is_no_alternative(quote: str, logit: float, threshold: float) -> None:
    assert alternatives(PRICE, BEST, [BEST, candidate(f"Es ist {quote}.", quote, logit, 2)], threshold) == ()


def test_an_article_about_something_else_does_not_contradict() -> None:
    (other,) = alternatives(
        PRICE, BEST, [BEST, candidate("Der Tunnel kostet 5 Mio. Euro.", "5 Mio. Euro", 1.0, 2)], 0.2
    )
    assert (other.text, other.contradicts) == ("5 Mio. Euro", False)


FOUNTAIN = "Was kostet der neue Brunnen in Lindwedel?"


def test_two_reports_on_one_thing_contradict_each_other_though_they_share_not_all_words() -> None:
    first = candidate("Der neue Brunnen in Lindwedel kostet 90.000 Euro.", "90.000 Euro", 2.0, 1, "Brunnen wird teurer")
    then = candidate("95.000 Euro kostet der Brunnen von Lindwedel.", "95.000 Euro", 1.0, 2, "Lindwedel: Geld da")
    assert [other.contradicts for other in alternatives(FOUNTAIN, first, [first, then], 0.2)] == [True]


def test_the_mayors_of_two_towns_do_not_contradict_each_other() -> None:
    goslar = "In Goslar sagte Bürgermeisterin Urte Jansen, die Wahl in Goslar sei gut verlaufen."
    fulda = "In Fulda sagte Bürgermeister Kai Petersen, die Wahl in Fulda sei gut verlaufen."
    one = candidate(goslar, "Urte Jansen", 2.0, 1, "Goslar hat gewählt")
    other = candidate(fulda, "Kai Petersen", 1.0, 2, "Fulda hat gewählt")
    (found,) = alternatives("Wer sprach nach der Wahl?", one, [one, other], 0.2)
    assert (found.text, found.contradicts) == ("Kai Petersen", False)


def test_a_thing_that_only_one_of_them_names_is_not_the_same() -> None:
    one = candidate("Der Brunnen in Lindwedel kostet 90.000 Euro.", "90.000 Euro", 2.0, 1)
    other = candidate("Der neue Brunnen in Hope kostet 95.000 Euro.", "95.000 Euro", 1.0, 2)
    (found,) = alternatives(FOUNTAIN, one, [one, other], 0.2)
    assert not found.contradicts


def test_spans_that_overlap_are_one_place() -> None:
    assert alternatives(PRICE, BEST, [BEST, candidate(BRIDGE, "Euro, der Bau", 1.5, 1)], 0.2) == ()


def test_at_most_two_that_differ_among_themselves() -> None:
    words = ["das Doppelte", "Das Doppelte", "die Hälfte", "ein Drittel"]
    others = [candidate(f"Es ist {word}.", word, 1.5, number) for number, word in enumerate(words, 2)]
    assert [other.text for other in alternatives(PRICE, BEST, [BEST, *others], 0.2)] == ["das Doppelte", "die Hälfte"]


def test_a_quote_that_is_not_there_is_an_error() -> None:
    passage = Passage("Ein Satz.", 5, 14, 0, 0, document_id=2)
    broken = Candidate(Span("Ein", 0, 3, 0.0), Hit(passage, Document("Ein Satz.", id=2), 1.0), Evidence(0.0), 1.9)
    with pytest.raises(RuntimeError, match="document 2"):
        alternatives(PRICE, BEST, [BEST, broken], 0.2)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("5 Euro", "6 Euro", True),
        ("5", "6 Euro", True),
        ("5 Euro", "6 Tonnen", False),
        ("vier Meter", "4,20 Meter", True),
        ("90 Betten", "fünf Bett", True),
        ("vier Meter", "am Fluss", False),
        ("2024", "17. Mai 2024", False),
        ("17. Mai", "3. Juni", True),
        ("Dmitri Machonin", "Alexander Petrow", True),
        ("Dmitri Machonin", "Gouverneur Machonin", False),
        ("in Minsk", "am Fluss", False),
        ("Dmitri Machonin", "5 Euro", False),
    ],
)
def test_same_kind(one: str, other: str, same: bool) -> None:
    assert same_kind(one, other) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0,5 Milliarden Euro", "500 Mio. €", True),
        ("vier Meter", "4,20 Meter", False),
        ("500", "500.000", False),
        ("4,20", "4,20 Meter", True),
        ("60 Häuser", "60 Bewohner", False),
        ("fünf Häuser und 60 Bewohner", "60 Bewohner", True),
        ("17. Mai 2024", "17.5.2024", True),
        ("17. Mai 2024", "17. Mai 2025", False),
        ("Mai 2024", "im Mai 2024", True),
        ("Anna Weber", "Bürgermeisterin Anna Weber", True),
        ("Anna Weber", "Jan Weber", False),
        ("Hope, Lindwedel und Esperke", "Lindwedel, Esperke und Hope", True),
        ("Hope und Lindwedel", "Hope und Esperke", False),
    ],
)
def test_say_the_same(one: str, other: str, same: bool) -> None:
    assert say_the_same(one, other) is same
    assert say_the_same(other, one) is same
