"""Passages: runs of neighbouring sentences, which search returns and the reader reads."""

from __future__ import annotations

from collections.abc import Sequence

from retrieval.types import Passage, Sentence


def build_passages(text: str, sentences: Sequence[Sentence], *, max_chars: int = 700) -> tuple[Passage, ...]:
    """Runs of neighbouring ``sentences`` of ``text``, each at most ``max_chars`` characters long.

    Together they hold every sentence, in order. A passage begins with the last sentence of the one before it, so that
    an answer and what it refers to ("Dies erklärte ...") stand together in one of them; without this overlap only
    where the two sentences would not fit. A passage ends at the end of a paragraph if that leaves it at least half
    full. A single sentence longer than ``max_chars`` is a passage of its own, longer than the limit.
    """
    passages: list[Passage] = []
    first = 0
    while first < len(sentences):
        last = _last(text, sentences, first, max_chars)
        start, end = sentences[first].start, sentences[last].end
        passages.append(Passage(text[start:end], start, end, first, last))
        overlap_fits = last + 1 < len(sentences) and sentences[last + 1].end - sentences[last].start <= max_chars
        first = last if overlap_fits and last > first else last + 1
    return tuple(passages)


def _last(text: str, sentences: Sequence[Sentence], first: int, max_chars: int) -> int:
    """The last sentence of the passage that begins with sentence ``first``."""
    start = sentences[first].start
    last = first
    while last + 1 < len(sentences) and sentences[last + 1].end - start <= max_chars:
        last += 1
    if last + 1 == len(sentences):
        return last
    for position in range(last, first, -1):
        if sentences[position].end - start < max_chars / 2:
            break
        if "\n" in text[sentences[position].end : sentences[position + 1].start]:
            return position
    return last
