"""Where a span of a transcript stands among the glyphs of a page.

Two programs read the page: one wrote the transcript, the other draws. They differ in white space,
hyphens and ligatures, so these do not count. A place is named only where it is certain: the letters
of the span, with as much around them as needed, stand once in the transcript and once on the page.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from interlock.tools.documents.picture.leaf import Span

#: What one program writes and the other does not: hyphens at line ends, and PDFium's sign for them
_UNSTEADY: Final = frozenset("-\u00ad\u2010\u2011\x02\ufffe\uffff\ufffd\x00")
#: Letters on one side of a span that help to tell it from its like
_CONTEXTS: Final = (0, 12, 40, 120, 400)


@dataclass(frozen=True, kw_only=True, slots=True)
class Letters:
    """The letters of a text that count, in one string, and where in the text each one stands."""

    line: str
    places: Sequence[int]

    @classmethod
    def of(cls, text: Sequence[str]) -> "Letters":
        """Return the letters of *text*: characters, one or none a place."""
        line: list[str] = []
        places: list[int] = []
        for place, char in enumerate(text):
            for letter in _counting(char):
                line.append(letter)
                places.append(place)
        return cls(line="".join(line), places=places)


def placed(text: Letters, span: Span, page: Letters) -> range | None:
    """Return the glyphs of *page* that *span* of *text* is; None where that is not certain."""
    start, end = _within(text, span)
    if start == end:
        return None
    shift = 0 if text.line == page.line else _shift(text.line, start, end, page.line)
    if shift is None:
        return None
    return range(page.places[start + shift], page.places[end + shift - 1] + 1)


def _counting(char: str) -> Iterator[str]:
    for letter in unicodedata.normalize("NFKC", char):
        if not letter.isspace() and letter not in _UNSTEADY:
            yield letter


def _within(text: Letters, span: Span) -> Span:
    inside = [
        number for number, place in enumerate(text.places) if span[0] <= place < span[1]
    ]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


def _shift(line: str, start: int, end: int, page: str) -> int | None:
    """Return by how much further on the same letters stand in *page*."""
    for reach in _CONTEXTS:
        for before, after in ((reach, reach), (reach, 0), (0, reach)):
            left = max(0, start - before)
            wanted = line[left : end + after]
            if _stands_once(wanted, line) and _stands_once(wanted, page):
                return page.index(wanted) - left
    return None


def _stands_once(wanted: str, line: str) -> bool:
    first = line.find(wanted)
    return first >= 0 and line.find(wanted, first + 1) < 0
