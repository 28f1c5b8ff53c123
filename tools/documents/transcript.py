"""The text of a DOCX as its readers see it: paragraph by paragraph, with the changes tracked."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Final

from interlock.tools.documents.errors import Refusal
from interlock.tools.documents.inventory import (
    LONGEST_EXCERPT,
    MOST_HIDDEN,
    Hidden,
    Hiding,
    Part,
    Redline,
)
from interlock.tools.documents.text import with_newlines
from interlock.tools.documents.tracking import CHANGES, Changes, marks, short
from interlock.tools.documents.visibility import Visibility

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
_RUNS: Final = (_W + "r", _M + "r")
_END: Final = "\u00b6"  # stands for the end of a paragraph among changes
_TEXT: Final = (_W + "t", _W + "delText", _M + "t")
_MARKS: Final = {
    _W + "tab": "\t",
    _W + "ptab": "\t",
    _W + "br": "\n",
    _W + "cr": "\n",
    _W + "noBreakHyphen": "-",
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

    def __init__(self, *, limit: int, redline: Redline, looks: Visibility) -> None:
        self.boxes = 0
        self.left_out: Counter[Part] = Counter()
        self.changes = Changes(redline)
        self._hidden: list[Hidden] = []
        self.paragraphs: list[int] = []
        """Where each paragraph of the body starts that holds text."""
        self._looks = looks
        self._limit = limit
        self._pieces: list[str] = []
        self._length = 0
        self._is_begun = False
        self._start = 0  # of the paragraph that is written
        self._is_joined = False  # the next paragraph to the one before it

    @property
    def text(self) -> str:
        """Everything that was written."""
        return "".join(self._pieces)

    @property
    def hidden(self) -> tuple[Hidden, ...]:
        """The first texts that no reader sees."""
        return tuple(
            replace(hidden, excerpt=short(hidden.excerpt)) for hidden in self._hidden
        )

    def body(self, container: _Element) -> None:
        """Write the paragraphs of the body."""
        for start in self._written(container):
            if self._length > start and self.paragraphs[-1:] != [start]:
                self.paragraphs.append(start)

    def beside(self, container: _Element) -> int | None:
        """Write the paragraphs of a part beside the body; return where the text of them starts.

        None when nothing of the part stands in the text.
        """
        starts = [start for start in self._written(container) if self._length > start]
        return starts[0] if starts else None

    def hides(self, container: _Element) -> bool:
        """Whether a part holds a run that no reader sees."""
        return any(self._looks.hiding(run) for run in container.iter(*_RUNS))

    def _written(self, container: _Element) -> Iterator[int]:
        """Write each paragraph, and yield where the paragraph started."""
        for child in container:
            if child.tag == _PARAGRAPH:
                yield from self._paragraph(child)
                continue
            self._is_joined = False
            with self._changed(child) as stays:
                if stays and self._may_hold_text(child):
                    yield from self._written(child)
        self._is_joined = False

    def _paragraph(self, paragraph: _Element) -> Iterator[int]:
        if self._is_begun and not self._is_joined:
            self._write("\n")
        if not self._is_joined:
            self._start = self._length
        self._is_begun = True
        if paragraph.find(_NUMBERED) is not None:
            self.left_out["automatic number"] += 1
        start = self._start
        boxes: list[_Element] = []
        self._inline(paragraph, boxes)
        stays = self._ended(paragraph)
        yield start
        for box in boxes:
            self.boxes += 1
            yield from self._written(box)
        self._is_joined = not stays and not boxes

    def _ended(self, paragraph: _Element) -> bool:
        """List the changes of the end of the paragraph; tell whether the end stays."""
        changes = self.changes
        place = self._length
        ends = marks(paragraph)
        for mark in ends:
            if not changes.goes_on(mark, place):
                index = len(changes.listed)
                changes.note(
                    mark,
                    _END,
                    index=index,
                    start=place,
                    end=place,
                )
        return all(changes.stays(mark) for mark in ends)

    def _inline(
        self, element: _Element, boxes: list[_Element], why: Hiding | None = None
    ) -> None:
        """Write the text of *element*, or list the text as hidden by *why*."""
        for child in element:
            if child.tag in _TEXT or child.tag in _MARKS:
                self._say(_word(child), why)
            elif child.tag == _TEXT_BOX and why == "hidden":
                self._say(" ".join(_words(child)), why)
            elif child.tag == _TEXT_BOX:
                boxes.append(child)
            else:
                look = self._looks.hiding(child) if child.tag in _RUNS else why
                with self._changed(child) as stays:
                    if stays and self._may_hold_text(child):
                        self._inline(child, boxes, look)

    def _say(self, text: str, why: Hiding | None) -> None:
        """Write a piece of text, or list the piece as hidden, with the one that it carries on."""
        if why is None:
            self._write(text)
            return
        last = self._hidden[-1] if self._hidden else None
        if last and (last.start, last.why) == (self._length, why):
            excerpt = (last.excerpt + text)[: 2 * LONGEST_EXCERPT]
            self._hidden[-1] = replace(last, excerpt=excerpt)
        elif text.strip():
            self.left_out["hidden text"] += 1
            if len(self._hidden) < MOST_HIDDEN:
                one = Hidden(
                    why=why,
                    excerpt=text,
                    start=self._length,
                )
                self._hidden.append(one)

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
    def _changed(self, element: _Element) -> Iterator[bool]:
        """List the changes of *element* as a whole; tell whether what stands in it stays."""
        own = [element] if element.tag in CHANGES else marks(element)
        with ExitStack() as stack:
            answers = [stack.enter_context(self._change(mark, element)) for mark in own]
            yield all(answers)

    @contextmanager
    def _change(self, mark: _Element, element: _Element) -> Iterator[bool]:
        """List the change; its place ends where the writing of its text has ended."""
        start = self._length
        index = len(self.changes.listed)
        yield self.changes.stays(mark)
        self.changes.note(
            mark,
            "".join(_words(element)),
            index=index,
            start=start,
            end=self._length,
        )

    def _write(self, piece: str) -> None:
        self._pieces.append(piece)
        self._length += len(piece)
        if self._length > self._limit:
            raise Refusal("limit", f"more than {self._limit} characters")


def _words(element: _Element) -> Iterator[str]:
    for child in element.iter(*_TEXT, *_MARKS):
        yield _word(child)


def _word(element: _Element) -> str:
    return _MARKS.get(element.tag) or with_newlines(element.text or "")
