"""The tracked changes of a DOCX: which of them stand in the text, and the list of them."""

from typing import Any, Final, Literal

from interlock.tools.documents.document import printable
from interlock.tools.documents.inventory import (
    LONGEST_EXCERPT,
    MOST_CHANGES,
    Change,
    Redline,
)

# An lxml element. lxml ships no types.
_Element = Any

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
#: What holds or marks a change
CHANGES: Final[dict[str, Literal["inserted", "deleted"]]] = {
    _W + "ins": "inserted",
    _W + "moveTo": "inserted",
    _W + "cellIns": "inserted",
    _W + "del": "deleted",
    _W + "moveFrom": "deleted",
    _W + "cellDel": "deleted",
}
#: What may be changed as a whole -> where it is marked so
_MARKED: Final = {
    _W + "p": f"{_W}pPr/{_W}rPr",
    _W + "tr": f"{_W}trPr",
    _W + "tc": f"{_W}tcPr",
}
#: What a change of each kind is under each reading: in the text, or not
_STAYS: Final[dict[Redline, Literal["inserted", "deleted"]]] = {
    "accepted": "inserted",
    "rejected": "deleted",
}


def marks(element: _Element) -> list[_Element]:
    """Return the changes of a row, a cell or the end of a paragraph as a whole."""
    properties = element.find(_MARKED[element.tag]) if element.tag in _MARKED else None
    children = () if properties is None else properties
    return [child for child in children if child.tag in CHANGES]


class Changes:
    """The changes so far, in the order of the text."""

    def __init__(self, redline: Redline) -> None:
        self.listed: list[Change] = []
        #: How many there are in all
        self.count = 0
        self._stays = _STAYS[redline]
        self._end = -1
        self._last: tuple[str, str] = ("", "")

    def stays(self, mark: _Element) -> bool:
        """Whether what the change is about stands in the text."""
        return CHANGES[mark.tag] == self._stays

    def goes_on(self, mark: _Element, place: int) -> bool:
        """Whether the change carries on the last one, which ended at *place*."""
        return (self._end, self._last) == (place, _signed(mark))

    def note(
        self, mark: _Element, words: str, *, index: int, start: int, end: int
    ) -> None:
        """List a change at *index*, or where there are very many count it alone."""
        self.count += 1
        self._end = end
        self._last = _signed(mark)
        if len(self.listed) < MOST_CHANGES:
            kind, author = CHANGES[mark.tag], short(_signed(mark)[1])
            change = Change(
                kind=kind,
                author=author,
                excerpt=short(words),
                start=start,
                end=end,
            )
            self.listed.insert(index, change)


def short(text: str) -> str:
    """Return the beginning of *text* in one line for people."""
    return printable(" ".join(text.split()))[:LONGEST_EXCERPT]


def _signed(mark: _Element) -> tuple[str, str]:
    return CHANGES[mark.tag], mark.get(_W + "author") or ""
