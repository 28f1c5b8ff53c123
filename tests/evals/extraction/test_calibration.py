"""Calibrated confidences are monotone, near the true frequency, and defined for labels
never seen.
"""

import numpy as np
import pytest

from interlock.evals.extraction.calibration import best_threshold, calibrated


def test_confidences_come_near_the_frequency() -> None:
    """Where half of the rows with a margin are positive, the confidence is about a half."""
    seed = np.random.default_rng(0)
    margins = seed.uniform(-1, 1, size=(20_000, 2))
    labels = seed.uniform(size=margins.shape) < (margins + 1) / 2
    made = calibrated(margins, labels, lowest=0.0, highest=1.0)
    for margin in (-0.5, 0.0, 0.5):
        assert np.interp(margin, made.knots[0], made.heights[0]) == pytest.approx(
            (margin + 1) / 2, abs=0.06
        )


def test_the_map_rises_with_the_margin() -> None:
    """A higher margin never gives a lower confidence, and all stay within 0 and 1."""
    seed = np.random.default_rng(1)
    margins = seed.normal(size=(500, 3))
    made = calibrated(
        margins, margins + seed.normal(size=margins.shape) > 1, lowest=0.2, highest=0.5
    )
    assert (np.diff(made.knots) >= 0).all()
    assert (np.diff(made.heights) > 0).all()
    assert ((made.heights >= 0) & (made.heights <= 1)).all()
    assert ((made.threshold >= 0.2) & (made.threshold <= 0.5)).all()


def test_a_label_without_positives_leans_on_the_others() -> None:
    """A label that was never seen still gets a map, and a cautious one."""
    margins = np.linspace(-1, 1, 200)[:, None].repeat(2, axis=1)
    labels = np.stack([margins[:, 0] > 0.5, np.zeros(200, dtype=np.bool_)], axis=1)
    made = calibrated(margins, labels, lowest=0.2, highest=0.5)
    assert made.heights[1].max() < made.heights[0].max()
    assert made.threshold[1] == 0.5


def test_the_best_threshold_maximises_f1() -> None:
    """The threshold lies where the ranking is best cut, and is a half without positives."""
    assert (
        best_threshold(
            np.array([0.9, 0.8, 0.3, 0.1]), np.array([True, True, False, False])
        )
        == 0.8
    )
    assert best_threshold(np.array([0.9]), np.array([False])) == 0.5
