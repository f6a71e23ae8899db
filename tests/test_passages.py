"""Passages: whole sentences, overlapping by one, within the limit."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from retrieval.language.passages import build_passages
from retrieval.types import Passage, Sentence


def sentences_of(lines: list[list[str]]) -> tuple[str, list[Sentence]]:
    """A text with the given sentences a line, and the sentences."""
    text, sentences = "", []
    for line in lines:
        for sentence in line:
            if text and not text.endswith("\n"):
                text += " "
            sentences.append(Sentence(sentence, len(text), len(text) + len(sentence)))
            text += sentence
        text += "\n"
    return text, sentences


def test_short_text_is_one_passage() -> None:
    text, sentences = sentences_of([["Eins.", "Zwei."], ["Drei."]])
    assert build_passages(text, sentences) == (Passage("Eins. Zwei.\nDrei.", 0, 17, 0, 2),)


def test_no_sentences_no_passages() -> None:
    assert build_passages("", []) == ()


def test_neighbours_overlap_by_one_sentence() -> None:
    text, sentences = sentences_of([["Aaaa.", "Bbbb.", "Cccc.", "Dddd.", "Eeee."]])
    passages = build_passages(text, sentences, max_chars=17)
    assert [p.text for p in passages] == ["Aaaa. Bbbb. Cccc.", "Cccc. Dddd. Eeee."]
    assert [(p.first_sentence, p.last_sentence, p.start, p.end) for p in passages] == [(0, 2, 0, 17), (2, 4, 12, 29)]


def test_passage_ends_with_its_paragraph() -> None:
    text, sentences = sentences_of([["Aaaa.", "Bbbb."], ["Cccc.", "Dddd.", "Eeee."]])
    passages = build_passages(text, sentences, max_chars=20)
    assert [p.text for p in passages] == ["Aaaa. Bbbb.", "Bbbb.\nCccc. Dddd.", "Dddd. Eeee."]


def test_paragraph_end_in_the_first_half_does_not_count() -> None:
    text, sentences = sentences_of([["A.", "B."], ["Cccc.", "Dddd.", "Eeee."]])
    assert [p.text for p in build_passages(text, sentences, max_chars=20)] == ["A. B.\nCccc. Dddd.", "Dddd. Eeee."]


def test_no_overlap_where_two_sentences_do_not_fit() -> None:
    text, sentences = sentences_of([["Aa.", "Bbbbbbbb.", "Cccccccc.", "Dd."]])
    passages = build_passages(text, sentences, max_chars=14)
    assert [p.text for p in passages] == ["Aa. Bbbbbbbb.", "Cccccccc. Dd."]


def test_sentence_over_the_limit_stands_alone() -> None:
    text, sentences = sentences_of([["Aa.", "B" * 30 + ".", "Cc."]])
    assert [p.text for p in build_passages(text, sentences, max_chars=10)] == ["Aa.", "B" * 30 + ".", "Cc."]


LINES = st.lists(st.lists(st.integers(1, 60).map(lambda n: "x" * n + "."), min_size=1, max_size=6), max_size=8)


@given(LINES, st.integers(1, 150))
def test_properties(lines: list[list[str]], max_chars: int) -> None:
    text, sentences = sentences_of(lines)
    passages = build_passages(text, sentences, max_chars=max_chars)
    covered: set[int] = set()
    for passage in passages:
        assert text[passage.start : passage.end] == passage.text
        assert passage.start == sentences[passage.first_sentence].start
        assert passage.end == sentences[passage.last_sentence].end
        assert len(passage.text) <= max_chars or passage.first_sentence == passage.last_sentence
        covered.update(range(passage.first_sentence, passage.last_sentence + 1))
    assert covered == set(range(len(sentences)))
    for one, other in pairwise(passages):
        assert one.last_sentence < other.last_sentence
        assert one.first_sentence < other.first_sentence
        assert other.first_sentence in (one.last_sentence, one.last_sentence + 1)
