"""The parent shows nothing of the child's answer that it can check and that does not hold."""

import json
import struct
import zlib
from typing import Any

import pytest

from interlock.tools.documents.picture import Leaf, Limits, NoPicture
from interlock.tools.documents.picture.answer import accept

LEAF = Leaf(
    page=1,
    width=2,
    text="ab",
    spans=[(0, 1)],
)
LIMITS = Limits(pixels=6)
GREY = b"\x01\x01\x01" * 6
COLOURED = b"\x01\x02\x03" * 6


def answered(pixels: bytes = GREY, **fields: Any) -> bytes:
    """Return an answer as the child writes it, sound but for what is said."""
    head = {"width": 2, "height": 3, "marks": [[[0, 0, 2, 3]]]} | fields
    return json.dumps(head).encode() + b"\n" + pixels


@pytest.mark.parametrize(("pixels", "channels"), [(GREY, 1), (COLOURED, 3)])
def test_the_picture_is_written_by_the_parent(pixels: bytes, channels: int) -> None:
    """The pixels come back, row by row, in a PNG of the size that was answered."""
    frame = accept(answered(pixels), LEAF, LIMITS)
    assert struct.unpack(">II", frame.image[16:24]) == (2, 3)
    length = int.from_bytes(frame.image[33:37])
    rows = zlib.decompress(frame.image[41 : 41 + length])
    row = b"\0" + pixels[: 6 if channels == 3 else 2]
    assert rows == row * 3
    assert frame.marks == [[(0, 0, 2, 3)]]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[" * 100_000,
        b"{}\n",
        b'{"code": "fine"}\n',
        answered(GREY[1:]),
        answered(GREY + b"<script>"),
        answered(width=3),
        answered(width=6, height=2, pixels=GREY * 2, marks=[None]),
        answered(width=0),
        answered(width=-2, height=-3),
        answered(marks=[]),
        answered(marks=[None, None]),
        answered(marks=["<b>"]),
        answered(marks=[[[0, 0, 3, 3]]]),
        answered(marks=[[[1, 0, 1, 3]]]),
        answered(marks=[[["0", "0", "2", "3"]]]),
    ],
)
def test_an_answer_out_of_form_is_no_picture(answer: bytes) -> None:
    """Wrong sizes, numbers of pixels or rectangles show nothing."""
    with pytest.raises(NoPicture) as caught:
        accept(answer, LEAF, LIMITS)
    assert caught.value.code == "unreadable"


def test_without_pixels_none_are_taken() -> None:
    """Who asked for places alone is sent no picture."""
    leaf = Leaf(
        page=1,
        width=2,
        spans=[(0, 1)],
        pixels=False,
    )
    assert accept(answered(b"", marks=[None]), leaf, LIMITS).marks == [None]
    with pytest.raises(NoPicture):
        accept(answered(), leaf, LIMITS)
