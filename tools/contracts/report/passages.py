"""A text with marks on it, cut into passages: each is under the same marks from end to end.

Marks may overlap, stand within each other, and be the same stretch; no mark is lost by that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from interlock.tools.contracts.extraction import Clause


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A clause on the text; *number* is what a reader knows it by."""

    number: int
    clause: Clause


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """A stretch of the text, the marks over it, and those of them that begin with it."""

    text: str
    marks: tuple[Mark, ...] = ()
    begins: tuple[Mark, ...] = ()


def passages(
    text: str, start: int, end: int, marks: Sequence[Mark]
) -> tuple[Passage, ...]:
    """Return [start, end) of *text* in passages, which are the text again when joined.

    A mark that began before *start* goes on and does not begin anew.
    """
    over = [
        mark for mark in marks if mark.clause.start < end and mark.clause.end > start
    ]
    edges = {start, end}
    for mark in over:
        edges |= {max(start, mark.clause.start), min(end, mark.clause.end)}
    cuts = sorted(edges)
    return tuple(_passage(text, left, right, over) for left, right in pairwise(cuts))


def _passage(text: str, left: int, right: int, over: Sequence[Mark]) -> Passage:
    marks = [
        mark for mark in over if mark.clause.start < right and mark.clause.end > left
    ]
    return Passage(
        text=text[left:right],
        marks=tuple(marks),
        begins=tuple(mark for mark in marks if mark.clause.start == left),
    )
