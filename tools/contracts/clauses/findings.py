"""Turns confidences into findings a reader can use.

Adjacent units of one category become one finding; spans lose the enumerators and white space at
their ends; headings alone are dropped; each category keeps its few most confident. A category that
a head answers is not answered by whole sentences as well.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

import numpy as np

from interlock.tools.contracts.clauses.answers import Answers, Finding
from interlock.tools.contracts.clauses.features import is_heading
from interlock.tools.contracts.clauses.heads import CATEGORIES, Pick
from interlock.tools.contracts.clauses.segmentation import Unit
from interlock.tools.contracts.clauses.weights import Floats, Linear

MOST: Final = 3  # findings of one clause category
LONGEST_RUN: Final = 4  # units merged into one finding
SHORTEST: Final = 12  # code points; less is a fragment, not a clause
#: Often stated as a rule, not as a date; the other categories of heads are never sentences
SENTENCES_TOO: Final = frozenset({"Effective Date"})
_TAIL_LONGEST: Final = 12  # code points

_HEADED = frozenset(chain.from_iterable(CATEGORIES.values()))
_NUMBER = r"[a-zA-Z]|\d{1,3}(?:\.\d{1,3}){0,4}|[ivxIVX]{1,5}"
_ENUMERATOR = re.compile(
    rf"(?:(?:\(?(?:{_NUMBER})[.)]{{1,2}}|\d{{1,3}}(?:\.\d{{1,3}}){{1,4}}|[•●·○▪*-])\s+)+"
)
_TAIL = re.compile(r"[\s;,]+(?:and|or)?\s*$")


def assembled(
    text: str,
    units: Sequence[Unit],
    confidences: Floats,
    clause: Linear,
    picked: Sequence[Pick],
) -> Answers:
    """Return all findings of a text, by place; *confidences* are those of *units* by *clause*."""
    findings = []
    more = {}
    answered = set(_HEADED - SENTENCES_TOO)
    for pick in picked:
        span = (pick.start, pick.end)
        findings.append(_finding(text, pick.category, span, pick.confidence))
        answered.add(pick.category)
    for column, category in enumerate(clause.labels):
        if category in answered:
            continue
        threshold = float(clause.threshold[column])
        confidence = confidences[:, column]
        clauses = list(_clauses(text, units, confidence, category, threshold))
        clauses.sort(key=_most_confident_first)
        findings.extend(clauses[:MOST])
        if len(clauses) > MOST:
            more[category] = len(clauses) - MOST
    findings.sort(key=_by_place)
    return Answers(
        findings=tuple(findings),
        more=more,
        unread=0,
    )


def _most_confident_first(finding: Finding) -> tuple[float, int]:
    return -finding.confidence, finding.start


def _by_place(finding: Finding) -> tuple[int, int, str]:
    return finding.start, finding.end, finding.category


def _clauses(
    text: str,
    units: Sequence[Unit],
    confidence: Floats,
    category: str,
    threshold: float,
) -> Iterator[Finding]:
    for first, last in _runs(confidence >= threshold):
        span = _trimmed(text, units[first].start, units[last].end)
        if span is not None:
            highest = float(confidence[first : last + 1].max())
            yield _finding(text, category, span, highest)


def _runs(
    above: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> Iterator[tuple[int, int]]:
    """Yield first and last index of each stretch above, at most `LONGEST_RUN` long."""
    first: int | None = None
    for index, is_above in enumerate(above.tolist()):
        if first is not None and (not is_above or index - first == LONGEST_RUN):
            yield first, index - 1
            first = None
        if is_above and first is None:
            first = index
    if first is not None:
        yield first, len(above) - 1


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return the span without enumerators in front and connecting words behind.

    None when a heading or a fragment is left.
    """
    lead = _ENUMERATOR.match(text, start, end)
    if lead:
        start = lead.end()
    tail = _TAIL.search(text, max(start, end - _TAIL_LONGEST), end)
    if tail:
        end = tail.start()
    inner = text[start:end]
    if len(inner) < SHORTEST or is_heading(inner.rstrip(".:")):
        return None
    return start, end


def _finding(
    text: str,
    category: str,
    span: tuple[int, int],
    confidence: float,
) -> Finding:
    start, end = span
    return Finding(
        category=category,
        start=start,
        end=end,
        text=text[start:end],
        confidence=confidence,
        answer="found",
        polarity="stated",
    )
