"""What is shown of a passage: the sentence of the quote, and its neighbours in the paragraph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from retrieval.types import Document, Passage

#: Sentences shown on either side of the one that the quote stands in.
NEIGHBOURS = 1


def excerpt(
    document: Document, passage: Passage, start: int, end: int, sentences: Sequence[tuple[int, int]]
) -> Passage:
    """The sentences of ``document`` that ``start``..``end`` lies in, and one more on either side within the paragraph.

    ``sentences`` are places in the document, those of ``passage`` and the one before and after it as far as there are
    any; without them the passage is the excerpt.
    """
    text = document.text
    inside = [number for number, (first, last) in enumerate(sentences) if first < end and start < last]
    if not inside:
        return passage
    low, high = inside[0], inside[-1]
    for _ in range(NEIGHBOURS):
        low -= low > 0 and "\n" not in text[sentences[low - 1][1] : sentences[low][0]]
        high += high + 1 < len(sentences) and "\n" not in text[sentences[high][1] : sentences[high + 1][0]]
    first, last = min(sentences[low][0], start), max(sentences[high][1], end)
    return replace(passage, text=text[first:last], start=first, end=last)
