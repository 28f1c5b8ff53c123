"""Turns confidences into findings a reader can use.

Adjacent units of one category that say the same become one finding, and a lead-in takes its list
along; spans lose the enumerators and white space at their ends; headings alone are dropped. A
category shows its most confident findings and counts the others. A category without any shows its
best place below the threshold as a possible one. A category that a head answers is not answered by
whole sentences as well.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np

from interlock.tools.contracts.clauses.answers import (
    Answer,
    Answers,
    Finding,
    Polarity,
)
from interlock.tools.contracts.clauses.features import is_heading
from interlock.tools.contracts.clauses.heads import CATEGORIES, POSSIBLE, Pick
from interlock.tools.contracts.clauses.rules.lists import last_item
from interlock.tools.contracts.clauses.rules.reading import Polarities, corrected
from interlock.tools.contracts.clauses.segmentation import Unit
from interlock.tools.contracts.clauses.weights import Floats, Linear

MOST: Final = 12  # findings of one clause category
LONGEST_RUN: Final = 4  # units merged into one finding, without the items of a list
SHORTEST: Final = 12  # code points; less is a fragment, not a clause
#: Sometimes stated as a rule, not as a date; the other categories of heads are never sentences
RULE_TOO: Final = "Effective Date"
_RULE_LONGEST: Final = (
    250  # code points; a longer unit is a paragraph about more than the date
)
_TAIL_LONGEST: Final = 12  # code points

#: The categories that a head answers
HEADED: Final = frozenset(chain.from_iterable(CATEGORIES.values()))
_NUMBER = r"[a-zA-Z]|\d{1,3}(?:\.\d{1,3}){0,4}|[ivxIVX]{1,5}"
_ENUMERATOR = re.compile(
    rf"(?:(?:\(?(?:{_NUMBER})[.)]{{1,2}}|\d{{1,3}}(?:\.\d{{1,3}}){{1,4}}|[•●·○▪*-])\s+)+"
)
_TAIL = re.compile(r"[\s;,]+(?:and|or)?\s*$")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Column:
    """What the units of a text say of one category."""

    text: str
    units: Sequence[Unit]
    category: str
    column: int
    confidence: Floats
    polarities: Polarities

    def polarity(self, unit: int) -> Polarity:
        return self.polarities.get((unit, self.column), "stated")


def assembled(
    text: str,
    units: Sequence[Unit],
    confidences: Floats,
    clause: Linear,
    picked: Sequence[Pick],
    *,
    unsupported: Sequence[str] = (),
    unread: int = 0,
) -> Answers:
    """Return all findings of a text, by place; *confidences* are those of *units* by *clause*."""
    findings = [_picked(text, pick) for pick in picked]
    more: dict[str, int] = {}
    better, polarities = corrected(
        text,
        units,
        clause.labels,
        confidences,
        floor=POSSIBLE,
    )
    silent = _silent(picked, unsupported)
    _without_paragraphs(units, clause.labels, better)
    for number, category in enumerate(clause.labels):
        if category in silent:
            continue
        column = _Column(
            text=text,
            units=units,
            category=category,
            column=number,
            confidence=better[:, number],
            polarities=polarities,
        )
        shown, left_out = _shown(column, float(clause.threshold[number]))
        findings.extend(shown)
        if left_out:
            more[category] = left_out
    findings.sort(key=_by_place)
    return Answers(
        findings=tuple(findings),
        more=more,
        unread=unread,
    )


def _without_paragraphs(
    units: Sequence[Unit], labels: Sequence[str], confidences: Floats
) -> None:
    """Take from long units what they are worth as a date: a paragraph is no date."""
    long = [unit.end - unit.start > _RULE_LONGEST for unit in units]
    for column, category in enumerate(labels):
        if category == RULE_TOO:
            confidences[np.array(long), column] = 0


def _picked(text: str, pick: Pick) -> Finding:
    return _finding(
        text,
        pick.category,
        (pick.start, pick.end),
        pick.confidence,
        answer=pick.answer,
    )


def _silent(picked: Sequence[Pick], unsupported: Sequence[str]) -> set[str]:
    """Return the categories that no sentence answers."""
    silent = {*HEADED, *unsupported}
    if not any(pick.category == RULE_TOO for pick in picked):
        silent.discard(RULE_TOO)
    return silent


def _shown(column: _Column, threshold: float) -> tuple[list[Finding], int]:
    """Return what is shown of a category, and how many more it has."""
    clauses = list(_clauses(column, threshold))
    if not clauses:
        return list(_possible(column)), 0
    clauses.sort(key=_most_confident_first)
    return clauses[:MOST], max(0, len(clauses) - MOST)


def _most_confident_first(finding: Finding) -> tuple[float, int]:
    return -finding.confidence, finding.start


def _by_place(finding: Finding) -> tuple[int, int, str]:
    return finding.start, finding.end, finding.category


def _clauses(column: _Column, threshold: float) -> Iterator[Finding]:
    covered = -1
    for first, last in _runs(column, threshold):
        if last <= covered:
            continue
        begin = max(first, covered + 1)
        covered = last_item(column.text, column.units, last)
        yield from _made(column, begin, last, covered, answer="found")


def _possible(column: _Column) -> Iterator[Finding]:
    """Yield the best unit that is worth a look, with the list that it opens."""
    for index in np.argsort(-column.confidence, kind="stable").tolist():
        if column.confidence[index] < POSSIBLE:
            return
        last = last_item(column.text, column.units, index)
        made = list(_made(column, index, index, last, answer="possible"))
        if made:
            yield made[0]
            return


def _made(
    column: _Column,
    first: int,
    last: int,
    end: int,
    *,
    answer: Answer,
) -> Iterator[Finding]:
    """Yield the finding of the units *first* to *last*, shown up to unit *end*."""
    units = column.units
    span = trimmed(column.text, units[first].start, units[end].end)
    if span is not None:
        yield _finding(
            column.text,
            column.category,
            span,
            float(column.confidence[first : last + 1].max()),
            answer=answer,
            polarity=column.polarity(first),
        )


def _runs(column: _Column, threshold: float) -> Iterator[tuple[int, int]]:
    """Yield first and last unit of each stretch at or above the threshold that says the same."""
    above = np.flatnonzero(column.confidence >= threshold).tolist()
    first = last = -2
    for index in above:
        goes_on = (
            index == last + 1
            and index - first < LONGEST_RUN
            and column.polarity(index) == column.polarity(first)
        )
        if not goes_on:
            if first >= 0:
                yield first, last
            first = index
        last = index
    if first >= 0:
        yield first, last


def trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
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
    *,
    answer: Answer,
    polarity: Polarity = "stated",
) -> Finding:
    start, end = span
    return Finding(
        category=category,
        start=start,
        end=end,
        text=text[start:end],
        confidence=confidence,
        answer=answer,
        polarity=polarity,
    )
