"""Stretches of a text as search hands them to the reader, with the answer or without it."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from training.corpora import Example

SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\d\.)\s+(?=[A-ZÄÖÜ„\"])")
PASSAGE_CHARS = 700


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence, roughly: good enough to cut texts for training."""
    cuts = [0, *(match.end() for match in SENTENCE_END.finditer(text)), len(text)]
    return [(start, end) for start, end in pairwise(cuts) if end > start]


def without_answer(example: Example) -> Example | None:
    """The text without the sentences that hold an answer, so that nothing answers the question any more."""
    kept = [
        example.context[start:end]
        for start, end in sentence_spans(example.context)
        if not any(a < end and start < b for a, b in example.answers)
    ]
    text = "".join(kept).strip()
    answers = {example.context[start:end] for start, end in example.answers}
    if len(text) < 150 or any(answer in text for answer in answers):
        return None
    return replace(example, context=text, answers=())


def widened(spans: Sequence[tuple[int, int]], first: int, last: int, limit: int, rng: random.Random) -> tuple[int, int]:
    """Start and end of the sentences ``first`` to ``last`` and of neighbours, up to ``limit`` characters."""
    while True:
        room = limit - (spans[last][1] - spans[first][0])
        options = [i for i in (first - 1, last + 1) if 0 <= i < len(spans) and spans[i][1] - spans[i][0] <= room]
        if not options:
            return spans[first][0], spans[last][1]
        chosen = rng.choice(options)
        first, last = min(first, chosen), max(last, chosen)


def as_passage(example: Example, rng: random.Random) -> Example:
    """A stretch of neighbouring sentences as search hands them to the reader, mostly with the answer."""
    spans = sentence_spans(example.context)
    limit = rng.randint(300, PASSAGE_CHARS)
    if example.answers and rng.random() < 0.88:
        answer = rng.choice(example.answers)
        around = [i for i, (start, end) in enumerate(spans) if start < answer[1] and answer[0] < end]
        first, last = around[0], around[-1]
    else:
        first = last = rng.randrange(len(spans))
    start, end = widened(spans, first, last, limit, rng)
    answers = tuple((a - start, b - start) for a, b in example.answers if start <= a and b <= end)
    if not answers and any(start < b and a < end for a, b in example.answers):
        return example  # an answer was cut in two
    return replace(example, context=example.context[start:end], answers=answers)
