import pytest

from retrieval.answering.excerpts import excerpt
from retrieval.types import Document, Passage

TEXT = "Eins steht hier. Zwei steht hier. Drei steht hier. Vier steht hier.\nFünf steht hier. Sechs steht hier."
SENTENCES = [(0, 16), (17, 33), (34, 50), (51, 67), (68, 84), (85, 102)]


@pytest.mark.parametrize(
    ("quote", "shown"),
    [
        ("Zwei", "Eins steht hier. Zwei steht hier. Drei steht hier."),
        ("Eins", "Eins steht hier. Zwei steht hier."),
        ("Vier", "Drei steht hier. Vier steht hier."),  # never across the end of a paragraph
        ("Fünf", "Fünf steht hier. Sechs steht hier."),
        ("Zwei steht hier. Drei", "Eins steht hier. Zwei steht hier. Drei steht hier. Vier steht hier."),
        ("Vier steht hier.\nFünf", "Drei steht hier. Vier steht hier.\nFünf steht hier. Sechs steht hier."),
    ],
)
def test_the_sentence_of_the_quote_and_one_on_either_side(quote: str, shown: str) -> None:
    start = TEXT.index(quote)
    found = excerpt(Document(TEXT), Passage(TEXT, 0, len(TEXT), 0, 5), start, start + len(quote), SENTENCES)
    assert (found.text, TEXT[found.start : found.end]) == (shown, shown)


def test_without_sentences_it_is_the_passage() -> None:
    passage = Passage(TEXT, 0, len(TEXT), 0, 5)
    assert excerpt(Document(TEXT), passage, 0, 4, []) == passage
