"""Maps margins to probabilities, and picks the confidence from which a finding is shown.

The map of a label is monotone: margins are cut into bins of equal positive weight, each bin's
frequency is taken, the frequencies are made monotone (isotonic regression), and values between bins
are interpolated. A label is joined by the rows of all labels at a total weight of `PRIOR`
positives, so that a rare one leans on the others. Meant for out-of-fold margins.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.isotonic import IsotonicRegression  # type: ignore[import-untyped]  # ships no types

Doubles: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]

BINS: Final = 32
PRIOR: Final = 40.0
_FAR: Final = -1.1  # margins of rows that are surely negative, left out of what labels share
_RISE: Final = 1e-6  # from knot to knot, so that no two margins inside the range tie


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """For each label the margins at which its map has knots, ascending, and the probabilities there; and its threshold."""

    knots: Doubles  # labels by BINS + 2
    heights: Doubles
    threshold: Doubles


def calibrated(margins: Doubles, labels: Flags, *, lowest: float, highest: float) -> Calibration:
    """The map of each label and its best threshold within the two bounds."""
    shared = (margins > _FAR) | labels
    pool, truth = margins[shared], labels[shared]
    weight = PRIOR / max(int(truth.sum()), 1)
    knots, heights = np.zeros((labels.shape[1], BINS + 2)), np.zeros((labels.shape[1], BINS + 2))
    threshold = np.zeros(labels.shape[1])
    for column in range(labels.shape[1]):
        own, mine = margins[:, column], labels[:, column]
        every = np.concatenate([own, pool]), np.concatenate([mine, truth])
        weights = np.concatenate([np.ones(len(own)), np.full(len(pool), weight)])
        knots[column], heights[column] = _curve(*every, weights)
        confidence = np.interp(own, knots[column], heights[column])
        threshold[column] = np.clip(best_threshold(confidence, mine), lowest, highest)
    return Calibration(knots=knots, heights=heights, threshold=threshold)


def _curve(margins: Doubles, labels: Flags, weights: Doubles) -> tuple[Doubles, Doubles]:
    order = np.argsort(margins, kind="stable")
    margins, weights = margins[order], weights[order]
    positive = weights * labels[order]
    cuts = np.searchsorted(np.cumsum(positive), positive.sum() * np.arange(BINS) / BINS)
    first = np.unique(np.minimum(np.concatenate([[0], cuts]), len(margins) - 1))
    weight = np.add.reduceat(weights, first)
    middle, share = (
        np.add.reduceat(weights * margins, first) / weight,
        np.add.reduceat(positive, first) / weight,
    )
    height = IsotonicRegression(y_min=0, y_max=1).fit_transform(middle, share, sample_weight=weight)
    knot = np.concatenate([[margins[0]], middle, np.full(BINS + 1 - len(middle), margins[-1])])
    height = np.concatenate([[0.0], height, np.full(BINS + 1 - len(middle), height[-1])])
    return knot, np.minimum(height, 1 - _RISE * BINS * 2) + _RISE * np.arange(BINS + 2)


def best_threshold(probabilities: Doubles, labels: Flags) -> float:
    """The probability at and above which F1 is best; 0.5 when nothing is positive."""
    if not labels.any():
        return 0.5
    order = np.argsort(-probabilities, kind="stable")
    hits = np.cumsum(labels[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + labels.sum())
    return float(probabilities[order[np.argmax(f1)]])
