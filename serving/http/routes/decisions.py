"""`/v1/decisions`: what the policy decided about agents' actions and people's acts."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from interlock.serving.http.caller import PersonOf, ServiceOf
from interlock.serving.http.documented import problems
from interlock.serving.http.listing import Listing
from interlock.serving.http.values.page import Page
from interlock.serving.http.values.record import Decision, DecisionsWanted
from interlock.serving.operations import record_looks

router = APIRouter(prefix="/v1/decisions", tags=["decisions"])
_LIST: Final = "decisions"


@router.get("", responses=problems("not_found", "bad_cursor"))
async def list_decisions(
    shared: ServiceOf, asking: PersonOf, wanted: Annotated[DecisionsWanted, Query()]
) -> Page[Decision]:
    """List the decisions of your tenant, newest first, as they stand in its log."""
    listing = Listing(
        shared=shared,
        name=_LIST,
        asking=asking,
        wanted=wanted,
    )
    told = await record_looks.decisions(
        shared.home,
        person=asking,
        run_id=wanted.run,
        below=listing.after_number,
        limit=listing.limit,
        shadows=wanted.shadows,
    )
    return listing.page(
        told.bodies,
        place=lambda body: body["seq"],
        shown=lambda body: Decision(**body, shadow=told.shadows.get(body["run"], "")),
    )
