"""Maps margins to probabilities, and picks the confidence from which a finding is shown.

The map of a label is monotone: margins are cut into bins of equal positive weight, each bin's
frequency is taken, the frequencies are made monotone (isotonic regression), and values between bins
are interpolated. A label is joined by the rows of all labels at a total weight of `PRIOR`
positives, so that a rare label leans on the others. Meant for out-of-fold margins.
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
_KNOTS: Final = BINS + 2
_FAR: Final = -1.1  # margins of rows that are surely negative, left out of what labels share
_RISE: Final = 1e-6  # from knot to knot, so that no two margins inside the range tie


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """The map and the threshold of each label.

    A map is the margins of its knots, ascending, and the probabilities there.
    """

    knots: Doubles  # labels by BINS + 2
    heights: Doubles
    threshold: Doubles


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rows:
    """Margins and whether each is positive, with the weight of each row."""

    margins: Doubles
    labels: Flags
    weights: Doubles


def calibrated(margins: Doubles, labels: Flags, *, lowest: float, highest: float) -> Calibration:
    """Return the map of each label, and its best threshold within the two bounds."""
    count = labels.shape[1]
    knots = np.zeros((count, _KNOTS))
    heights = np.zeros((count, _KNOTS))
    threshold = np.zeros(count)
    shared = _shared(margins, labels)
    for column in range(count):
        own = margins[:, column]
        truth = labels[:, column]
        knot, height = _curve(_joined(own, truth, shared))
        confidence = np.interp(own, knot, height)
        knots[column] = knot
        heights[column] = height
        threshold[column] = np.clip(best_threshold(confidence, truth), lowest, highest)
    return Calibration(knots=knots, heights=heights, threshold=threshold)


def _shared(margins: Doubles, labels: Flags) -> _Rows:
    """Return the rows that every label is joined by; together they weigh `PRIOR` positives."""
    near = (margins > _FAR) | labels
    truth = labels[near]
    positives = max(int(truth.sum()), 1)
    return _Rows(
        margins=margins[near],
        labels=truth,
        weights=np.full(len(truth), PRIOR / positives),
    )


def _joined(margins: Doubles, labels: Flags, shared: _Rows) -> _Rows:
    return _Rows(
        margins=np.concatenate([margins, shared.margins]),
        labels=np.concatenate([labels, shared.labels]),
        weights=np.concatenate([np.ones(len(margins)), shared.weights]),
    )


def _curve(rows: _Rows) -> tuple[Doubles, Doubles]:
    """Return the knots of the map and the heights there."""
    order = np.argsort(rows.margins, kind="stable")
    margins = rows.margins[order]
    weights = rows.weights[order]
    positive = weights * rows.labels[order]
    first = _bins(positive)
    weight = np.add.reduceat(weights, first)
    middle = np.add.reduceat(weights * margins, first) / weight
    share = np.add.reduceat(positive, first) / weight
    isotonic = IsotonicRegression(y_min=0, y_max=1)
    height = isotonic.fit_transform(middle, share, sample_weight=weight)
    rest = BINS + 1 - len(middle)
    knots = np.concatenate([[margins[0]], middle, np.full(rest, margins[-1])])
    heights = np.concatenate([[0.0], height, np.full(rest, height[-1])])
    rise = _RISE * np.arange(_KNOTS)
    return knots, np.minimum(heights, 1 - _RISE * BINS * 2) + rise


def _bins(positive: Doubles) -> npt.NDArray[np.int64]:
    """Return the first row of each bin, ascending; every bin has the same positive weight."""
    shares = positive.sum() * np.arange(BINS) / BINS
    cuts = np.searchsorted(np.cumsum(positive), shares)
    starts = np.concatenate([[0], cuts])
    return np.unique(np.minimum(starts, len(positive) - 1))


def best_threshold(probabilities: Doubles, labels: Flags) -> float:
    """Return the probability at and above which F1 is best; 0.5 when nothing is positive."""
    if not labels.any():
        return 0.5
    order = np.argsort(-probabilities, kind="stable")
    hits = np.cumsum(labels[order])
    shown = np.arange(1, len(order) + 1)
    f1 = 2 * hits / (shown + labels.sum())
    return float(probabilities[order[np.argmax(f1)]])
