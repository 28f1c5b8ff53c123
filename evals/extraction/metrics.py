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
    """Area under the precision-recall steps; 0 when nothing is true."""
    if not truth.any():
        return 0.0
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(truth[order])
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
    precision, recall = hits[last] / (last + 1), hits[last] / truth.sum()
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def calibration_error(
    probabilities: npt.NDArray[np.floating], truth: npt.NDArray[np.bool_], *, least: float = 0.0
) -> float:
    """Mean gap between confidence and frequency, weighted by bin size, over the pairs with at least the `least` probability."""
    kept = probabilities >= least
    if not kept.any():
        return 0.0
    p, y = probabilities[kept].astype(np.float64), truth[kept]
    at = np.minimum((p * _BINS).astype(np.int64), _BINS - 1)
    gaps = np.abs(
        np.bincount(at, weights=p, minlength=_BINS) - np.bincount(at, weights=y, minlength=_BINS)
    )
    return float(gaps.sum() / len(p))


def jaccard(one: str, other: str) -> float:
    """CUAD's overlap of two texts: word sets, without `.,;:` and case, split at white space."""
    first, second = (set(re.sub(r"[.,;:]", "", text.lower()).split()) for text in (one, other))
    return len(first & second) / len(first | second) if first | second else 0.0


def matched(found: Sequence[str], gold: Sequence[str]) -> tuple[int, int]:
    """How many found texts match some gold text, and how many gold texts some found one."""
    right = sum(any(jaccard(text, answer) >= MATCH for answer in gold) for text in found)
    recalled = sum(any(jaccard(text, answer) >= MATCH for text in found) for answer in gold)
    return right, recalled
