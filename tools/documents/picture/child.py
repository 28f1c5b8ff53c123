"""The confined process that draws one page: a wish and a PDF on stdin, pixels on stdout.

No call here raises an audit event of `ctypes`, which the confinement refuses: memory is handed to
PDFium, and never taken from an address.
"""

import ctypes
import json
import sys
from typing import Any, Final

import pypdfium2.raw as pdfium  # type: ignore[import-untyped]  # ships no types

from interlock.tools.documents.picture.glyphs import Glyphs
from interlock.tools.documents.picture.leaf import NoPicture
from interlock.tools.sandbox.limits import Isolation

_CHANNELS: Final = 3
_WHITE: Final = 0xFFFFFFFF
_DRAWING: Final = pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER


def main(isolation: Isolation, most_pixels: str) -> int:
    """Draw the page that stdin asks for, of at most *most_pixels*, and answer on stdout.

    Fails closed: where the kernel does not hold this process, the PDF is not looked at.
    """
    try:
        head, pixels = _answer(isolation, int(most_pixels))
    except NoPicture as reason:
        head, pixels = {"code": reason.code}, b""
    except MemoryError:
        head, pixels = {"code": "limit"}, b""
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n")
    sys.stdout.buffer.write(pixels)
    sys.stdout.buffer.flush()
    return 0


def _answer(isolation: Isolation, most: int) -> tuple[dict[str, Any], bytes]:
    if not (isolation.calls and isolation.files):
        raise NoPicture("unconfined")
    wish = json.loads(sys.stdin.buffer.readline())
    return _drawn(wish, sys.stdin.buffer.read(), most)


def _drawn(
    wish: dict[str, Any], data: bytes, most: int
) -> tuple[dict[str, Any], bytes]:
    pdfium.FPDF_InitLibrary()
    document = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    if not document:
        raise NoPicture("damaged")
    if not 1 <= wish["page"] <= pdfium.FPDF_GetPageCount(document):
        raise NoPicture("no_page")
    page = pdfium.FPDF_LoadPage(document, wish["page"] - 1)
    if not page:
        raise NoPicture("damaged")
    width, height = _size(page, wish["width"], most)
    glyphs = Glyphs(page, width=width, height=height)
    spans = [(start, end) for start, end in wish["spans"]]
    marks = glyphs.rectangles(wish["text"], spans) if spans else []
    pixels = _pixels(page, width, height) if wish["pixels"] else b""
    return {"width": width, "height": height, "marks": marks}, pixels


def _size(page: Any, width: int, most: int) -> tuple[int, int]:
    """Return the size of the picture; a page too long for it is drawn narrower, never cut."""
    across = pdfium.FPDF_GetPageWidthF(page)
    down = pdfium.FPDF_GetPageHeightF(page)
    if not (0 < across < float("inf") and 0 < down < float("inf")):
        raise NoPicture("damaged")
    ratio = down / across
    wide = min(width, int((most / ratio) ** 0.5))
    tall = int(wide * ratio)
    if not (wide and tall):
        raise NoPicture("limit")
    return wide, tall


def _pixels(page: Any, width: int, height: int) -> bytes:
    stride = _CHANNELS * width
    pixels = (ctypes.c_ubyte * (stride * height))()
    bitmap = pdfium.FPDFBitmap_CreateEx(
        width, height, pdfium.FPDFBitmap_BGR, pixels, stride
    )
    if not bitmap:
        raise NoPicture("damaged")
    pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, _WHITE)
    pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, _DRAWING)
    return bytes(pixels)
