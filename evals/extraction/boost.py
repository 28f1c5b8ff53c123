"""Fits the trees that compare the best units of a category, on margins from outside each fold.

The trees see what they will see in use: the margins of scorers that were not fitted on the text.
Their out-of-fold probabilities set the thresholds. Deterministic for the same rows and versions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import (  # type: ignore[import-untyped]  # ships no types
    HistGradientBoostingClassifier,
)

from interlock.evals.extraction.calibration import Flags
from interlock.evals.extraction.data import Contract
from interlock.tools.contracts.clauses.ranking import compared, rivals
from interlock.tools.contracts.clauses.segmentation import units
from interlock.tools.contracts.clauses.trees import Trees
from interlock.tools.contracts.clauses.weights import Floats, Linear

_FEWEST: Final = 2  # classes that a fit needs


@dataclass(frozen=True, kw_only=True, slots=True)
class Growth:
    """The settings of the trees."""

    trees: int = 250
    rate: float = 0.04
    leaves: int = 15
    #: In how many rows a leaf must occur
    least: int = 30
    shrink: float = 5.0
    #: The share of the facts that a split may choose from
    share: float = 0.4
    bins: int = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Rows of compared units: their place in the table of all units, and what they are."""

    unit: npt.NDArray[np.int64]
    label: npt.NDArray[np.int64]
    facts: Floats
    truth: Flags
    fold: npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Grown:
    """Trees fitted on all rows, and the confidences of trees on rows they were not fitted on."""

    trees: Trees | None
    confidences: Floats


def grow(
    contracts: Sequence[Contract],
    linear: Linear,
    margins: Floats,
    labels: Flags,
    *,
    fold_of: Sequence[int],
    growth: Growth,
) -> Grown:
    """Return the trees, and the confidence of every unit of every contract, out of fold.

    The units of the contracts follow one another in *margins* and *labels*. There are no trees
    where nothing, or everything, is positive.
    """
    confidences = linear.calibrated(margins)
    rows = comparison(contracts, margins, confidences, labels, fold_of)
    if len(np.unique(rows.truth)) < _FEWEST:
        return Grown(trees=None, confidences=confidences)
    for fold in np.unique(rows.fold):
        inside = rows.fold != fold
        if len(np.unique(rows.truth[inside])) < _FEWEST:
            continue
        outside = ~inside
        machine = _fitted(rows.facts[inside], rows.truth[inside], growth)
        share = machine.predict_proba(rows.facts[outside])[:, 1]
        confidences[rows.unit[outside], rows.label[outside]] = share
    machine = _fitted(rows.facts, rows.truth, growth)
    return Grown(trees=as_trees(machine), confidences=confidences)


def comparison(
    contracts: Sequence[Contract],
    margins: Floats,
    confidences: Floats,
    labels: Flags,
    fold_of: Sequence[int],
) -> Comparison:
    """Return the compared units of every contract."""
    parts: list[tuple[npt.NDArray[np.generic], ...]] = []
    first = 0
    for contract, fold in zip(contracts, fold_of, strict=True):
        pieces = units(contract.text)
        last = first + len(pieces)
        here = rivals(
            contract.text,
            pieces,
            margins[first:last],
            confidences[first:last],
        )
        kept = compared(here)
        truth = labels[first:last][kept.unit, kept.label]
        folds = np.full(len(truth), fold)
        parts.append((kept.unit + first, kept.label, kept.facts, truth, folds))
        first = last
    unit, label, facts, truth, fold_rows = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return Comparison(
        unit=unit,
        label=label,
        facts=facts,
        truth=truth,
        fold=fold_rows,
    )


def _fitted(
    facts: Floats, truth: Flags, growth: Growth
) -> HistGradientBoostingClassifier:
    machine = HistGradientBoostingClassifier(
        max_iter=growth.trees,
        learning_rate=growth.rate,
        max_leaf_nodes=growth.leaves,
        min_samples_leaf=growth.least,
        l2_regularization=growth.shrink,
        max_features=growth.share,
        max_bins=growth.bins,
        early_stopping=False,
        random_state=0,
    )
    return machine.fit(facts, truth)


def as_trees(machine: HistGradientBoostingClassifier) -> Trees:
    """Return the fitted trees as one table of nodes."""
    nodes, sizes = _nodes(machine)
    roots = np.cumsum([0, *sizes])[:-1]
    offset = np.repeat(roots, sizes)
    own = np.arange(len(nodes))
    is_leaf = nodes["is_leaf"].astype(np.bool_)
    left = np.where(is_leaf, own, nodes["left"] + offset)
    right = np.where(is_leaf, own, nodes["right"] + offset)
    cut = np.where(is_leaf, 0.0, nodes["num_threshold"])
    fact = np.where(is_leaf, 0, nodes["feature_idx"])
    return Trees(
        fact=fact.astype(np.int16),
        cut=cut.astype(np.float64),
        left=left.astype(np.int32),
        right=right.astype(np.int32),
        value=np.where(is_leaf, nodes["value"], 0.0).astype(np.float32),
        roots=roots.astype(np.int32),
        baseline=float(np.ravel(machine._baseline_prediction)[0]),  # noqa: SLF001 - as above
        depth=int(nodes["depth"].max()),
    )


def _nodes(
    machine: HistGradientBoostingClassifier,
) -> tuple[npt.NDArray[np.void], list[int]]:
    """Return the nodes of all trees, one tree after the other, and the size of each tree."""
    tables = [
        predictor.nodes
        for (predictor,) in machine._predictors  # noqa: SLF001 - no public access to nodes
    ]
    return np.concatenate(tables), [len(nodes) for nodes in tables]
