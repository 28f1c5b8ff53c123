"""The home page, and the sheet of keys."""

from fastapi import APIRouter
from fastapi.responses import Response

from interlock.serving.operations import looks
from interlock.serving.queue.frame import page
from interlock.serving.queue.overview import overview
from interlock.serving.queue.visitor import Visiting

router = APIRouter()


@router.get("/")
async def home_page(visitor: Visiting) -> Response:
    """Show what needs whom."""
    await looks.ask(visitor.home, "approval.read", person=visitor.person)
    await looks.ask(visitor.home, "run.read", person=visitor.person)
    return page(
        visitor,
        "home.html",
        here="/",
        overview=await overview(visitor),
    )


@router.get("/keys")
async def keys_page(visitor: Visiting) -> Response:
    """Show what each key does."""
    return page(visitor, "keys.html", here="")
