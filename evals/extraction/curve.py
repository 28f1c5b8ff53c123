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
from interlock.tools.contracts.clauses import ClauseModel
from interlock.tools.contracts.clauses.findings import HEADED, trimmed
from interlock.tools.contracts.clauses.heads import every_pick
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
        if category not in HEADED:
            proposed[category].extend(
                _sentences(contract.text, pieces, confidences[:, column])
            )
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
        span = trimmed(text, pieces[index].start, pieces[index].end)
        if span is not None:
            yield text[span[0] : span[1]], float(confidence[index])


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
    levels = np.unique(np.concatenate([reached[reached > 0], wrong]))[::-1]
    if not len(reached) or not len(levels):
        return 0.0
    hits = np.searchsorted(np.sort(-reached), -levels, side="right")
    errors = np.searchsorted(np.sort(-wrong), -levels, side="right")
    precision = hits / np.maximum(hits + errors, 1)
    recall = hits / len(reached)
    monotone = np.maximum.accumulate(precision[::-1])[::-1]
    widths = np.diff(recall, prepend=0.0)
    return float(np.sum(widths * monotone))
