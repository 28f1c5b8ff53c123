"""What the child that draws answers, and what of it the parent believes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from interlock.tools.documents.picture.leaf import (
    Leaf,
    NoPicture,
    NoPictureCode,
    Rectangle,
)
from interlock.tools.documents.picture.png import png
from interlock.tools.sandbox import limits as sandbox

_MIB: Final = 1024 * 1024
_CHANNELS: Final = 3
#: Bytes of the answer's first line
_LINE: Final = _MIB
_CODES: Final[dict[str, NoPictureCode]] = {
    code: code for code in get_args(NoPictureCode)
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits(sandbox.Limits):
    """How much one picture and its child process may cost."""

    cpu_s: int = 5
    wall_s: float = 15.0
    memory_bytes: int = 768 * _MIB
    #: Of a picture; a longer page is drawn narrower
    pixels: int = 6_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One page as a picture of *width* by *height* pixels, and where the wanted spans stand."""

    width: int
    height: int
    #: PNG; empty where no pixels were asked for
    image: bytes
    #: One of each span that was asked for: its rectangles, or None without a certain place
    marks: Sequence[Sequence[Rectangle] | None]


def max_bytes(limits: Limits) -> int:
    """Return a length that no honest answer under *limits* exceeds."""
    return _LINE + _CHANNELS * limits.pixels


def accept(answer: bytes, leaf: Leaf, limits: Limits) -> Frame:
    """Return the frame that the child answered, or raise the `NoPicture` that it answered.

    Nothing is shown as it came: pixels are counted and stored anew, rectangles lie within the
    picture. An answer out of form is `unreadable`. What a child that was taken over can do is to
    draw another picture.
    """
    line, _, pixels = answer.partition(b"\n")
    match _fields(line):
        case {"code": str(code), **rest} if not rest and code in _CODES:
            raise NoPicture(_CODES[code])
        case {"width": int(width), "height": int(height), "marks": list(marks)}:
            pass
        case _:
            raise NoPicture("unreadable")
    if not (width > 0 and height > 0 and width * height <= limits.pixels):
        raise NoPicture("unreadable")
    wanted = width * height * _CHANNELS if leaf.pixels else 0
    if len(pixels) != wanted or len(marks) != len(leaf.spans):
        raise NoPicture("unreadable")
    return Frame(
        width=width,
        height=height,
        image=png(pixels, width=width, height=height) if leaf.pixels else b"",
        marks=[_mark(mark, width=width, height=height) for mark in marks],
    )


def _fields(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise NoPicture("unreadable") from None


def _mark(mark: object, *, width: int, height: int) -> list[Rectangle] | None:
    if mark is None:
        return None
    if not isinstance(mark, list):
        raise NoPicture("unreadable")
    return [_rectangle(corners, width=width, height=height) for corners in mark]


def _rectangle(corners: Any, *, width: int, height: int) -> Rectangle:
    match corners:
        case [int(left), int(top), int(right), int(bottom)] if (
            0 <= left < right <= width and 0 <= top < bottom <= height
        ):
            return left, top, right, bottom
        case _:
            raise NoPicture("unreadable")
