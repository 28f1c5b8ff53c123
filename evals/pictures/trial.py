"""One hostile PDF: is it drawn or refused in time, is its text read or refused, and who is left?"""

import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from interlock.evals.pictures.corpus import CORPUS
from interlock.tools.documents import DocumentError, DocumentReader
from interlock.tools.documents.errors import ErrorCode
from interlock.tools.documents.picture import Leaf, NoPicture, NoPictureCode, Painter
from interlock.tools.documents.reader import File

#: What came of a file when there was no refusal
DRAWN: Final = "drawn"
READ: Final = "read"
#: Seconds that the start of a child and a busy machine may add to the limits
_SLACK_S: Final = 15.0
#: Mebibytes by which this process may grow over one file
_GROWTH: Final = 256
_KIB: Final = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What came of one file."""

    name: str
    bytes: int
    #: `drawn`, or the one code that says why not
    picture: str
    picture_s: float
    #: `read`, or the one code that says why not
    text: str
    text_s: float
    #: Mebibytes by which the peak of this process grew
    grew_mb: int
    #: Whether a sound file is drawn afterwards
    goes_on: bool

    @property
    def held(self) -> bool:
        """Whether both ended in time with one known code, and nothing was left behind."""
        painter = Painter().limits.wall_s + _SLACK_S
        reader = DocumentReader().limits.wall_s + _SLACK_S
        return (
            self.picture in (DRAWN, *get_args(NoPictureCode))
            and self.text in (READ, *get_args(ErrorCode))
            and self.picture_s <= painter
            and self.text_s <= reader
            and self.grew_mb <= _GROWTH
            and self.goes_on
        )


async def tried(name: str) -> Report:
    """Draw and read the file of that name in the corpus; what neither refuses well is raised."""
    data = CORPUS[name]()
    before = _peak_mb()
    picture, picture_s = await _picture(data)
    text, text_s = await _text(data)
    grew_mb = _peak_mb() - before
    after, _ = await _picture(CORPUS["sound"]())
    return Report(
        name=name,
        bytes=len(data),
        picture=picture,
        picture_s=picture_s,
        text=text,
        text_s=text_s,
        grew_mb=grew_mb,
        goes_on=after == DRAWN,
    )


async def _picture(data: bytes) -> tuple[str, float]:
    start = time.monotonic()
    try:
        await Painter().draw(data, Leaf(page=1, width=1_000))
        code = DRAWN
    except NoPicture as reason:
        code = reason.code
    return code, round(time.monotonic() - start, 1)


async def _text(data: bytes) -> tuple[str, float]:
    start = time.monotonic()
    reader = DocumentReader()
    try:
        await reader.read_file(reader.checked(File(path=Path("a.pdf"), data=data)))
        code = READ
    except DocumentError as error:
        code = error.code
    return code, round(time.monotonic() - start, 1)


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _KIB
