"""Turns confidences into findings a reader can use.

Adjacent units of one category become one finding; spans lose the enumerators and white space at
their ends; headings alone are dropped; each category keeps its few most confident. A category that
a head answers is not answered by whole sentences as well.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from interlock.tools.contracts.clauses.features import is_heading
from interlock.tools.contracts.clauses.heads import CATEGORIES, Pick
from interlock.tools.contracts.clauses.segmentation import Unit
from interlock.tools.contracts.clauses.weights import Floats, Linear

MOST: Final = 3  # findings of one clause category
LONGEST_RUN: Final = 4  # units merged into one finding
SHORTEST: Final = 12  # code points; less is a fragment, not a clause
SENTENCES_TOO: Final = frozenset(
    {"Effective Date"}
)  # often stated as a rule, not a date; other heads answer or nobody does

_HEADED = frozenset(category for categories in CATEGORIES.values() for category in categories)
_ENUMERATOR = re.compile(
    r"(?:(?:\(?(?:[a-zA-Z]|\d{1,3}(?:\.\d{1,3}){0,4}|[ivxIVX]{1,5})[.)]{1,2}|\d{1,3}(?:\.\d{1,3}){1,4}|[•●·○▪*-])\s+)+"
)
_TAIL = re.compile(r"[\s;,]+(?:and|or)?\s*$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One clause: `text` is exactly `document[start:end]`, offsets in Unicode code points; `confidence` is a probability."""

    category: str
    start: int
    end: int
    text: str
    confidence: float


def assembled(
    text: str, found: Sequence[Unit], confidences: Floats, clause: Linear, picked: Sequence[Pick]
) -> tuple[Finding, ...]:
    """All findings of a text, by place."""
    shown = [
        _finding(text, pick.category, pick.start, pick.end, pick.confidence) for pick in picked
    ]
    answered = {pick.category for pick in picked} | (_HEADED - SENTENCES_TOO)
    for column, category in enumerate(clause.labels):
        if category not in answered:
            every = _clauses(
                text, found, confidences[:, column], category, float(clause.threshold[column])
            )
            shown.extend(sorted(every, key=lambda one: (-one.confidence, one.start))[:MOST])
    return tuple(sorted(shown, key=lambda one: (one.start, one.end, one.category)))


def _clauses(
    text: str, found: Sequence[Unit], confidence: Floats, category: str, threshold: float
) -> Iterator[Finding]:
    for first, last in _runs(confidence >= threshold):
        span = _trimmed(text, found[first].start, found[last].end)
        if span is not None:
            yield _finding(text, category, *span, float(confidence[first : last + 1].max()))


def _runs(above: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Iterator[tuple[int, int]]:
    """First and last index of each stretch of neighbours above, at most `LONGEST_RUN` long."""
    first: int | None = None
    for index, one in enumerate(above.tolist()):
        if first is not None and (not one or index - first == LONGEST_RUN):
            yield first, index - 1
            first = None
        if one and first is None:
            first = index
    if first is not None:
        yield first, len(above) - 1


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span without enumerators in front and connecting words behind; None when a heading or a fragment is left."""
    lead = _ENUMERATOR.match(text, start, end)
    start = lead.end() if lead else start
    tail = _TAIL.search(text, max(start, end - 12), end)
    end = tail.start() if tail else end
    inner = text[start:end]
    if len(inner) < SHORTEST or is_heading(inner.rstrip(".:")):
        return None
    return start, end


def _finding(text: str, category: str, start: int, end: int, confidence: float) -> Finding:
    return Finding(
        category=category, start=start, end=end, text=text[start:end], confidence=confidence
    )
