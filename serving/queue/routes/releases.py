"""Releases: what is in force, who made and approved it, and how the newest rollout stands."""

from fastapi import APIRouter
from fastapi.responses import Response

from interlock.serving.queue.frame import page
from interlock.serving.queue.standing import standing
from interlock.serving.queue.visitor import Number, Visiting

router = APIRouter()


@router.get("/releases")
async def releases_page(visitor: Visiting, below: Number = -1) -> Response:
    """Show the release in force, the rollout now with its figures, and what was decided."""
    return page(
        visitor,
        "releases.html",
        here="/releases",
        standing=await standing(visitor, below=None if below < 0 else below),
    )
