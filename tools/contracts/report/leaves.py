"""The text of a document for reading: leaf by leaf, with the clauses marked on it.

A PDF has its pages. A file without pages is cut where a paragraph ends, so that no leaf is long.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from interlock.tools.contracts.report.passages import Mark, Passage, passages
from interlock.tools.documents import Document

#: Characters of a leaf of a file without pages, unless a paragraph is longer
_LEAF: Final = 4_000
#: Characters of a text that is shown whole; of a longer one, leaves without a mark are left out
_WHOLE: Final = 600_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """One leaf: where a reader finds it in the file, and what stands there."""

    #: From 1; of a PDF that of the page
    number: int
    place: str
    start: int
    end: int
    passages: tuple[Passage, ...]


def leaves(document: Document, marks: Sequence[Mark]) -> list[Leaf]:
    """Return the leaves of the document in order, those without text left out.

    Of a text too long to be shown whole only the leaves with a mark are returned.
    """
    is_whole = not is_cut(document)
    return [
        leaf
        for leaf in _all(document, marks)
        if is_whole or any(passage.marks for passage in leaf.passages)
    ]


def leaf_of(document: Document, number: int, marks: Sequence[Mark]) -> Leaf | None:
    """Return the leaf of that number; None where there is none, or none with text."""
    return next((leaf for leaf in _all(document, marks) if leaf.number == number), None)


def is_cut(document: Document) -> bool:
    """Whether the text is too long to be shown whole."""
    return len(document.text) > _WHOLE


def _all(document: Document, marks: Sequence[Mark]) -> Iterator[Leaf]:
    for number, (start, end) in enumerate(_bounds(document), start=1):
        text = document.text[start:end]
        if text.strip():
            last = start + len(text.rstrip())
            yield Leaf(
                number=number,
                place=_place(document, number, start),
                start=start,
                end=last,
                passages=passages(document.text, start, last, marks),
            )


def _place(document: Document, number: int, start: int) -> str:
    if document.kind == "pdf":
        return f"Page {number}"
    return f"From {document.place_at(start)}"


def _bounds(document: Document) -> Iterator[tuple[int, int]]:
    end = len(document.text)
    if document.kind == "pdf":
        yield from pairwise((*document.pages, end))
        return
    text = document.text
    starts = {stretch.start for stretch in document.inventory.stretches}
    start = 0
    while start < end:
        cut = text.find("\n", start + _LEAF) + 1 or end
        cut = min([cut, *(one for one in starts if start < one < cut)])
        yield start, cut
        start = cut
