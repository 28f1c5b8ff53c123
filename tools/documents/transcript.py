"""The text of a DOCX as it is written down: paragraph by paragraph, with the changes tracked."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal

from interlock.tools.documents.document import printable
from interlock.tools.documents.errors import Refusal
from interlock.tools.documents.inventory import (
    LONGEST_EXCERPT,
    MOST_CHANGES,
    Change,
    Part,
    Redline,
)
from interlock.tools.documents.text import with_newlines

# An lxml element. lxml ships no types.
_Element = Any

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MC: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_PIC: Final = "{http://schemas.openxmlformats.org/drawingml/2006/picture}"
_CHART: Final = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_DIAGRAM: Final = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_VML: Final = "{urn:schemas-microsoft-com:vml}"
_OFFICE: Final = "{urn:schemas-microsoft-com:office:office}"

COMMENT: Final[Part] = "comment"
#: The element of a note, and the attribute that only a separator line has
NOTES: Final = {_W + "footnote": _W + "type", _W + "endnote": _W + "type"}

_PARAGRAPH: Final = _W + "p"
_TEXT_BOX: Final = _W + "txbxContent"
_TEXT: Final = (_W + "t", _W + "delText", _M + "t")
_MARKS: Final = {
    _W + "tab": "\t",
    _W + "ptab": "\t",
    _W + "br": "\n",
    _W + "cr": "\n",
    _W + "noBreakHyphen": "-",
}
_CHANGES: Final[dict[str, Literal["inserted", "deleted"]]] = {
    _W + "ins": "inserted",
    _W + "moveTo": "inserted",
    _W + "del": "deleted",
    _W + "moveFrom": "deleted",
}
#: What a change of each kind is under each reading: in the text, or not
_STAYS: Final[dict[Redline, Literal["inserted", "deleted"]]] = {
    "accepted": "inserted",
    "rejected": "deleted",
}
_NUMBERED: Final = f"{_W}pPr/{_W}numPr"
_UNREAD: Final[dict[str, Part]] = {
    _PIC + "pic": "picture",
    _VML + "imagedata": "picture",
    _CHART + "chart": "diagram",
    _DIAGRAM + "relIds": "diagram",
    _OFFICE + "OLEObject": "embedded object",
}
# Properties and fallbacks hold no text of their own.
_SKIPPED: Final = frozenset(
    {_MC + "Fallback", _W + "rt"}
    | {
        _W + name for name in ("pPr", "rPr", "sdtPr", "tblPr", "tcPr", "trPr", "sectPr")
    },
)
_ELSEWHERE: Final = (_W + "altChunk", _W + "subDoc")


class Transcript:
    """The text so far, and what was met on the way; written once, in the order of the text."""

    def __init__(self, *, limit: int, redline: Redline) -> None:
        self.boxes = 0
        self.changed = 0
        self.left_out: Counter[Part] = Counter()
        self._limit = limit
        self._stays = _STAYS[redline]
        self._pieces: list[str] = []
        self._length = 0
        self._paragraphs: list[int] = []
        self._changes: list[Change] = []
        self._is_begun = False

    @property
    def text(self) -> str:
        """Everything that was written."""
        return "".join(self._pieces)

    @property
    def paragraphs(self) -> tuple[int, ...]:
        """Where each paragraph of the body starts that holds text."""
        return tuple(self._paragraphs)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The first tracked changes."""
        return tuple(self._changes)

    def body(self, container: _Element) -> None:
        """Write the paragraphs of the body."""
        for start in self._written(container):
            if self._length > start:
                self._paragraphs.append(start)

    def beside(self, container: _Element) -> int | None:
        """Write the paragraphs of a part beside the body; return where the text of them starts.

        None when nothing of the part stands in the text.
        """
        starts = [start for start in self._written(container) if self._length > start]
        return starts[0] if starts else None

    def _written(self, container: _Element) -> Iterator[int]:
        """Write each paragraph, and yield where the paragraph started."""
        for child in container:
            if child.tag == _PARAGRAPH:
                yield from self._paragraph(child)
            elif child.tag in _CHANGES:
                with self._change(child) as stays:
                    if stays:
                        yield from self._written(child)
            elif self._may_hold_text(child):
                yield from self._written(child)

    def _paragraph(self, paragraph: _Element) -> Iterator[int]:
        if self._is_begun:
            self._write("\n")
        self._is_begun = True
        if paragraph.find(_NUMBERED) is not None:
            self.left_out["automatic number"] += 1
        start = self._length
        boxes: list[_Element] = []
        self._inline(paragraph, boxes)
        yield start
        for box in boxes:
            self.boxes += 1
            yield from self._written(box)

    def _inline(self, element: _Element, boxes: list[_Element]) -> None:
        for child in element:
            if child.tag in _TEXT:
                self._write(with_newlines(child.text or ""))
            elif child.tag in _MARKS:
                self._write(_MARKS[child.tag])
            elif child.tag == _TEXT_BOX:
                boxes.append(child)
            elif child.tag in _CHANGES:
                with self._change(child) as stays:
                    if stays:
                        self._inline(child, boxes)
            elif self._may_hold_text(child):
                self._inline(child, boxes)

    def _may_hold_text(self, element: _Element) -> bool:
        if element.tag in _ELSEWHERE:
            raise Refusal(
                "unsupported",
                "part of its text is kept in another document inserted into it",
            )
        if element.tag in _UNREAD:
            self.left_out[_UNREAD[element.tag]] += 1
        return element.tag not in _SKIPPED

    @contextmanager
    def _change(self, element: _Element) -> Iterator[bool]:
        """List the change; its place ends where the writing of its text has ended."""
        kind = _CHANGES[element.tag]
        start = self._length
        index = len(self._changes)
        self.changed += 1
        yield kind == self._stays
        if len(self._changes) < MOST_CHANGES:
            change = Change(
                kind=kind,
                author=_short(element.get(_W + "author") or ""),
                excerpt=_short("".join(_words(element))),
                start=start,
                end=self._length,
            )
            self._changes.insert(index, change)

    def _write(self, piece: str) -> None:
        self._pieces.append(piece)
        self._length += len(piece)
        if self._length > self._limit:
            raise Refusal("limit", f"more than {self._limit} characters")


def _words(element: _Element) -> Iterator[str]:
    for child in element.iter(*_TEXT, *_MARKS):
        yield _MARKS.get(child.tag) or child.text or ""


def _short(text: str) -> str:
    return printable(" ".join(text.split()))[:LONGEST_EXCERPT]
