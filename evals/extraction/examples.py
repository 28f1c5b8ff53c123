"""Turns contracts into training rows: the features of every unit and the categories it carries.

A unit carries a category when it overlaps one of its gold answers by at least half of the shorter
of the two. So a sentence that holds a whole short answer counts, and so does each sentence of a
long answer, but not a neighbour that an answer only touches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from interlock.evals.extraction.calibration import Flags
from interlock.evals.extraction.data import Contract, Span
from interlock.evals.extraction.metrics import matches_any
from interlock.tools.contracts.clauses.candidates import Candidate, Kind, candidates
from interlock.tools.contracts.clauses.features import Indices, Keys, Rows, rows
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
    labels: Flags  # rows by categories
    contract: Indices


def examples(contracts: Sequence[Contract], categories: Sequence[str]) -> Examples:
    """Return the rows of every contract, in order."""
    described: list[Rows] = []
    labels: list[Flags] = []
    for contract in contracts:
        contract_units = units(contract.text)
        described.append(rows(contract.text, contract_units))
        labels.append(_labels(contract, contract_units, categories))
    return _joined(described, labels)


def _labels(
    contract: Contract, contract_units: tuple[Unit, ...], categories: Sequence[str]
) -> Flags:
    labels = np.zeros((len(contract_units), len(categories)), dtype=np.bool_)
    for column, category in enumerate(categories):
        for span in contract.answers.get(category, ()):
            index = unit_at(contract_units, span.start)
            while index < len(contract_units) and contract_units[index].start < span.end:
                labels[index, column] |= carries(contract_units[index], span)
                index += 1
    return labels


def carries(unit: Unit, span: Span) -> bool:
    """Whether the overlap is at least `OVERLAP` of the shorter of the two."""
    overlap = min(unit.end, span.end) - max(unit.start, span.start)
    shorter = min(unit.end - unit.start, span.end - span.start)
    return overlap >= OVERLAP * shorter


def head_examples(contracts: Sequence[Contract], kind: Kind) -> Examples:
    """Return the candidates of one kind in every contract.

    A candidate carries a category when it matches a gold text by CUAD's rule. A title or name must
    also introduce the text, which is to say be its first occurrence or stand in quotes; a date is
    as good on the cover as in the preamble.
    """
    described: list[Rows] = []
    labels: list[Flags] = []
    for contract in contracts:
        of_kind = [one for one in candidates(contract.text) if one.kind == kind]
        described.append(describe(contract.text, of_kind))
        labels.append(_head_labels(contract, of_kind, CATEGORIES[kind]))
    return _joined(described, labels)


def _head_labels(
    contract: Contract, heads: Sequence[Candidate], categories: Sequence[str]
) -> Flags:
    golds = [contract.gold(category) for category in categories]
    labels = np.zeros((len(heads), len(golds)), dtype=np.bool_)
    earlier: set[str] = set()
    for row, head in enumerate(heads):
        text = contract.text[head.start : head.end]
        if head.kind == "date" or text not in earlier or _is_quoted(contract.text, head):
            labels[row] = [matches_any(text, gold) for gold in golds]
        earlier.add(text)
    return labels


def _is_quoted(text: str, head: Candidate) -> bool:
    return text[max(0, head.start - 1) : head.start] in _QUOTES


def _joined(described: Sequence[Rows], labels: Sequence[Flags]) -> Examples:
    counts = np.concatenate([np.diff(part.bounds) for part in described])
    bounds = np.concatenate([[0], np.cumsum(counts)])
    sizes = [len(part) for part in labels]
    return Examples(
        keys=np.concatenate([part.keys for part in described]),
        bounds=bounds.astype(np.int64),
        labels=np.concatenate(labels),
        contract=np.repeat(np.arange(len(labels)), sizes),
    )
