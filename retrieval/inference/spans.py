"""From start and end logits to an answer span. Pure numpy; the reader owns the model."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from retrieval.types import Span

MAX_ANSWER_TOKENS = 40
CANDIDATES = 20

_SPACE_OR_MARK = " \t\n\u00a0.,;:!?–-"
_WORD_BEFORE = re.compile(r"(?:[^\W_]|(?<=\d)[.,](?=\d))+\Z")
_WORD_AFTER = re.compile(r"(?:[^\W_]|(?<=\d)[.,](?=\d))+")


def best_span(
    text: str,
    start_logits: NDArray[np.float32],
    end_logits: NDArray[np.float32],
    offsets: NDArray[np.int64],
    null_score: float | None,
) -> Span | None:
    """The span with the highest start + end logit in one window; None if the window holds no words.

    Args:
        start_logits: (tokens,) of the window's text tokens only, no question, no special tokens.
        end_logits: likewise.
        offsets: (tokens, 2) first and last + 1 character of each token in ``text``.
        null_score: start + end logit of "no answer" in this window, None if the reader has no such class.
    """
    if not len(start_logits):
        return None
    starts = np.argsort(-start_logits)[:CANDIDATES]
    ends = np.argsort(-end_logits)[:CANDIDATES]
    length = ends[None, :] - starts[:, None]
    scores = start_logits[starts][:, None] + end_logits[ends][None, :]
    scores = np.where((length >= 0) & (length < MAX_ANSWER_TOKENS), scores, -np.inf)
    # A full stop may win by a hair: the best span that holds more than marks is taken.
    for position in np.argsort(-scores, axis=None, kind="stable"):
        row, column = np.unravel_index(position, scores.shape)
        if np.isneginf(scores[row, column]):
            break
        start, end = whole_words(text, int(offsets[starts[row], 0]), int(offsets[ends[column], 1]))
        if start < end:
            return Span(text[start:end], start, end, float(scores[row, column]), null_score)
    # The best starts all lie behind the best ends: one word, then.
    token = int((start_logits + end_logits).argmax())
    start, end = whole_words(text, int(offsets[token, 0]), int(offsets[token, 1]))
    score = float(start_logits[token] + end_logits[token])
    return Span(text[start:end], start, end, score, null_score) if start < end else None


def whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The span widened to whole words and numbers, without space and marks at its ends.

    Word pieces cut compounds and numbers: "Milliarden" in "5 Milliarden" may begin at "5" of "0,5".
    """
    while start < end and text[start] in _SPACE_OR_MARK and not _is_sign(text, start):
        start += 1
    while end > start and text[end - 1] in _SPACE_OR_MARK:
        end -= 1
    if start == end:
        return start, end
    if text[start].isalnum():
        match = _WORD_BEFORE.search(text, max(0, start - 60), start + 1)
        start = match.start() if match else start
    if text[end - 1].isalnum():
        match = _WORD_AFTER.match(text, end - 1)
        end = match.end() if match else end
    return start, end


def _is_sign(text: str, position: int) -> bool:
    """Whether the mark is the sign of a number ("-3 Grad", "–0,5 Prozent")."""
    return text[position] in "-–" and text[position + 1 : position + 2].isdigit()
