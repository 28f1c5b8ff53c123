"""Describes the few best units of each category, so that a second scorer can compare them.

The linear scorer reads one unit at a time. Here a unit is seen beside its rivals in the same text:
its rank, the gap to the best, what its neighbours and the other categories score, and a few telling
words. Pure and deterministic; the work is bounded by `DEPTH` units a category.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from interlock.tools.contracts.clauses.features import Indices, is_heading
from interlock.tools.contracts.clauses.segmentation import Unit
from interlock.tools.contracts.clauses.weights import Floats

DEPTH: Final = 12  # units of a category that are compared
#: A unit with a lower confidence is nothing to compare
FLOOR: Final = 0.01
_CONFIDENCE: Final = 1  # the fact that holds the confidence
_REACH: Final = 2  # neighbours on either side
_NEAR: Final = -0.5  # a margin that makes a unit a rival
_NOTHING: Final = -2.0  # the margin of a neighbour beyond the ends of the text

_TELLING: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:no|not|neither|nor|nothing|never|without|none)\b",
        r"\b(?:shall|may|will|must|do|does|can) ?not\b",
        r"\b(?:means|shall mean|is defined as)\b",
        r":\s*$",
        r"\d",
        r"\$|%|percent",
        r"\b(?:days?|months?|years?)\b",
        r"\b(?:if|unless|except|provided|notwithstanding)\b",
        r"\b(?:only|solely|exclusive(?:ly)?)\b",
        r"\b(?:breach(?:es)?|default|insolven\w+|bankrupt\w*|for cause)\b",
        r"\b(?:convenience|any reason|at any time|without cause)\b",
        r"\b(?:either|each|neither|both) part(?:y|ies)\b",
        r"\baffiliates?\b",
        r"\b(?:the foregoing|herein|this section)\b",
        r"^[a-z(]",
    )
)

Places: TypeAlias = tuple[Indices, Indices]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rivals:
    """The units that are compared: unit and label of each, and a row of facts for each."""

    unit: Indices
    label: Indices
    facts: Floats


def rivals(
    text: str,
    units: Sequence[Unit],
    margins: Floats,
    confidences: Floats,
) -> Rivals:
    """Return the best units of each label with their facts; both tables are units by labels."""
    depth = min(DEPTH, len(margins))
    order = np.argsort(-margins, axis=0, kind="stable")[:depth]
    labels = margins.shape[1]
    unit = order.T.ravel()
    label = np.repeat(np.arange(labels), depth)
    rank = np.tile(np.arange(depth), labels)
    facts = [
        rank,
        confidences[unit, label],
        *_scores(margins, unit, label, order),
        *_surroundings(margins, unit, label),
        *_document(margins, unit, label),
        *_form(text, units, unit).T,
        *margins[unit].T,
    ]
    table = np.stack([np.asarray(fact, dtype=np.float32) for fact in facts], axis=1)
    return Rivals(
        unit=unit,
        label=label,
        facts=table,
    )


def compared(every: Rivals) -> Rivals:
    """Return the rivals that are worth comparing: those with a confidence of `FLOOR` or more."""
    kept = every.facts[:, _CONFIDENCE] >= FLOOR
    return Rivals(
        unit=every.unit[kept],
        label=every.label[kept],
        facts=every.facts[kept],
    )


def _scores(
    margins: Floats,
    unit: Indices,
    label: Indices,
    order: Indices,
) -> Iterator[Floats]:
    """Yield the own margin, the gaps to the best and to the second, and the best other label."""
    own = margins[unit, label]
    columns = np.arange(margins.shape[1])
    best = margins[order[0], columns]
    second = margins[order[min(1, len(order) - 1)], columns]
    others = margins[unit].copy()
    others[np.arange(len(unit)), label] = -np.inf
    yield own
    yield best[label] - own
    yield second[label] - own
    yield others.max(axis=1) if margins.shape[1] > 1 else own


def _surroundings(margins: Floats, unit: Indices, label: Indices) -> Iterator[Floats]:
    """Yield the margins of the neighbours for the same label."""
    count = len(margins)
    for step in range(-_REACH, _REACH + 1):
        if step:
            there = unit + step
            is_inside = (there >= 0) & (there < count)
            near = margins[np.clip(there, 0, count - 1), label]
            yield np.where(is_inside, near, _NOTHING)


def _document(
    margins: Floats, unit: Indices, label: Indices
) -> Iterator[Floats | Indices]:
    """Yield the label, its number of rivals, and the place of the unit."""
    count = len(margins)
    yield label
    yield (margins > _NEAR).sum(axis=0)[label]
    yield unit
    yield (unit / count).astype(np.float32)
    yield np.full(len(unit), count)


def _form(text: str, units: Sequence[Unit], unit: Indices) -> Floats:
    """Return the length and the telling words of the unit of each row."""
    distinct, row = np.unique(unit, return_inverse=True)
    facts = []
    for index in distinct.tolist():
        inner = text[units[index].start : units[index].end]
        telling = [float(bool(pattern.search(inner))) for pattern in _TELLING]
        facts.append([len(inner), inner.count(" "), float(is_heading(inner)), *telling])
    table = np.array(facts, dtype=np.float32)
    return np.asarray(table[row], dtype=np.float32)
