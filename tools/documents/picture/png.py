"""A picture as PNG, made of pixels: whoever shows it decodes what this process wrote."""

import struct
import zlib
from typing import Final

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHANNELS: Final = 3
_GREY: Final = 0
_COLOUR: Final = 2
_LEVEL: Final = 4  # of zlib: a page is mostly white


def png(pixels: bytes, *, width: int, height: int) -> bytes:
    """Return *pixels*, red, green and blue in turn and row by row, as PNG.

    A picture without colour is stored in greys. The number of bytes must be that of the size.
    """
    red = pixels[::_CHANNELS]
    is_grey = red == pixels[1::_CHANNELS] == pixels[2::_CHANNELS]
    samples = red if is_grey else pixels
    stride = width if is_grey else width * _CHANNELS
    rows = b"".join(
        b"\0" + samples[start : start + stride]
        for start in range(0, len(samples), stride)
    )
    kind = _GREY if is_grey else _COLOUR
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(rows, _LEVEL)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)
