"""Measures of extraction: average precision, calibration error, and CUAD's own match of two texts.

All are pure functions of arrays or strings. Average precision is the step sum over the ranked list,
with ties taken together, as scikit-learn defines it. Calibration error is the expected gap between
confidence and accuracy over ten equal bins.
"""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

#: The least Jaccard index of two texts that match, by CUAD's evaluation
MATCH: Final = 0.5
_BINS: Final = 10


def average_precision(
    scores: npt.NDArray[np.floating],
    truth: npt.NDArray[np.bool_],
) -> float:
    """Return the area under the precision-recall steps, or 0 when nothing is true."""
    if not truth.any():
        return 0.0
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    hits = np.cumsum(truth[order])
    changes = np.diff(ranked) != 0
    last_of_tie = np.append(changes, True)
    steps = np.flatnonzero(last_of_tie)
    precision = hits[steps] / (steps + 1)
    recall = hits[steps] / truth.sum()
    widths = np.diff(recall, prepend=0.0)
    area = np.sum(widths * precision)
    return float(area)


def calibration_error(
    probabilities: npt.NDArray[np.floating],
    truth: npt.NDArray[np.bool_],
    *,
    least: float = 0.0,
) -> float:
    """Return the mean gap between confidence and frequency, weighted by the size of the bins.

    Pairs with a probability below *least* are left out.
    """
    kept = probabilities >= least
    if not kept.any():
        return 0.0
    confidence = probabilities[kept].astype(np.float64)
    scaled = confidence * _BINS
    bins = np.minimum(scaled.astype(np.int64), _BINS - 1)
    expected = np.bincount(
        bins,
        weights=confidence,
        minlength=_BINS,
    )
    observed = np.bincount(
        bins,
        weights=truth[kept],
        minlength=_BINS,
    )
    gaps = np.abs(expected - observed)
    return float(gaps.sum() / len(confidence))


def jaccard(one: str, other: str) -> float:
    """Return CUAD's overlap of two texts: of their word sets, without `.,;:` and case."""
    first = _words(one)
    second = _words(other)
    union = first | second
    if not union:
        return 0.0
    shared = first & second
    return len(shared) / len(union)


def _words(text: str) -> set[str]:
    plain = re.sub(r"[.,;:]", "", text.lower())
    return set(plain.split())


def matched(shown: Sequence[str], gold: Sequence[str]) -> tuple[int, int]:
    """Return how many shown texts match a gold text, and how many gold texts match a shown text."""
    right = [text for text in shown if matches_any(text, gold)]
    recalled = [answer for answer in gold if matches_any(answer, shown)]
    return len(right), len(recalled)


def jaccard_matches(text: str, others: Sequence[str]) -> list[int]:
    """Return which of *others* CUAD would call the same as *text*."""
    return [
        index for index, other in enumerate(others) if jaccard(text, other) >= MATCH
    ]


def matches_any(text: str, others: Sequence[str]) -> bool:
    """Whether CUAD would call *text* the same as any of *others*."""
    return any(jaccard(text, other) >= MATCH for other in others)
