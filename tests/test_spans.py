import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.answer import Span
from retrieval.inference.answer_shape import shaped, whole_words
from retrieval.inference.spans import best_span

TEXT = "Das Ziel sind 0,5 Milliarden Dollar."
OFFSETS = np.array([[0, 3], [4, 8], [9, 13], [14, 15], [15, 16], [16, 17], [18, 28], [29, 35], [35, 36]])


def logits(**at: float) -> np.ndarray:
    values = np.full(len(OFFSETS), -5.0, np.float32)
    for token, value in at.items():
        values[int(token[1:])] = value
    return values


def test_takes_the_span_with_the_highest_sum() -> None:
    span = best_span(TEXT, logits(t3=4, t1=2), logits(t7=3, t1=1), OFFSETS, null_score=2.5)
    assert span == Span("0,5 Milliarden Dollar", 14, 35, 7.0, 2.5)
    assert span.margin == 4.5


def test_an_end_before_the_start_is_no_span() -> None:
    span = best_span(TEXT, logits(t6=6), logits(t1=9, t7=2), OFFSETS, None)
    assert span is not None
    assert (span.text, span.score) == ("Milliarden Dollar", 8.0)
    assert span.margin == 8.0


def test_a_number_that_word_pieces_have_cut_is_made_whole() -> None:
    span = best_span(TEXT, logits(t5=4), logits(t6=3), OFFSETS, None)
    assert span is not None
    assert span.text == "0,5 Milliarden"


def test_a_window_without_text_has_no_span() -> None:
    empty = np.zeros(0, np.float32)
    assert best_span("", empty, empty, np.zeros((0, 2), np.int64), 0.0) is None


def test_spans_longer_than_the_limit_are_not_taken() -> None:
    text = "wort " * 60
    offsets = np.array([[5 * i, 5 * i + 4] for i in range(60)])
    starts, ends = np.zeros(60, np.float32), np.zeros(60, np.float32)
    starts[0], ends[59], ends[10] = 9, 9, 5
    span = best_span(text, starts, ends, offsets, None)
    assert span is not None
    assert (span.start, span.end) == (0, 54)


def test_a_mark_alone_is_no_answer() -> None:
    span = best_span(TEXT, logits(t8=9, t1=1), logits(t8=9, t2=1), OFFSETS, None)
    assert span is not None
    assert (span.text, span.score) == ("Ziel sind 0,5 Milliarden Dollar", 10.0)


@pytest.mark.parametrize(
    ("text", "start", "end", "expected"),
    [
        ("die Werkzeugmaschinenindustrie wächst", 12, 20, "Werkzeugmaschinenindustrie"),
        ("am 17. Mai, sagte er", 3, 11, "17. Mai"),
        ("rund 160.000 Menschen", 9, 12, "160.000"),
        ("um 9.30 Uhr", 3, 4, "9.30"),
        ("es waren -3 Grad", 9, 16, "-3 Grad"),
        ("sagte er – nichts", 8, 11, ""),
        ("„Nein“, sagte sie", 0, 7, "„Nein“"),
    ],
)
def test_whole_words(text: str, start: int, end: int, expected: str) -> None:
    start, end = whole_words(text, start, end)
    assert text[start:end] == expected


@given(st.text(max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_whole_words_stays_in_the_text(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    end = min(start + length, len(text))
    first, last = whole_words(text, start, end)
    assert 0 <= first <= last <= len(text)


PARAGRAPHS = """„Teile davon sind ein Problem“, sagte die Ärztin. „Aber der Rest ist gut.“
"Bis siebzig schafft das keiner", sagte Heinz Vogt (53) in Talheim. Er sprach von ‚klaren Worten‘ und „Freunden (alten)“
Namen: Wie heißen die Bademeister?
Am Becken stehen Erna Kruse und Heiner Vogt. Wir haben – Industrieprodukte, Lebensmittel – alles.
Sie fragte: „Wer soll das bezahlen?“, und ging. Der Preis steigt um 3 Prozent (von 4 Euro"""


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("„Teile davon sind ein Problem", "Teile davon sind ein Problem"),
        ("Teile davon sind ein Problem“", "Teile davon sind ein Problem"),
        ("„Teile davon sind ein Problem“", "„Teile davon sind ein Problem“"),
        ('"Bis siebzig schafft das keiner', "Bis siebzig schafft das keiner"),
        ('"Bis siebzig schafft das keiner"', '"Bis siebzig schafft das keiner"'),
        ("Heinz Vogt (53", "Heinz Vogt (53)"),
        ("53) in Talheim", None),
        ("(53", "53"),
        ("‚klaren Worten", "klaren Worten"),
        ("klaren Worten‘ und „Freunden", None),
        ("von ‚klaren Worten", "von ‚klaren Worten‘"),
        ("„Freunden (alten", "Freunden (alten)"),
        ("ist gut.“\n\"Bis", None),  # two paragraphs
        ("Namen", None),
        ("Bademeister", None),
        ("Erna Kruse und Heiner Vogt", "Erna Kruse und Heiner Vogt"),
        ("haben – Industrieprodukte, Lebensmittel", "Industrieprodukte, Lebensmittel"),
        ("„Wer soll das bezahlen?“", "„Wer soll das bezahlen?“"),
        ("3 Prozent (von 4", None),  # nothing closes it
    ],
)
def test_how_a_span_is_shown(marked: str, expected: str | None) -> None:
    start = PARAGRAPHS.index(marked)
    place = shaped(PARAGRAPHS, start, start + len(marked))
    assert (None if place is None else PARAGRAPHS[slice(*place)]) == expected


MARKED_TEXT = st.text(alphabet="ab1 „“”\"‚‘«»()[].,\n–-?", max_size=80)


@given(MARKED_TEXT, st.integers(0, 80), st.integers(0, 80))
def test_what_is_shown_is_balanced_and_in_one_paragraph(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    place = shaped(text, start, min(start + length, len(text)))
    if place is not None:
        span = text[slice(*place)]
        assert span.strip() and "\n" not in span
        for opening, closing in (("(", ")"), ("[", "]"), ("«", "»"), ("„", "“”\"")):
            assert span.count(opening) <= sum(span.count(letter) for letter in closing)
        # Shaping again changes nothing.
        assert shaped(text, *place) == place


def test_a_span_over_two_paragraphs_gives_way_to_the_next_best() -> None:
    text = "Das Ziel\nsind viele Dollar."
    offsets = np.array([[0, 3], [4, 8], [9, 13], [14, 19], [20, 26]])
    starts, ends = np.array([0, 9, 0, 5, 0], np.float32), np.array([0, 1, 0, 0, 9], np.float32)
    span = best_span(text, starts, ends, offsets, None)
    assert span is not None and span.text == "viele Dollar"
