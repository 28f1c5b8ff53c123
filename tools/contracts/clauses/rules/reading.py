"""Reads the units that the scorers noticed: corrected confidences, and a polarity for each.

The rules only look at units and categories at or above the floor, and at units that hold one of a
few telling words. So their work is a small share of the scorers'.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from interlock.tools.contracts.clauses.answers import Polarity
from interlock.tools.contracts.clauses.rules import liability
from interlock.tools.contracts.clauses.rules.definition import only_defines
from interlock.tools.contracts.clauses.rules.phrases import stated
from interlock.tools.contracts.clauses.rules.polarity import polarity
from interlock.tools.contracts.clauses.rules.topic import WORTH, names_topic
from interlock.tools.contracts.clauses.segmentation import Unit
from interlock.tools.contracts.clauses.weights import Floats

#: By unit and column; a pair that is absent is stated
Polarities: TypeAlias = dict[tuple[int, int], Polarity]


def corrected(
    text: str,
    units: Sequence[Unit],
    labels: Sequence[str],
    confidences: Floats,
    *,
    floor: float,
) -> tuple[Floats, Polarities]:
    """Return the confidences after the rules, and what each noticed unit says of its category."""
    better = confidences.copy()
    _lower(text, units, labels, better, floor=floor)
    _raise(text, units, labels, better)
    polarities: Polarities = {}
    for unit, column in np.argwhere(better >= floor).tolist():
        category = labels[column]
        sentence = text[units[unit].start : units[unit].end]
        if only_defines(category, sentence):
            better[unit, column] = 0
        else:
            polarities[unit, column] = polarity(category, sentence)
    return better, polarities


def _lower(
    text: str,
    units: Sequence[Unit],
    labels: Sequence[str],
    confidences: Floats,
    *,
    floor: float,
) -> None:
    """Lower the confidence of the units that do not name the topic of their category."""
    for unit, column in np.argwhere(confidences >= floor).tolist():
        sentence = text[units[unit].start : units[unit].end]
        if not names_topic(labels[column], sentence):
            confidences[unit, column] *= WORTH


def _raise(
    text: str,
    units: Sequence[Unit],
    labels: Sequence[str],
    confidences: Floats,
) -> None:
    """Give the units that state a category in so many words the confidence they deserve."""
    columns = {category: column for column, category in enumerate(labels)}
    for index, unit in enumerate(units):
        sentence = text[unit.start : unit.end]
        claims = list(stated(sentence))
        if liability.is_uncapped(sentence):
            claims.append((liability.UNCAPPED, liability.CONFIDENCE))
        for category, confidence in claims:
            column = columns.get(category)
            if column is not None:
                least = max(confidence, float(confidences[index, column]))
                confidences[index, column] = least
