"""The tiny world of the document tests: a reader, and the smallest PDF that holds given content
streams.
"""

import zlib
from collections.abc import Callable, Sequence

import pytest

from interlock.tools.documents import DocumentReader

MakePdf = Callable[..., bytes]


@pytest.fixture
def reader() -> DocumentReader:
    """Return a reader under the limits of production."""
    return DocumentReader()


@pytest.fixture(scope="session")
def make_pdf() -> MakePdf:
    """Return a writer of PDFs with one content stream per page, compressed or not; text pages come
    from `show`.
    """
    return _pdf


@pytest.fixture(scope="session")
def show() -> Callable[..., bytes]:
    """Return a writer of the content stream that shows some lines of text."""
    return _show


def _show(*lines: str) -> bytes:
    shown = b" 0 -14 Td ".join(b"(%s) Tj" % line.encode("ascii") for line in lines)
    return b"BT /F1 12 Tf 72 720 Td " + shown + b" ET"


def _pdf(streams: Sequence[bytes], *, compress: bool = False) -> bytes:
    kids = b" ".join(b"%d 0 R" % (4 + 2 * index) for index in range(len(streams)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(streams)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for index, stream in enumerate(streams):
        page = (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
            % (5 + 2 * index)
        )
        objects.append(page + b" /Resources << /Font << /F1 3 0 R >> >> >>")
        body = zlib.compress(stream) if compress else stream
        filtered = b" /Filter /FlateDecode" if compress else b""
        objects.append(
            b"<< /Length %d%s >>\nstream\n%s\nendstream" % (len(body), filtered, body)
        )
    return _file(objects)


def _file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(out)
