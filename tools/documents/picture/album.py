"""The album: pictures that were drawn, kept a while for whoever looks at the same page again."""

from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, TypeAlias

from interlock.tools.documents.picture.answer import Frame
from interlock.tools.documents.picture.leaf import Leaf, Span
from interlock.tools.documents.picture.painter import Painter

_MIB: Final = 1024 * 1024
#: Bytes of a rectangle or a span, about
_SMALL: Final = 100
#: Whose it is, the document's digest, the page and its width, its text, the spans, with pixels
_Key: TypeAlias = tuple[str, bytes, int, int, str, tuple[Span, ...], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Album:
    """The pictures of one application; lives as long as the application, and is safe to share.

    A picture is kept for its owner alone: the same document of somebody else is drawn anew, so that
    nobody learns by the time of an answer what others read. The oldest ones make room.
    """

    painter: Painter = field(default_factory=Painter)
    #: Bytes that all pictures take at most; a larger one is not kept
    room: int = 32 * _MIB
    _frames: OrderedDict[_Key, Frame] = field(default_factory=OrderedDict, init=False)

    async def draw(self, data: bytes, leaf: Leaf, *, owner: str) -> Frame:
        """Return the page of the PDF in *data*, or raise `NoPicture`, which is not kept."""
        key = _key(owner, data, leaf)
        frame = self._frames.get(key)
        if frame is None:
            frame = await self.painter.draw(data, leaf)
            self._frames[key] = frame
        self._frames.move_to_end(key)
        while sum(map(_size, self._frames.items())) > self.room:
            self._frames.popitem(last=False)
        return frame


def _key(owner: str, data: bytes, leaf: Leaf) -> _Key:
    return (
        owner,
        sha256(data).digest(),
        leaf.page,
        leaf.width,
        leaf.text,
        tuple(leaf.spans),
        leaf.pixels,
    )


def _size(kept: tuple[_Key, Frame]) -> int:
    """Return how many bytes the picture and what names it take, about."""
    key, frame = kept
    marks = sum(len(rectangles or ()) for rectangles in frame.marks)
    return len(frame.image) + len(key[4]) + _SMALL * (1 + len(key[5]) + marks)
