"""The text of a page as PDFium sees it, and the boxes of its glyphs."""

import ctypes
import sys
from collections.abc import Iterator
from typing import Any, Final

import pypdfium2.raw as pdfium  # type: ignore[import-untyped]  # ships no types

from interlock.tools.documents.picture.leaf import Rectangle, Span
from interlock.tools.documents.picture.placement import Letters, placed

#: More glyphs than any page that people read has
_MOST: Final = 200_000
#: Part of a glyph's height by which the next one may stand lower and be on the same line
_SAME_LINE: Final = 0.5
#: Half heights of a glyph between two words of a line
_GAP: Final = 8


class Glyphs:
    """The glyphs of one page, drawn as a picture of *width* by *height* pixels."""

    def __init__(self, page: Any, *, width: int, height: int) -> None:
        self._page = page
        self._size = (width, height)
        self._text = pdfium.FPDFText_LoadPage(page)

    def rectangles(self, text: str, spans: list[Span]) -> list[list[Rectangle] | None]:
        """Return where each of *spans* of *text* stands; None for one with no certain place."""
        count = pdfium.FPDFText_CountChars(self._text) if self._text else -1
        if not 0 < count <= _MOST:
            return [None for _ in spans]
        codes = (pdfium.FPDFText_GetUnicode(self._text, at) for at in range(count))
        page = Letters.of(
            [chr(code) if code <= sys.maxunicode else "" for code in codes]
        )
        letters = Letters.of(text)
        return [self._lines(placed(letters, span, page)) for span in spans]

    def _lines(self, places: range | None) -> list[Rectangle] | None:
        """Return one rectangle a line of glyphs; None when a part of them is out of sight."""
        if places is None:
            return None
        lines: list[Rectangle] = []
        for box in self._boxes(places):
            if lines and _is_beside(lines[-1], box):
                lines[-1] = _around(lines[-1], box)
            else:
                lines.append(box)
        width, height = self._size
        shown = [
            (max(0, left), max(0, top), min(width, right), min(height, bottom))
            for left, top, right, bottom in lines
        ]
        seen = all(left < right and top < bottom for left, top, right, bottom in shown)
        return shown if shown and seen else None

    def _boxes(self, places: range) -> Iterator[Rectangle]:
        box = pdfium.FS_RECTF()
        for at in places:
            if pdfium.FPDFText_IsGenerated(self._text, at) == 1:
                continue
            if pdfium.FPDFText_GetLooseCharBox(self._text, at, ctypes.byref(box)):
                corners = (
                    self._pixel(box.left, box.top),
                    self._pixel(box.right, box.bottom),
                )
                (one, high), (other, low) = corners
                yield min(one, other), min(high, low), max(one, other), max(high, low)

    def _pixel(self, x: float, y: float) -> tuple[int, int]:
        across = ctypes.c_int()
        down = ctypes.c_int()
        pdfium.FPDF_PageToDevice(
            self._page,
            0,
            0,
            *self._size,
            0,
            x,
            y,
            ctypes.byref(across),
            ctypes.byref(down),
        )
        return across.value, down.value


def _is_beside(line: Rectangle, box: Rectangle) -> bool:
    middle = (box[1] + box[3]) / 2
    slack = _SAME_LINE * (box[3] - box[1])
    is_level = line[1] <= middle <= line[3]
    return is_level and line[0] - slack <= box[0] <= line[2] + _GAP * max(1, slack)


def _around(line: Rectangle, box: Rectangle) -> Rectangle:
    return (
        min(line[0], box[0]),
        min(line[1], box[1]),
        max(line[2], box[2]),
        max(line[3], box[3]),
    )
