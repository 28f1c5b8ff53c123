"""A page of a document: its picture with what is marked on it, and its text."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.errors import NotFound
from interlock.serving.operations import reading
from interlock.serving.queue.frame import page
from interlock.serving.queue.visitor import Visiting, Visitor
from interlock.serving.reader.leaf import WIDTH, asked_about, sheet
from interlock.serving.reader.place import FOLDERS, album_of
from interlock.tools.contracts.report.chapters import marks
from interlock.tools.contracts.report.passages import Mark
from interlock.tools.documents import Document
from interlock.tools.documents.picture import Leaf, NoPicture

router = APIRouter()
HERE: Final = "/runs"
_WIDEST: Final = 2000


@router.get("/runs/{run_id}/documents/{digest}/pages/{number}.png")
async def picture(
    request: Request,
    visitor: Visiting,
    run_id: str,
    digest: str,
    number: int,
    *,
    width: int = WIDTH,
) -> Response:
    """Return the picture of a page; nothing is marked on it."""
    home = visitor.home
    document = await reading.document(home, run_id, digest, person=visitor.person)
    leaf = Leaf(page=number, width=min(width, _WIDEST))
    try:
        frame = await reading.picture(
            home,
            album_of(request),
            run_id,
            document,
            leaf,
            person=visitor.person,
        )
    except NoPicture as reason:
        raise NotFound(
            kind="picture of page",
            name=str(number),
            next_step=f"{reason} Read the text of the page.",
        ) from None
    return Response(frame.image, media_type="image/png")


@router.get("/runs/{run_id}/documents/{digest}/pages/{number}")
async def leaf_page(
    request: Request,
    visitor: Visiting,
    run_id: str,
    digest: str,
    number: int,
    *,
    start: int = -1,
    end: int = -1,
) -> Response:
    """Show one page; [start, end) of the document's text is marked if named, else every clause."""
    home = visitor.home
    document = await reading.document(home, run_id, digest, person=visitor.person)
    marked = asked_about(document, start, end)
    if not marked:
        marked = await _clauses(visitor, document, run_id)
    shown = sheet(document, number, marked)
    why = ""
    try:
        frame = await reading.picture(
            home,
            album_of(request),
            run_id,
            document,
            shown.wish(document),
            person=visitor.person,
        )
    except NoPicture as reason:
        frame = None
        why = str(reason)
    return page(
        visitor,
        "leaf.html",
        folders=FOLDERS,
        here=HERE,
        run_id=run_id,
        document=document,
        frame=frame,
        why=why,
        width=WIDTH,
        **shown.values(document, frame),
    )


async def _clauses(visitor: Visitor, document: Document, run_id: str) -> list[Mark]:
    try:
        review = await visitor.home.reviews.of(document.digest, run_id=run_id)
    except ToolFailed:
        return []
    return marks(review)
