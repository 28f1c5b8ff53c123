"""Maps margins to probabilities, and picks the confidence from which a finding is shown.

The map of a label is monotone. Margins are cut into bins of equal positive weight, the frequency
of positives in every bin is made monotone by isotonic regression, and values between bins are
interpolated. The rows of all labels join the rows of a label with a total weight of `PRIOR`
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
#: Rows with a lower margin are surely negative, and are left out of the rows that labels share
_FAR: Final = -1.1
#: The least rise from knot to knot, so that no two margins inside the range tie
_RISE: Final = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """The map and the threshold of each label."""

    #: The margins of the knots of each map, ascending; labels by BINS + 2
    knots: Doubles
    #: The probabilities at the knots
    heights: Doubles
    threshold: Doubles


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rows:
    """Margins of rows, whether each row is positive, and the weight of each row."""

    margins: Doubles
    labels: Flags
    weights: Doubles


def calibrated(
    margins: Doubles,
    labels: Flags,
    *,
    lowest: float,
    highest: float,
) -> Calibration:
    """Return the map of each label, and its best threshold within the two bounds."""
    count = labels.shape[1]
    knots = np.zeros((count, _KNOTS))
    heights = np.zeros((count, _KNOTS))
    threshold = np.zeros(count)
    shared = _shared(margins, labels)
    for column in range(count):
        own = margins[:, column]
        truth = labels[:, column]
        rows = _joined(own, truth, shared)
        knot, height = _curve(rows)
        confidence = np.interp(own, knot, height)
        best = best_threshold(confidence, truth)
        knots[column] = knot
        heights[column] = height
        threshold[column] = np.clip(best, lowest, highest)
    return Calibration(
        knots=knots,
        heights=heights,
        threshold=threshold,
    )


def _shared(margins: Doubles, labels: Flags) -> _Rows:
    """Return the rows that join every label; together these rows weigh `PRIOR` positives."""
    near = (margins > _FAR) | labels
    truth = labels[near]
    positives = max(int(truth.sum()), 1)
    weight = PRIOR / positives
    return _Rows(
        margins=margins[near],
        labels=truth,
        weights=np.full(len(truth), weight),
    )


def _joined(margins: Doubles, labels: Flags, shared: _Rows) -> _Rows:
    """Return the rows of a label, each of weight one, followed by the shared rows."""
    ones = np.ones(len(margins))
    return _Rows(
        margins=np.concatenate([margins, shared.margins]),
        labels=np.concatenate([labels, shared.labels]),
        weights=np.concatenate([ones, shared.weights]),
    )


def _curve(rows: _Rows) -> tuple[Doubles, Doubles]:
    """Return the margins of the map's knots, and the probabilities there."""
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
    knots = _padded(margins[0], middle, margins[-1], rest)
    heights = _padded(0.0, height, height[-1], rest)
    highest = 1 - _RISE * BINS * 2
    rise = _RISE * np.arange(_KNOTS)
    return knots, np.minimum(heights, highest) + rise


def _padded(
    first: float,
    values: Doubles,
    last: float,
    rest: int,
) -> Doubles:
    """Return *first*, the values, and *last* as often as *rest* says."""
    end = np.full(rest, last)
    return np.concatenate([[first], values, end])


def _bins(positive: Doubles) -> npt.NDArray[np.int64]:
    """Return the first row of each bin, ascending; every bin has the same positive weight."""
    shares = positive.sum() * np.arange(BINS) / BINS
    reached = np.cumsum(positive)
    cuts = np.searchsorted(reached, shares)
    starts = np.concatenate([[0], cuts])
    last = len(positive) - 1
    return np.unique(np.minimum(starts, last))


def best_threshold(probabilities: Doubles, labels: Flags) -> float:
    """Return the probability from which F1 is best, or 0.5 when no label is positive."""
    if not labels.any():
        return 0.5
    order = np.argsort(-probabilities, kind="stable")
    hits = np.cumsum(labels[order])
    shown = np.arange(1, len(order) + 1)
    f1 = 2 * hits / (shown + labels.sum())
    best = order[np.argmax(f1)]
    return float(probabilities[best])
