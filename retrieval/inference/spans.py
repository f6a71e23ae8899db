"""From start and end logits to an answer span. Pure numpy; the reader owns the model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retrieval.answer import Span
from retrieval.inference.answer_shape import shaped

MAX_ANSWER_TOKENS = 40
CANDIDATES = 20


def best_span(
    text: str,
    start_logits: NDArray[np.float32],
    end_logits: NDArray[np.float32],
    offsets: NDArray[np.int64],
    null_score: float | None,
) -> Span | None:
    """The span with the highest start + end logit in one window; None if the window holds none that can be shown.

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
    # A full stop may win by a hair, or a span over two paragraphs: the best one that can be shown is taken.
    for position in np.argsort(-scores, axis=None, kind="stable"):
        row, column = np.unravel_index(position, scores.shape)
        if np.isneginf(scores[row, column]):
            break
        place = shaped(text, int(offsets[starts[row], 0]), int(offsets[ends[column], 1]))
        if place is not None:
            return Span(text[slice(*place)], *place, float(scores[row, column]), null_score)
    # The best starts all lie behind the best ends: one word, then.
    token = int((start_logits + end_logits).argmax())
    place = shaped(text, int(offsets[token, 0]), int(offsets[token, 1]))
    score = float(start_logits[token] + end_logits[token])
    return None if place is None else Span(text[slice(*place)], *place, score, null_score)
