import pytest

from retrieval.answer import Span
from retrieval.answering.table_cells import in_right_cell

PRICES = (
    "Preise im Bad\n"
    "Karte | Erwachsene | Kinder\n"
    "Tageskarte | Erwachsene: 8,50 € | Kinder: 4 Euro\n"
    "Zehnerkarte | Erwachsene: 70 € | Kinder: 32 Euro\n"
    "Das Bad schließt um 20 Uhr."
)


def span(quote: str) -> Span:
    start = PRICES.index(quote)
    return Span(quote, start, start + len(quote), 5.0)


@pytest.mark.parametrize(
    ("question", "read", "right"),
    [
        ("Was kostet eine Tageskarte für Kinder?", "8,50 €", "4 Euro"),
        ("Was kostet die Zehnerkarte für Erwachsene?", "8,50 €", "70 €"),
        ("Was kostet eine Zehnerkarte für Kinder?", "Zehnerkarte", "32 Euro"),
        ("Was kostet eine Tageskarte für Kinder?", "4 Euro", "4 Euro"),
        ("Was kostet eine Tageskarte?", "8,50 €", "8,50 €"),  # one of two: the reader has chosen
        ("Was kostet 70 Euro?", "Zehnerkarte", "Zehnerkarte"),
        ("Wann schließt das Bad für Kinder?", "20 Uhr", "20 Uhr"),  # in no table
    ],
)
def test_the_cell_that_the_question_names(question: str, read: str, right: str) -> None:
    found = in_right_cell(question, PRICES, span(read))
    assert found.text == right == PRICES[found.start : found.end]
