"""The values of a picture: what is asked of a page, what of it is shown, and why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

#: [start, end) in code points of the text of a page
Span: TypeAlias = tuple[int, int]
#: Left, top, right, bottom in pixels of the picture
Rectangle: TypeAlias = tuple[int, int, int, int]
#: `unconfined`: this machine cannot hold native code. `no_file`: the bytes are not at hand.
#: `no_pages`: the format has none. `no_page`: the document has no such page. `damaged`: PDFium
#: cannot draw it. `limit`: it wants too much. `unreadable`: there was no answer.
NoPictureCode: TypeAlias = Literal[
    "unconfined",
    "no_file",
    "no_pages",
    "no_page",
    "damaged",
    "limit",
    "unreadable",
]

WHY: Final[dict[NoPictureCode, str]] = {
    "unconfined": "this machine cannot confine what draws it",
    "no_file": "the file was not kept, and is not where it was read",
    "no_pages": "a file of this kind has no fixed pages",
    "no_page": "the document has no such page",
    "damaged": "the page cannot be drawn",
    "limit": "drawing the page takes more than is allowed",
    "unreadable": "what draws the page gave no answer",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """What is asked: one page of a PDF, as wide as wanted, and spans of its text to be placed."""

    #: From 1
    page: int
    #: Pixels; the height follows from the page
    width: int
    #: The text of the page as the document has it
    text: str = ""
    spans: Sequence[Span] = ()
    #: Without pixels only the size and the places are worked out
    pixels: bool = True


class NoPicture(Exception):
    """There is no picture of the page: `code` says why; the text of the page stands without one."""

    def __init__(self, code: NoPictureCode) -> None:
        super().__init__(f"There is no picture: {WHY[code]}.")
        self.code: NoPictureCode = code
