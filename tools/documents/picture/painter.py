"""Drawing a page from the parent's side: a child is asked, and its answer is checked."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Final

from interlock.tools.documents.picture.answer import Frame, Limits, accept, max_bytes
from interlock.tools.documents.picture.leaf import Leaf, NoPicture, NoPictureCode
from interlock.tools.sandbox import limits as sandbox
from interlock.tools.sandbox.process import command, run

_CHILD: Final = "interlock.tools.documents.picture.child"
_MAGIC: Final = b"%PDF"
#: How far into a file the mark of a PDF may stand
_HEAD: Final = 1024
_NARROWEST: Final = 100
_WIDEST: Final = 2400


@dataclass(frozen=True, kw_only=True, slots=True)
class Painter:
    """Draws pages of PDFs, each in a confined child of its own; safe to share.

    At most *at_once* children run at a time: the others wait.
    """

    limits: Limits = field(default_factory=Limits)
    at_once: int = 2
    _turns: asyncio.Semaphore = field(
        init=False,
        repr=False,
        compare=False,
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "_turns", asyncio.Semaphore(self.at_once))

    async def draw(self, data: bytes, leaf: Leaf) -> Frame:
        """Return the page of the PDF in *data*, or raise `NoPicture` with the reason.

        Nothing of what the child answers is shown as it came: pixels are counted and stored by this
        process, rectangles lie within the picture. What a child that was taken over can do is to
        draw another picture.
        """
        if _MAGIC not in data[:_HEAD]:
            raise NoPicture("no_pages")
        try:
            async with self._turns:
                answer = await run(
                    drawing(self.limits),
                    _asked(leaf) + data,
                    wall_s=self.limits.wall_s,
                    max_output=max_bytes(self.limits),
                )
        except sandbox.Refusal as refusal:
            raise NoPicture(_code(refusal)) from None
        return await asyncio.to_thread(accept, answer, leaf, self.limits)


def drawing(limits: Limits) -> list[str]:
    """Return the command of the confined child that draws one page."""
    return command(_CHILD, str(limits.pixels), limits=limits)


def _asked(leaf: Leaf) -> bytes:
    wish = {
        "page": leaf.page,
        "width": min(_WIDEST, max(_NARROWEST, leaf.width)),
        "text": leaf.text,
        "spans": list(leaf.spans),
        "pixels": leaf.pixels,
    }
    return json.dumps(wish).encode() + b"\n"


def _code(refusal: sandbox.Refusal) -> NoPictureCode:
    return "damaged" if refusal.code == "malformed" else refusal.code
