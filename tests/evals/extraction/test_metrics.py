"""The measures agree with their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score  # type: ignore[import-untyped]  # ships no types

from interlock.evals.extraction.metrics import (
    average_precision,
    calibration_error,
    jaccard,
    matched,
)

_PAIRS = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=50)


@given(_PAIRS)
def test_average_precision_is_the_usual_one(pairs: list[tuple[int, bool]]) -> None:
    """With and without ties it equals scikit-learn's."""
    scores, truth = (
        np.array([score / 6 for score, _ in pairs]),
        np.array([flag for _, flag in pairs]),
    )
    if truth.any():
        assert average_precision(scores, truth) == pytest.approx(
            average_precision_score(truth, scores)
        )
    else:
        assert average_precision(scores, truth) == 0


def test_calibration_error_is_the_gap_between_confidence_and_frequency() -> None:
    """Right shares cost nothing; a confident miss costs its confidence."""
    assert calibration_error(np.array([0.5, 0.5]), np.array([True, False])) == 0
    assert calibration_error(
        np.array([0.9, 0.9, 0.1]), np.array([False, False, False]), least=0.5
    ) == pytest.approx(0.9)
    assert calibration_error(np.array([0.1]), np.array([True]), least=0.5) == 0


def test_texts_match_as_in_cuad() -> None:
    """Half of the joined words is enough; punctuation and case do not count."""
    assert jaccard("Acme, Inc.", "ACME INC") == 1
    assert jaccard("", "") == 0
    assert matched(["the fee is due", "noise"], ["The fee is due now.", "other"]) == (
        1,
        1,
    )
