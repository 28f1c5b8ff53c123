"""Fits one-vs-rest linear scorers and calibrates them on contracts they were not fitted on.

Each label gets a linear support vector machine over L2-normalised binary TF-IDF rows. Calibration
and thresholds are learnt on out-of-fold margins, folds grouped by filer. Deterministic for the same
rows, options and library versions.
"""

import multiprocessing
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]  # ships no types
from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]  # ships no types
from sklearn.svm import LinearSVC  # type: ignore[import-untyped]  # ships no types

from interlock.evals.extraction.calibration import Calibration, Doubles, Flags, calibrated
from interlock.tools.contracts.clauses.features import GROUPS, Indices, Keys
from interlock.tools.contracts.clauses.weights import Floats, Linear


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What may be varied. `least` is the number of rows a key must occur in, by `features.GROUPS`; None leaves the group out."""

    c: float = 0.5
    least: tuple[int | None, ...] = (3,) * len(GROUPS)
    folds: int = 5
    prune: float = 0.03  # weights smaller than this are dropped
    lowest: float = 0.2  # thresholds lie between these two
    highest: float = 0.5
    processes: int = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Rows to learn from, in the layout of `features.Rows`, with labels and the fold that holds each row out."""

    keys: Keys
    bounds: Indices
    labels: Flags  # rows by labels
    fold: Indices


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """The kept keys, ascending, and how rare each is."""

    keys: Keys
    rarity: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """A scorer, and what it scored on rows it had not seen."""

    linear: Linear
    margins: Doubles  # out of fold
    iterations_short: int  # fits that stopped at the iteration limit


def fit(table: Table, labels: Sequence[str], options: Options) -> Fitted:
    """Fit on every row; calibrate on out-of-fold margins."""
    margins = np.zeros(table.labels.shape)
    short = 0
    for fold in range(options.folds):
        inside = table.fold != fold
        vocabulary = _vocabulary(table, inside, options)
        matrix = _matrix(table, vocabulary)
        weights, bias, unfinished = _weights(matrix[inside], table.labels[inside], options)
        margins[~inside] = matrix[~inside] @ weights.T + bias
        short += unfinished
    vocabulary = _vocabulary(table, np.ones(len(table.fold), dtype=np.bool_), options)
    weights, bias, unfinished = _weights(_matrix(table, vocabulary), table.labels, options)
    calibration = calibrated(margins, table.labels, lowest=options.lowest, highest=options.highest)
    linear = _linear(tuple(labels), vocabulary, (weights, bias), calibration, options.prune)
    return Fitted(linear=linear, margins=margins, iterations_short=short + unfinished)


def _vocabulary(table: Table, inside: Flags, options: Options) -> Vocabulary:
    keys, counts = np.unique(
        table.keys[np.repeat(inside, np.diff(table.bounds))], return_counts=True
    )
    least = np.array([len(table.fold) + 1 if count is None else count for count in options.least])
    kept = counts >= least[keys & np.uint32(7)] if len(least) > 1 else counts >= least[0]
    rarity = (
        (np.log((1 + inside.sum()) / (1 + counts[kept])) + 1).astype(np.float16).astype(np.float32)
    )
    return Vocabulary(keys=keys[kept], rarity=rarity)


def _matrix(table: Table, vocabulary: Vocabulary) -> sparse.csr_matrix:
    at = np.minimum(np.searchsorted(vocabulary.keys, table.keys), len(vocabulary.keys) - 1)
    known = vocabulary.keys[at] == table.keys
    row = np.repeat(np.arange(len(table.fold)), np.diff(table.bounds))[known]
    value = vocabulary.rarity[at[known]].astype(np.float64)
    norm = np.sqrt(np.bincount(row, weights=value * value, minlength=len(table.fold)))
    shape = (len(table.fold), len(vocabulary.keys))
    return sparse.csr_matrix((value / norm[row], (row, at[known])), shape=shape)


_task: tuple[
    sparse.csr_matrix, Flags, float
]  # set before forking, so that the workers share the matrix instead of copying it


def _weights(
    matrix: sparse.csr_matrix, labels: Flags, options: Options
) -> tuple[Doubles, Doubles, int]:
    global _task  # noqa: PLW0603 - see above
    _task = (matrix, labels, options.c)
    columns = range(labels.shape[1])
    if options.processes > 1 and len(columns) > 1:
        with multiprocessing.get_context("fork").Pool(options.processes) as pool:
            results = pool.map(_one, columns, chunksize=1)
    else:
        results = [_one(column) for column in columns]
    return (
        np.stack([result[0] for result in results]),
        np.array([result[1] for result in results]),
        sum(r[2] for r in results),
    )


def _one(column: int) -> tuple[Doubles, float, bool]:
    """The weights and bias of one label, and whether the iteration limit ended the fit."""
    matrix, labels, c = _task
    if labels[:, column].all() or not labels[:, column].any():
        return np.zeros(matrix.shape[1]), 1.0 if labels[:, column].all() else -1.0, False
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        machine = LinearSVC(C=c, tol=0.05, max_iter=200, dual=True, random_state=0).fit(
            matrix, labels[:, column]
        )
    return machine.coef_[0], float(machine.intercept_[0]), bool(caught)


def _linear(
    labels: tuple[str, ...],
    vocabulary: Vocabulary,
    fitted: tuple[Doubles, Doubles],
    calibration: Calibration,
    prune: float,
) -> Linear:
    """Weights in 127ths of each label's largest, small ones dropped; every key is kept, since each counts in a row's norm."""
    weights, bias = fitted
    scale = np.maximum(np.abs(weights).max(axis=1), 1e-9) / 127
    steps = np.where(np.abs(weights) > prune, np.rint(weights / scale[:, None]), 0).astype(np.int8)
    return Linear(
        labels=labels,
        keys=vocabulary.keys,
        rarity=vocabulary.rarity,
        steps=np.ascontiguousarray(steps.T),
        scale=scale.astype(np.float32),
        bias=bias.astype(np.float32),
        knots=calibration.knots.astype(np.float32),
        heights=calibration.heights.astype(np.float32),
        threshold=calibration.threshold.astype(np.float32),
    )
