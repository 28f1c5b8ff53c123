"""The smallest PDF that holds what a trial wants, written byte by byte: no library refuses it."""

import zlib
from collections.abc import Sequence
from typing import Final

BOX: Final = b"[0 0 612 792]"
FONT: Final = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
WORDS: Final = b"BT /F1 12 Tf 72 720 Td (This Agreement is governed by law.) Tj ET"


def pdf(
    content: bytes = WORDS,
    *,
    box: bytes = BOX,
    resources: bytes = b"",
    catalog: bytes = b"",
    more: Sequence[bytes] = (),
) -> bytes:
    """Return a PDF of one page; *more* are its objects from number 6 on."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox %s /Contents 5 0 R" % box
    resources = b" /Resources << /Font << /F1 4 0 R >> %s >> >>" % resources
    return file(
        [
            b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            page + resources,
            FONT,
            stream(content),
            *more,
        ]
    )


def stream(body: bytes, head: bytes = b"") -> bytes:
    """Return a stream object with more entries in its head."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(body), head, body)


def deflated(size: int, *, times: int = 1) -> bytes:
    """Return a stream of so many spaces, deflated again and again."""
    packer = zlib.compressobj(9)
    chunk = b" " * 1_048_576
    parts = [packer.compress(chunk) for _ in range(size // len(chunk))]
    body = b"".join([*parts, packer.flush()])
    for _ in range(times - 1):
        body = zlib.compress(body, 9)
    return stream(body, b"/Filter [%s]" % (b"/FlateDecode " * times))


def file(objects: Sequence[bytes]) -> bytes:
    """Return a file of the objects, numbered from 1; the first one is the catalog."""
    body = bytearray(b"%PDF-1.7\n")
    places = []
    for number, value in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    start = len(body)
    count = len(objects) + 1
    body += b"xref\n0 %d\n0000000000 65535 f \n" % count
    body += b"".join(b"%010d 00000 n \n" % place for place in places)
    body += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        count,
        start,
    )
    return bytes(body)
