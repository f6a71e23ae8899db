import itertools
import random

import pytest

from retrieval.evaluation.metrics import (
    area_under_roc,
    coverage_at_precision,
    exact_match,
    expected_calibration_error,
    f1,
    reciprocal_rank,
    risk_coverage,
    silence_at_answered,
)
from retrieval.language.normalise import normalise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Das „Ministerium“ für Forstwirtschaft.", "ministerium für forstwirtschaft"),
        ("the Governor of a region", "governor of region"),
        ("0,5 Milliarden $", "05 milliarden"),
        ("Einer der Besten", "besten"),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_exact_match_takes_any_answer() -> None:
    assert exact_match("am 17. Mai", ["17. Mai", "am 17. mai"]) == 100
    assert exact_match("17. Juni", ["17. Mai"]) == 0


def test_f1_counts_shared_words_of_the_best_answer() -> None:
    assert f1("Dmitri Machonin", ["Gouverneur Dmitri Machonin", "Krutoi"]) == pytest.approx(80)
    assert f1("die", ["der"]) == 100  # nothing is left of either
    assert f1("Perm", ["die"]) == 0


def test_without_answers_only_silence_is_right() -> None:
    assert (exact_match("", []), f1("", [])) == (100, 100)
    assert (exact_match("Minsk", []), f1("Minsk", [])) == (0, 0)


def test_reciprocal_rank_ends_at_its_depth() -> None:
    assert reciprocal_rank([4, 7, 9], 9) == pytest.approx(1 / 3)
    assert reciprocal_rank([4, 7, 9], 9, depth=2) == 0
    assert reciprocal_rank([], 1) == 0


def test_calibration_error_is_the_distance_of_confidence_and_share() -> None:
    assert expected_calibration_error([0.95, 0.95, 0.05], [True, True, False]) == pytest.approx(0.05)
    assert expected_calibration_error([1.0, 1.0], [True, False]) == pytest.approx(0.5)


def test_area_under_roc_counts_ties_half() -> None:
    assert area_under_roc([0.9, 0.1], [True, False]) == 1.0
    assert area_under_roc([0.1, 0.9], [True, False]) == 0.0
    assert area_under_roc([0.5, 0.5, 0.2], [True, False, False]) == pytest.approx(0.75)
    assert area_under_roc([0.5], [True]) is None
    assert area_under_roc([], []) is None


def test_area_under_roc_is_the_share_of_pairs_in_the_right_order() -> None:
    rng = random.Random(5)
    confidence = [rng.randrange(20) / 20 for _ in range(200)]
    right = [rng.random() < value for value in confidence]
    rights = [value for value, is_right in zip(confidence, right, strict=True) if is_right]
    wrongs = [value for value, is_right in zip(confidence, right, strict=True) if not is_right]
    pairs = list(itertools.product(rights, wrongs))
    ordered = sum((above > below) + (above == below) / 2 for above, below in pairs)
    assert area_under_roc(confidence, right) == pytest.approx(ordered / len(pairs), abs=1e-9)


def test_coverage_at_precision() -> None:
    assert coverage_at_precision([0.9, 0.8, 0.7, 0.6], [True, True, False, True], 0.75) == 1.0
    assert coverage_at_precision([0.9, 0.8, 0.7, 0.6], [True, True, False, False], 0.9) == 0.5
    assert coverage_at_precision([0.9], [False], 0.9) == 0.0


def test_risk_coverage_counts_the_wrong_ones_among_the_surest() -> None:
    confidence, right = [0.2, 0.9, 0.8, 0.4], [False, True, False, True]
    assert risk_coverage(confidence, right, steps=4) == [
        (0.25, 0.0),
        (0.5, 0.5),
        (0.75, pytest.approx(1 / 3)),
        (1.0, 0.5),
    ]
    assert risk_coverage([], []) == []


def test_silence_at_the_threshold_that_answers_enough() -> None:
    confidence = [0.9, 0.8, 0.7, 0.1, 0.75, 0.3]
    answerable = [True, True, True, True, False, False]
    assert silence_at_answered(confidence, answerable, 0.75) == 0.5  # the threshold is 0.7
    assert silence_at_answered(confidence, answerable, 0.5) == 1.0
    assert silence_at_answered([0.5], [True], 0.75) is None
