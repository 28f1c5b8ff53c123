"""Turns contracts into training rows: the features of every unit and the unit's categories.

A unit carries a category when the unit and a gold answer of the category overlap by at least half
of the shorter of the two. So a sentence that contains a whole short answer counts, and so does
every sentence of a long answer, but not a neighbour that an answer only touches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from interlock.evals.extraction.calibration import Flags
from interlock.evals.extraction.data import Contract, Span
from interlock.evals.extraction.metrics import matches_any
from interlock.tools.contracts.clauses.candidates import Candidate, Kind, candidates
from interlock.tools.contracts.clauses.features import (
    Indices,
    Keys,
    Rows,
    rows,
)
from interlock.tools.contracts.clauses.heads import CATEGORIES, describe
from interlock.tools.contracts.clauses.segmentation import Unit, unit_at, units

OVERLAP: Final = 0.5
_QUOTES: Final = ("“", "”", chr(34))


@dataclass(frozen=True, kw_only=True, slots=True)
class Examples:
    """Rows of several contracts, one after the other.

    Row `i` belongs to contract `contract[i]` and has `labels[i]`.
    """

    keys: Keys
    bounds: Indices
    #: Rows by categories
    labels: Flags
    contract: Indices


def examples(contracts: Sequence[Contract], categories: Sequence[str]) -> Examples:
    """Return the rows of every contract, in order."""
    described: list[Rows] = []
    labels: list[Flags] = []
    for contract in contracts:
        contract_units = units(contract.text)
        unit_rows = rows(contract.text, contract_units)
        unit_labels = _labels(contract, contract_units, categories)
        described.append(unit_rows)
        labels.append(unit_labels)
    return _joined(described, labels)


def _labels(
    contract: Contract,
    contract_units: tuple[Unit, ...],
    categories: Sequence[str],
) -> Flags:
    """Return whether each unit carries each category, units by categories."""
    shape = (len(contract_units), len(categories))
    labels = np.zeros(shape, dtype=np.bool_)
    for column, category in enumerate(categories):
        for span in contract.answers.get(category, ()):
            first = unit_at(contract_units, span.start)
            for index in range(first, len(contract_units)):
                unit = contract_units[index]
                if unit.start >= span.end:
                    break
                labels[index, column] |= carries(unit, span)
    return labels


def carries(unit: Unit, span: Span) -> bool:
    """Whether the overlap is at least `OVERLAP` of the shorter of the two."""
    overlap = min(unit.end, span.end) - max(unit.start, span.start)
    shorter = min(unit.end - unit.start, span.end - span.start)
    return overlap >= OVERLAP * shorter


def head_examples(contracts: Sequence[Contract], kind: Kind) -> Examples:
    """Return a row for every candidate of one kind in every contract.

    A candidate carries a category when the candidate matches a gold text by CUAD's rule. A title
    or a name must also introduce the text: be the first occurrence of the text, or stand in
    quotes. A date on the cover is as good as a date in the preamble.
    """
    described: list[Rows] = []
    labels: list[Flags] = []
    for contract in contracts:
        heads = [head for head in candidates(contract.text) if head.kind == kind]
        head_rows = describe(contract.text, heads)
        head_labels = _head_labels(contract, heads, CATEGORIES[kind])
        described.append(head_rows)
        labels.append(head_labels)
    return _joined(described, labels)


def _head_labels(
    contract: Contract,
    heads: Sequence[Candidate],
    categories: Sequence[str],
) -> Flags:
    """Return whether each candidate carries each category, candidates by categories."""
    golds = [contract.gold(category) for category in categories]
    shape = (len(heads), len(golds))
    labels = np.zeros(shape, dtype=np.bool_)
    earlier: set[str] = set()
    for row, head in enumerate(heads):
        text = contract.text[head.start : head.end]
        is_first = text not in earlier
        earlier.add(text)
        if is_first or head.kind == "date" or _is_quoted(contract.text, head):
            labels[row] = [matches_any(text, gold) for gold in golds]
    return labels


def _is_quoted(text: str, head: Candidate) -> bool:
    before = max(0, head.start - 1)
    return text[before : head.start] in _QUOTES


def _joined(described: Sequence[Rows], labels: Sequence[Flags]) -> Examples:
    """Return the rows of all contracts as one table; each item of both lists is one contract."""
    keys = [rows_of.keys for rows_of in described]
    widths = [np.diff(rows_of.bounds) for rows_of in described]
    ends = np.cumsum(np.concatenate(widths))
    bounds = np.concatenate([[0], ends])
    sizes = [len(flags) for flags in labels]
    numbers = np.arange(len(labels))
    return Examples(
        keys=np.concatenate(keys),
        bounds=bounds.astype(np.int64),
        labels=np.concatenate(labels),
        contract=np.repeat(numbers, sizes),
    )
