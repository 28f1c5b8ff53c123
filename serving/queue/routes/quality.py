"""How people review: everybody's figures for whom may see them, one's own for a reviewer."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from interlock.serving.quality.looks import DAYS, quality
from interlock.serving.queue.frame import page
from interlock.serving.queue.visitor import Visiting

router = APIRouter()


@router.get("/quality")
async def quality_page(
    visitor: Visiting, days: Annotated[int, Query(ge=1, le=90)] = DAYS
) -> Response:
    """Show the figures of the last days."""
    shown = await quality(visitor.home, person=visitor.person, days=days)
    return page(visitor, "quality.html", here="/quality", quality=shown)
