"""`/v1/decisions`: what the policy decided about agents' actions and people's acts."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from interlock.serving.http.caller import PersonOf, ServiceOf
from interlock.serving.http.documented import problems
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
    before = shared.cursors.read(wanted.cursor, of=_LIST, tenant=asking.tenant)
    bodies = await record_looks.decisions(
        shared.home,
        person=asking,
        run_id=wanted.run,
        below=None if before is None else int(before),
        limit=wanted.limit + 1,
    )
    page = [Decision.model_validate(body) for body in bodies[: wanted.limit]]
    last = str(page[-1].seq) if len(bodies) > wanted.limit else None
    following = shared.cursors.made(last, of=_LIST, tenant=asking.tenant)
    return Page(data=page, next=following)
