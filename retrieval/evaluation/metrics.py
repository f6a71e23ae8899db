"""Exact match, F1, ranking and confidence figures."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence

from retrieval.language.normalise import normalise


def exact_match(prediction: str, answers: Sequence[str]) -> float:
    """100 if the prediction equals one of the answers, else 0. No answers: 100 for an empty prediction."""
    if not answers:
        return 100.0 * (not prediction)
    return 100.0 * any(normalise(prediction) == normalise(answer) for answer in answers)


def f1(prediction: str, answers: Sequence[str]) -> float:
    """The best word overlap with one of the answers (0..100). No answers: 100 for an empty prediction."""
    if not answers:
        return 100.0 * (not prediction)
    return max(_overlap(normalise(prediction).split(), normalise(answer).split()) for answer in answers)


def _overlap(prediction: list[str], answer: list[str]) -> float:
    if not prediction or not answer:
        return 100.0 * (prediction == answer)
    shared = sum((Counter(prediction) & Counter(answer)).values())
    return 200.0 * shared / (len(prediction) + len(answer))


def reciprocal_rank(ranked: Sequence[int], wanted: int, *, depth: int = 10) -> float:
    """1 / rank of ``wanted`` among the first ``depth``, 0 if it is not there."""
    for rank, item in enumerate(ranked[:depth], 1):
        if item == wanted:
            return 1.0 / rank
    return 0.0


def expected_calibration_error(confidence: Sequence[float], right: Sequence[bool], *, bins: int = 10) -> float:
    """The mean distance (0..1) between confidence and share of right answers, over bins of equal width.

    Naeini et al. 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning".
    """
    sums: dict[int, list[float]] = {}
    for value, is_right in zip(confidence, right, strict=True):
        sums.setdefault(min(int(value * bins), bins - 1), []).append(value - is_right)
    return sum(abs(sum(differences)) for differences in sums.values()) / len(confidence)


def area_under_roc(confidence: Sequence[float], right: Sequence[bool]) -> float | None:
    """The chance (0..1) that a right answer has a higher confidence than a wrong one; None if one kind is missing."""
    if not 0 < sum(right) < len(right):
        return None
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(right, confidence))


def coverage_at_precision(confidence: Sequence[float], right: Sequence[bool], precision: float) -> float:
    """The largest share (0..1) of questions to answer, surest first, so that ``precision`` of the answers are right."""
    rights, best = 0, 0
    for answered, (_, is_right) in enumerate(sorted(zip(confidence, right, strict=True), reverse=True), 1):
        rights += is_right
        if rights >= precision * answered:
            best = answered
    return best / len(confidence) if confidence else 0.0


def risk_coverage(confidence: Sequence[float], right: Sequence[bool], *, steps: int = 10) -> list[tuple[float, float]]:
    """Points (coverage, risk), each 0..1: of the surest share of the questions, how many answers are wrong.

    El-Yaniv and Wiener 2010, "On the Foundations of Noise-free Selective Classification". ``steps`` equal steps of
    coverage up to 1.
    """
    ranked = [is_right for _, is_right in sorted(zip(confidence, right, strict=True), key=lambda item: -item[0])]
    wrong = list(itertools.accumulate(not is_right for is_right in ranked))
    counts = [max(1, round(len(ranked) * step / steps)) for step in range(1, steps + 1)] if ranked else []
    return [(count / len(ranked), wrong[count - 1] / count) for count in counts]


def silence_at_answered(confidence: Sequence[float], answerable: Sequence[bool], share: float) -> float | None:
    """How many (0..1) of the unanswerable questions stay unanswered at the highest threshold that still answers
    ``share`` (0..1) of the answerable ones; None if one kind is missing."""
    answered = sorted((value for value, can in zip(confidence, answerable, strict=True) if can), reverse=True)
    others = [value for value, can in zip(confidence, answerable, strict=True) if not can]
    if not answered or not others:
        return None
    threshold = answered[math.ceil(share * len(answered)) - 1]
    return sum(value < threshold for value in others) / len(others)
