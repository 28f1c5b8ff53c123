"""Fits one-vs-rest linear scorers and calibrates them on contracts they were not fitted on.

Each label gets a linear support vector machine over L2-normalised binary TF-IDF rows. Calibration
and thresholds are learnt on out-of-fold margins, folds grouped by filer. Deterministic for the same
rows, options and library versions.
"""

import multiprocessing
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]  # ships no types
from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]  # ships no types
from sklearn.svm import LinearSVC  # type: ignore[import-untyped]  # ships no types

from interlock.evals.extraction.calibration import (
    Calibration,
    Doubles,
    Flags,
    calibrated,
)
from interlock.tools.contracts.clauses.features import GROUPS, Indices, Keys
from interlock.tools.contracts.clauses.weights import Floats, Linear

#: The bits of a key that name the group of the key
_GROUP: Final = np.uint32(7)
#: The largest weight of a label, in steps
_STEPS: Final = 127


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The settings of one fit."""

    c: float = 0.5
    #: In how many rows a key must occur, for each of `features.GROUPS`; None leaves a group out
    least: tuple[int | None, ...] = (3,) * len(GROUPS)
    folds: int = 5
    #: Smaller weights are dropped
    prune: float = 0.03
    #: Every threshold lies between `lowest` and `highest`
    lowest: float = 0.2
    highest: float = 0.5
    processes: int = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Rows to learn from, laid out as `features.Rows`, with the fold that holds each row out."""

    keys: Keys
    bounds: Indices
    #: Rows by labels
    labels: Flags
    fold: Indices

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.fold)

    @property
    def widths(self) -> Indices:
        """The number of keys of each row."""
        return np.diff(self.bounds)


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """The kept keys, ascending, and how rare each key is."""

    keys: Keys
    rarity: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Machines:
    """The weights and bias of every label, and how many fits stopped at the iteration limit."""

    #: Labels by keys
    weights: Doubles
    bias: Doubles
    unfinished: int

    def margins(self, matrix: sparse.csr_matrix) -> Doubles:
        """Return the margin of each row of *matrix* for each label."""
        margins: Doubles = matrix @ self.weights.T + self.bias
        return margins


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """A scorer fitted on all rows, and the margins of scorers on rows they were not fitted on."""

    linear: Linear
    #: Out of fold, rows by labels
    margins: Doubles
    #: How many fits stopped at the iteration limit
    iterations_short: int


def fit(table: Table, labels: Sequence[str], options: Options) -> Fitted:
    """Return a scorer fitted on every row and calibrated on out-of-fold margins."""
    margins = np.zeros(table.labels.shape)
    unfinished = 0
    for fold in range(options.folds):
        inside = table.fold != fold
        outside = ~inside
        vocabulary = _vocabulary(table, inside, options)
        matrix = _matrix(table, vocabulary)
        machines = _machines(matrix[inside], table.labels[inside], options)
        margins[outside] = machines.margins(matrix[outside])
        unfinished += machines.unfinished
    everything = np.ones(len(table), dtype=np.bool_)
    vocabulary = _vocabulary(table, everything, options)
    matrix = _matrix(table, vocabulary)
    machines = _machines(matrix, table.labels, options)
    calibration = calibrated(
        margins,
        table.labels,
        lowest=options.lowest,
        highest=options.highest,
    )
    linear = _linear(
        tuple(labels),
        vocabulary,
        machines,
        calibration,
        options.prune,
    )
    return Fitted(
        linear=linear,
        margins=margins,
        iterations_short=unfinished + machines.unfinished,
    )


def _vocabulary(table: Table, inside: Flags, options: Options) -> Vocabulary:
    """Return the keys that occur often enough in the rows *inside*."""
    is_inside = np.repeat(inside, table.widths)
    keys, counts = np.unique(table.keys[is_inside], return_counts=True)
    never = len(table) + 1
    least = np.array([never if count is None else count for count in options.least])
    group = keys & _GROUP
    wanted = least[group] if len(least) > 1 else least[0]
    kept = counts >= wanted
    share = (1 + inside.sum()) / (1 + counts[kept])
    rarity = np.log(share) + 1
    coarse = rarity.astype(np.float16)
    return Vocabulary(
        keys=keys[kept],
        rarity=coarse.astype(np.float32),
    )


def _matrix(table: Table, vocabulary: Vocabulary) -> sparse.csr_matrix:
    """Return the rows of *table* over *vocabulary*, each of length one."""
    last = len(vocabulary.keys) - 1
    position = np.searchsorted(vocabulary.keys, table.keys)
    position = np.minimum(position, last)
    is_kept = vocabulary.keys[position] == table.keys
    column = position[is_kept]
    row = np.repeat(np.arange(len(table)), table.widths)
    row = row[is_kept]
    value = vocabulary.rarity[column].astype(np.float64)
    squares = np.bincount(
        row,
        weights=value * value,
        minlength=len(table),
    )
    norm = np.sqrt(squares)
    normed = value / norm[row]
    shape = (len(table), len(vocabulary.keys))
    return sparse.csr_matrix((normed, (row, column)), shape=shape)


# Set before forking, so that the workers share the matrix instead of copying it
_task: tuple[sparse.csr_matrix, Flags, float]


def _machines(matrix: sparse.csr_matrix, labels: Flags, options: Options) -> Machines:
    """Fit one machine for every label, in several processes where the options say so."""
    global _task  # noqa: PLW0603 - see above
    _task = (matrix, labels, options.c)
    columns = range(labels.shape[1])
    if options.processes > 1 and len(columns) > 1:
        forking = multiprocessing.get_context("fork")
        with forking.Pool(options.processes) as pool:
            fits = pool.map(_fit_one, columns, chunksize=1)
    else:
        fits = [_fit_one(column) for column in columns]
    weights, bias, unfinished = zip(*fits, strict=True)
    return Machines(
        weights=np.stack(weights),
        bias=np.array(bias),
        unfinished=sum(unfinished),
    )


def _fit_one(column: int) -> tuple[Doubles, float, bool]:
    """Return the weights and bias of one label, and whether the iteration limit ended the fit."""
    matrix, labels, c = _task
    truth = labels[:, column]
    nothing = np.zeros(matrix.shape[1])
    if truth.all():
        return nothing, 1.0, False
    if not truth.any():
        return nothing, -1.0, False
    machine = LinearSVC(
        C=c,
        tol=0.05,
        max_iter=200,
        dual=True,
        random_state=0,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        machine.fit(matrix, truth)
    bias = float(machine.intercept_[0])
    return machine.coef_[0], bias, bool(caught)


def _linear(
    labels: tuple[str, ...],
    vocabulary: Vocabulary,
    machines: Machines,
    calibration: Calibration,
    prune: float,
) -> Linear:
    """Return the scorer with weights in steps of each label's largest weight.

    Small weights become zero, but no key is left out, since every key counts in the norm of a row.
    """
    size = np.abs(machines.weights)
    scale = np.maximum(size.max(axis=1), 1e-9) / _STEPS
    steps = np.rint(machines.weights / scale[:, None])
    kept = np.where(size > prune, steps, 0).astype(np.int8)
    return Linear(
        labels=labels,
        keys=vocabulary.keys,
        rarity=vocabulary.rarity,
        steps=np.ascontiguousarray(kept.T),
        scale=scale.astype(np.float32),
        bias=machines.bias.astype(np.float32),
        knots=calibration.knots.astype(np.float32),
        heights=calibration.heights.astype(np.float32),
        threshold=calibration.threshold.astype(np.float32),
    )
