"""The corpus: one PDF for each way in which a file can ask for more than a page."""

import io
import struct
from collections.abc import Callable, Mapping
from typing import Final

from pypdf import PdfWriter

from interlock.evals.pictures.pdf import FONT, WORDS, deflated, file, pdf, stream

_MIB: Final = 1024 * 1024
_HUGE: Final = 60_000
_IMAGE: Final = b"q 612 0 0 792 0 0 cm /X Do Q"
_DRAWS_X: Final = b"/XObject << /X 6 0 R >>"


def _truncated() -> bytes:
    whole = pdf()
    return whole[: len(whole) // 2]


def _without_index() -> bytes:
    return pdf().partition(b"xref\n")[0]


def _loop_of_pages() -> bytes:
    return file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>",
        ]
    )


def _loop_of_forms() -> bytes:
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << %s >>"
    return pdf(
        b"/X Do", resources=_DRAWS_X, more=[stream(b"/X Do /X Do", form % _DRAWS_X)]
    )


def _loop_of_patterns() -> bytes:
    head = (
        b"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1]"
        b" /XStep 0.001 /YStep 0.001 /Resources << /Pattern << /P 6 0 R >> >>"
    )
    fill = b"/Pattern cs /P scn 0 0 612 792 re f"
    return pdf(fill, resources=b"/Pattern << /P 6 0 R >>", more=[stream(fill, head)])


def _nested() -> bytes:
    return pdf(catalog=b"/Nested " + b"[" * 200_000 + b"]" * 200_000)


def _many_pages() -> bytes:
    number = 10_000
    kids = b" ".join(b"%d 0 R" % (5 + page) for page in range(number))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R >>"
    return file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, number),
            FONT,
            stream(WORDS),
            *([page] * number),
        ]
    )


def _image(filters: bytes, body: bytes) -> bytes:
    head = b"/Type /XObject /Subtype /Image /Width %d /Height %d %s" % (
        _HUGE,
        _HUGE,
        filters,
    )
    return pdf(_IMAGE, resources=_DRAWS_X, more=[stream(body, head)])


def _jbig2() -> bytes:
    page = struct.pack(">IIIIBH", _HUGE, _HUGE, 0, 0, 0, 0)
    segment = struct.pack(">IBBBI", 0, 48, 0, 1, len(page)) + page
    bits = b"/Filter /JBIG2Decode /BitsPerComponent 1 /ColorSpace /DeviceGray"
    return _image(bits, segment * 200)


def _jpx() -> bytes:
    size = struct.pack(">HHIIIIIIIIH", 0, 47, _HUGE, _HUGE, 0, 0, 1, 1, 0, 0, 3)
    return _image(
        b"/Filter /JPXDecode", b"\xff\x4f\xff\x51" + size + b"\x07\x01\x01" * 3
    )


def _raw_image() -> bytes:
    colours = b"/BitsPerComponent 8 /ColorSpace /DeviceRGB"
    return _image(colours, b"\0" * 1_000)


def _dashes() -> bytes:
    return pdf(b"[0.00001] 0 d 0.01 w 0 0 m 1000000 1000000 l S " * 50)


def _actions() -> bytes:
    script = b"<< /S /JavaScript /JS (while(true){app.alert(1)}) /Next 7 0 R >>"
    launch = b"<< /S /Launch /F (/bin/sh) /Next 8 0 R >>"
    web = b"<< /S /URI /URI (http://127.0.0.1:9/) >>"
    return pdf(
        catalog=b"/OpenAction 6 0 R /AA << /WC 6 0 R >>", more=[script, launch, web]
    )


def _encrypted() -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(pdf()))
    writer.encrypt("secret", algorithm="RC4-128")
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def _font() -> bytes:
    font = (
        b"<< /Type /Font /Subtype /TrueType /BaseFont /A /FontDescriptor"
        b" << /Type /FontDescriptor /FontName /A /Flags 4 /FontFile2 6 0 R >> >>"
    )
    glyphs = stream(b"\0\1\0\0\xff\xff" + b"glyf" * 5_000)
    return pdf().replace(FONT, font).replace(b"xref", glyphs + b"xref", 1)


#: By name, what makes the file
CORPUS: Final[Mapping[str, Callable[[], bytes]]] = {
    "sound": pdf,
    "empty": bytes,
    "only_its_mark": lambda: b"%PDF-1.7\n",
    "truncated": _truncated,
    "without_index": _without_index,
    "loop_of_pages": _loop_of_pages,
    "loop_of_forms": _loop_of_forms,
    "loop_of_patterns": _loop_of_patterns,
    "nested": _nested,
    "huge_page": lambda: pdf(box=b"[0 0 1000000000 1000000000]"),
    "flat_page": lambda: pdf(box=b"[0 0 1000000000 0.001]"),
    "many_pages": _many_pages,
    "deflated": lambda: pdf().replace(stream(WORDS), deflated(1024 * _MIB)),
    "deflated_twice": lambda: pdf().replace(
        stream(WORDS), deflated(1024 * _MIB, times=2)
    ),
    "jbig2": _jbig2,
    "jpx": _jpx,
    "raw_image": _raw_image,
    "dashes": _dashes,
    "actions": _actions,
    "encrypted": _encrypted,
    "font": _font,
}
