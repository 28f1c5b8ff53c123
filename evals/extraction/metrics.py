"""Measures of extraction: average precision, calibration error, and CUAD's own match of two texts.

All are pure functions of arrays or strings. Average precision is the step sum over the ranked list,
ties taken together, as scikit-learn defines it; calibration error is the expected gap between
confidence and accuracy over ten equal bins.
"""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

MATCH: Final = 0.5  # least Jaccard of a match, by CUAD's evaluation
_BINS: Final = 10


def average_precision(scores: npt.NDArray[np.floating], truth: npt.NDArray[np.bool_]) -> float:
    """Return the area under the precision-recall steps; 0 when nothing is true."""
    if not truth.any():
        return 0.0
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    hits = np.cumsum(truth[order])
    last_of_tie = np.append(np.diff(ranked) != 0, True)
    steps = np.flatnonzero(last_of_tie)
    precision = hits[steps] / (steps + 1)
    recall = hits[steps] / truth.sum()
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def calibration_error(
    probabilities: npt.NDArray[np.floating], truth: npt.NDArray[np.bool_], *, least: float = 0.0
) -> float:
    """Return the mean gap between confidence and frequency, weighted by the size of the bins.

    Pairs with a probability below *least* are left out.
    """
    kept = probabilities >= least
    if not kept.any():
        return 0.0
    confidence = probabilities[kept].astype(np.float64)
    at = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    expected = np.bincount(at, weights=confidence, minlength=_BINS)
    observed = np.bincount(at, weights=truth[kept], minlength=_BINS)
    return float(np.abs(expected - observed).sum() / len(confidence))


def jaccard(one: str, other: str) -> float:
    """Return CUAD's overlap of two texts: of word sets, without `.,;:` and case."""
    first = _words(one)
    second = _words(other)
    union = first | second
    if not union:
        return 0.0
    return len(first & second) / len(union)


def _words(text: str) -> set[str]:
    return set(re.sub(r"[.,;:]", "", text.lower()).split())


def matched(shown: Sequence[str], gold: Sequence[str]) -> tuple[int, int]:
    """Return how many shown texts match a gold text, and how many gold texts match a shown one."""
    right = sum(matches_any(text, gold) for text in shown)
    recalled = sum(matches_any(answer, shown) for answer in gold)
    return right, recalled


def matches_any(text: str, others: Sequence[str]) -> bool:
    """Whether CUAD would call *text* the same as one of *others*."""
    return any(jaccard(text, other) >= MATCH for other in others)
