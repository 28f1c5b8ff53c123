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

from interlock.evals.extraction.calibration import Calibration, Doubles, Flags, calibrated
from interlock.tools.contracts.clauses.features import GROUPS, Indices, Keys
from interlock.tools.contracts.clauses.weights import Floats, Linear

_GROUP: Final = np.uint32(7)  # the bits of a key that say which group it belongs to
_STEPS: Final = 127  # of a label's largest weight


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What may be varied.

    `least` is the number of rows a key must occur in, for each of `features.GROUPS`; None leaves
    the group out.
    """

    c: float = 0.5
    least: tuple[int | None, ...] = (3,) * len(GROUPS)
    folds: int = 5
    prune: float = 0.03  # weights smaller than this are dropped
    lowest: float = 0.2  # thresholds lie between these two
    highest: float = 0.5
    processes: int = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Rows to learn from, laid out as `features.Rows`, with the fold that holds each row out."""

    keys: Keys
    bounds: Indices
    labels: Flags  # rows by labels
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
    """The kept keys, ascending, and how rare each is."""

    keys: Keys
    rarity: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Machines:
    """The weights and bias of every label, and how many fits stopped at the iteration limit."""

    weights: Doubles  # labels by keys
    bias: Doubles
    unfinished: int

    def margins(self, matrix: sparse.csr_matrix) -> Doubles:
        """Return the margin of each row of *matrix* for each label."""
        margins: Doubles = matrix @ self.weights.T + self.bias
        return margins


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """A scorer, and what it scored on rows it had not seen."""

    linear: Linear
    margins: Doubles  # out of fold
    iterations_short: int  # fits that stopped at the iteration limit


def fit(table: Table, labels: Sequence[str], options: Options) -> Fitted:
    """Fit on every row; calibrate on out-of-fold margins."""
    margins = np.zeros(table.labels.shape)
    unfinished = 0
    for fold in range(options.folds):
        inside = table.fold != fold
        matrix = _matrix(table, _vocabulary(table, inside, options))
        machines = _machines(matrix[inside], table.labels[inside], options)
        margins[~inside] = machines.margins(matrix[~inside])
        unfinished += machines.unfinished
    everything = np.ones(len(table), dtype=np.bool_)
    vocabulary = _vocabulary(table, everything, options)
    machines = _machines(_matrix(table, vocabulary), table.labels, options)
    calibration = calibrated(margins, table.labels, lowest=options.lowest, highest=options.highest)
    return Fitted(
        linear=_linear(tuple(labels), vocabulary, machines, calibration, options.prune),
        margins=margins,
        iterations_short=unfinished + machines.unfinished,
    )


def _vocabulary(table: Table, inside: Flags, options: Options) -> Vocabulary:
    """Return the keys that occur often enough in the rows *inside*."""
    occurrences = table.keys[np.repeat(inside, table.widths)]
    keys, counts = np.unique(occurrences, return_counts=True)
    never = len(table) + 1
    least = np.array([never if count is None else count for count in options.least])
    wanted = least[keys & _GROUP] if len(least) > 1 else least[0]
    kept = counts >= wanted
    share = (1 + inside.sum()) / (1 + counts[kept])
    rarity = np.log(share) + 1
    return Vocabulary(keys=keys[kept], rarity=rarity.astype(np.float16).astype(np.float32))


def _matrix(table: Table, vocabulary: Vocabulary) -> sparse.csr_matrix:
    """Return the rows of *table* over *vocabulary*, each of length one."""
    found = np.searchsorted(vocabulary.keys, table.keys)
    column = np.minimum(found, len(vocabulary.keys) - 1)
    is_known = vocabulary.keys[column] == table.keys
    column = column[is_known]
    row = np.repeat(np.arange(len(table)), table.widths)[is_known]
    value = vocabulary.rarity[column].astype(np.float64)
    norm = np.sqrt(np.bincount(row, weights=value * value, minlength=len(table)))
    shape = (len(table), len(vocabulary.keys))
    return sparse.csr_matrix((value / norm[row], (row, column)), shape=shape)


# Set before forking, so that the workers share the matrix instead of copying it
_task: tuple[sparse.csr_matrix, Flags, float]


def _machines(matrix: sparse.csr_matrix, labels: Flags, options: Options) -> Machines:
    global _task  # noqa: PLW0603 - see above
    _task = (matrix, labels, options.c)
    columns = range(labels.shape[1])
    if options.processes > 1 and len(columns) > 1:
        with multiprocessing.get_context("fork").Pool(options.processes) as pool:
            fits = pool.map(_fit_one, columns, chunksize=1)
    else:
        fits = [_fit_one(column) for column in columns]
    weights, bias, unfinished = zip(*fits, strict=True)
    return Machines(weights=np.stack(weights), bias=np.array(bias), unfinished=sum(unfinished))


def _fit_one(column: int) -> tuple[Doubles, float, bool]:
    """Return the weights and bias of one label, and whether the iteration limit ended the fit."""
    matrix, labels, c = _task
    truth = labels[:, column]
    if truth.all() or not truth.any():
        return np.zeros(matrix.shape[1]), 1.0 if truth.all() else -1.0, False
    machine = LinearSVC(C=c, tol=0.05, max_iter=200, dual=True, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        machine.fit(matrix, truth)
    return machine.coef_[0], float(machine.intercept_[0]), bool(caught)


def _linear(
    labels: tuple[str, ...],
    vocabulary: Vocabulary,
    machines: Machines,
    calibration: Calibration,
    prune: float,
) -> Linear:
    """Return the scorer with weights in steps of each label's largest, and small ones dropped.

    Every key is kept, since each counts in the norm of a row.
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
