"""CUAD's own measure of a ranked list: the area under the precision-recall curve.

Everything the model can propose is ranked: the best sentences of each clause category, ends
trimmed, and the best candidates of each head. A gold text is reached at a confidence when a
proposal of that confidence matches it; a proposal that matches no gold text is an error. Precision
is made monotone, and recall that is never reached counts as zero. The match is strict: a party that
merely stands inside a proposal does not count.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from interlock.evals.extraction.data import Contract
from interlock.evals.extraction.metrics import jaccard_matches
from interlock.tools.contracts.clauses.findings import HEADED, trimmed
from interlock.tools.contracts.clauses.heads import every_pick
from interlock.tools.contracts.clauses.model import ClauseModel
from interlock.tools.contracts.clauses.segmentation import Unit
from interlock.tools.contracts.clauses.weights import Floats

DEPTH: Final = 25  # proposals of one category

#: The proposals of one category: text and confidence
Proposals = list[tuple[str, float]]


def proposals(
    model: ClauseModel,
    contract: Contract,
    pieces: Sequence[Unit],
    confidences: Floats,
) -> dict[str, Proposals]:
    """Return what the model can propose for each category; *confidences* are those of the units."""
    proposed: dict[str, Proposals] = {category: [] for category in model.categories}
    for column, category in enumerate(model.categories):
        if category in HEADED:
            continue
        confidence = confidences[:, column]
        proposed[category] = list(_sentences(contract.text, pieces, confidence))
    for pick in every_pick(contract.text, model.scorers, most=DEPTH):
        text = contract.text[pick.start : pick.end]
        if pick.category in proposed:
            proposed[pick.category].append((text, pick.confidence))
    return proposed


def _sentences(
    text: str, pieces: Sequence[Unit], confidence: Floats
) -> Iterator[tuple[str, float]]:
    best = np.argsort(-confidence, kind="stable")[:DEPTH]
    for index in best.tolist():
        piece = pieces[index]
        span = trimmed(text, piece.start, piece.end)
        if span is None:
            continue
        start, end = span
        yield text[start:end], float(confidence[index])


def area(
    contracts: Sequence[Contract], proposed: Sequence[Mapping[str, Proposals]]
) -> float:
    """Return the area over all contracts and categories; 0 when there is no gold text."""
    reached: list[float] = []
    wrong: list[float] = []
    for contract, by_category in zip(contracts, proposed, strict=True):
        for category, ranked in by_category.items():
            best, errors = _judged(ranked, contract.gold(category))
            reached.extend(best)
            wrong.extend(errors)
    return _area(np.array(reached), np.array(wrong))


def _judged(ranked: Proposals, gold: Sequence[str]) -> tuple[list[float], list[float]]:
    """Return the confidence at which each gold text is reached, and those of the errors."""
    best = [0.0] * len(gold)
    errors = []
    for text, confidence in ranked:
        matches = jaccard_matches(text, gold)
        if not matches:
            errors.append(confidence)
        for index in matches:
            best[index] = max(best[index], confidence)
    return best, errors


def _area(reached: npt.NDArray[np.float64], wrong: npt.NDArray[np.float64]) -> float:
    shown = np.concatenate([reached[reached > 0], wrong])
    levels = np.unique(shown)[::-1]
    if not len(reached) or not len(levels):
        return 0.0
    hits = _at_least(reached, levels)
    errors = _at_least(wrong, levels)
    precision = hits / np.maximum(hits + errors, 1)
    recall = hits / len(reached)
    monotone = np.maximum.accumulate(precision[::-1])[::-1]
    widths = np.diff(recall, prepend=0.0)
    return float(np.sum(widths * monotone))


def _at_least(
    values: npt.NDArray[np.float64], levels: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Return how many of *values* are at each level or above."""
    falling = np.sort(-values)
    return np.searchsorted(falling, -levels, side="right")
