"""One page of a document as its own page shows it: the picture with marks on it, and the text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from interlock.runtime.errors import NotFound
from interlock.tools.contracts.extraction import CERTAIN, Clause
from interlock.tools.contracts.report.leaves import Leaf, leaf_of
from interlock.tools.contracts.report.passages import Mark
from interlock.tools.documents import Document
from interlock.tools.documents.picture import Frame, Rectangle, Span
from interlock.tools.documents.picture import Leaf as Wish

#: Pixels of a picture as it is shown
WIDTH: Final = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """One mark on the picture of a page."""

    mark: Mark
    rectangles: Sequence[Rectangle]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """One page with what is marked on it."""

    leaf: Leaf
    marks: Sequence[Mark]

    def wish(self, document: Document) -> Wish:
        """Return what is asked of whoever draws: where the marks stand, and no pixels yet."""
        start, end = self.leaf.start, self.leaf.end
        spans: list[Span] = [
            (max(start, mark.clause.start) - start, min(end, mark.clause.end) - start)
            for mark in self.marks
        ]
        return Wish(
            page=self.leaf.number,
            width=WIDTH,
            text=document.text[start:end],
            spans=spans,
            pixels=False,
        )

    def values(self, document: Document, frame: Frame | None) -> dict[str, Any]:
        """Return what the page shows of the marks: those with a certain place, and the others."""
        pairs = list(zip(self.marks, frame.marks, strict=True)) if frame else []
        return {
            "leaf": self.leaf,
            "last": len(document.pages) if document.kind == "pdf" else 0,
            "placed": [
                Placed(mark=mark, rectangles=rectangles)
                for mark, rectangles in pairs
                if rectangles is not None
            ],
            "unplaced": [mark for mark, rectangles in pairs if rectangles is None],
        }


def sheet(document: Document, number: int, marks: Sequence[Mark]) -> Sheet:
    """Return the page of that number; raises `NotFound`."""
    leaf = leaf_of(document, number, marks)
    if leaf is None:
        raise NotFound(
            kind="page",
            name=str(number),
            next_step="Look at the pages that there are.",
        )
    here = {mark.number for passage in leaf.passages for mark in passage.marks}
    return Sheet(leaf=leaf, marks=[mark for mark in marks if mark.number in here])


def asked_about(document: Document, start: int, end: int) -> list[Mark]:
    """Return a mark over [start, end) of the document; none where the document has no such span."""
    if not 0 <= start < end <= len(document.text):
        return []
    clause = Clause(
        category="What is asked about",
        start=start,
        end=end,
        text=document.text[start:end],
        confidence=CERTAIN,
        page=0,
        place=document.place_at(start),
        answer="found",
        polarity="stated",
    )
    return [Mark(number=0, clause=clause)]
