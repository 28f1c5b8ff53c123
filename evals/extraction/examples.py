"""Turns contracts into training rows: the features of every unit and the categories it carries.

A unit carries a category when it overlaps one of its gold answers by at least half of the shorter
of the two, so a sentence that holds a whole short answer counts, and so does each sentence of a
long answer, but not the neighbour that a span only touches.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from interlock.evals.extraction.data import Contract, Span
from interlock.evals.extraction.metrics import MATCH, jaccard
from interlock.tools.contracts.clauses.candidates import Kind, candidates
from interlock.tools.contracts.clauses.features import Indices, Keys, Rows, rows
from interlock.tools.contracts.clauses.heads import CATEGORIES, describe
from interlock.tools.contracts.clauses.segmentation import Unit, unit_at, units

OVERLAP = 0.5
_QUOTES = ("“", "”", chr(34))


@dataclass(frozen=True, kw_only=True, slots=True)
class Examples:
    """Rows of several contracts, one after the other: row `i` belongs to contract `contract[i]` and has `labels[i]`."""

    keys: Keys
    bounds: Indices
    labels: npt.NDArray[np.bool_]  # rows by categories
    contract: Indices


def examples(contracts: Sequence[Contract], categories: Sequence[str]) -> Examples:
    """The rows of every contract, in order."""
    described: list[Rows] = []
    labels: list[npt.NDArray[np.bool_]] = []
    for contract in contracts:
        found = units(contract.text)
        described.append(rows(contract.text, found))
        labels.append(_labels(contract, found, categories))
    return _joined(described, labels)


def _labels(
    contract: Contract, found: tuple[Unit, ...], categories: Sequence[str]
) -> npt.NDArray[np.bool_]:
    labels = np.zeros((len(found), len(categories)), dtype=np.bool_)
    for column, category in enumerate(categories):
        for span in contract.answers.get(category, ()):
            index = unit_at(found, span.start)
            while index < len(found) and found[index].start < span.end:
                labels[index, column] |= carries(found[index], span)
                index += 1
    return labels


def carries(unit: Unit, span: Span) -> bool:
    """Whether the overlap is at least `OVERLAP` of the shorter of the two."""
    overlap = min(unit.end, span.end) - max(unit.start, span.start)
    return overlap >= OVERLAP * min(unit.end - unit.start, span.end - span.start)


def head_examples(contracts: Sequence[Contract], kind: Kind) -> Examples:
    """The candidates of one kind in every contract.

    A candidate carries a category when it matches a gold text by CUAD's rule. A title or name must
    also introduce that text, which is to say be its first occurrence or stand in quotes; a date is
    as good on the cover as in the preamble.
    """
    described: list[Rows] = []
    labels: list[npt.NDArray[np.bool_]] = []
    for contract in contracts:
        found = [one for one in candidates(contract.text) if one.kind == kind]
        described.append(describe(contract.text, found))
        golds = [
            [contract.text[s.start : s.end] for s in contract.answers.get(name, ())]
            for name in CATEGORIES[kind]
        ]
        texts = [contract.text[one.start : one.end] for one in found]
        opens = [
            kind == "date"
            or text not in texts[:at]
            or contract.text[max(0, one.start - 1) : one.start] in _QUOTES
            for at, (one, text) in enumerate(zip(found, texts, strict=True))
        ]
        flags = [
            [new and any(jaccard(text, gold) >= MATCH for gold in answers) for answers in golds]
            for text, new in zip(texts, opens, strict=True)
        ]
        labels.append(np.array(flags, dtype=np.bool_).reshape(len(found), len(golds)))
    return _joined(described, labels)


def _joined(described: Sequence[Rows], labels: Sequence[npt.NDArray[np.bool_]]) -> Examples:
    counts = np.concatenate([np.diff(one.bounds) for one in described])
    return Examples(
        keys=np.concatenate([one.keys for one in described]),
        bounds=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        labels=np.concatenate(labels),
        contract=np.repeat(np.arange(len(labels)), [len(one) for one in labels]),
    )
