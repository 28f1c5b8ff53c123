"""`/v1/runs/ID/events`: what becomes of a run, as it is recorded."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse

from interlock.serving.http.caller import PersonOf, ServiceOf, known
from interlock.serving.http.documented import problems
from interlock.serving.http.service import Service
from interlock.serving.http.values.run import RunId
from interlock.serving.operations import looks

router = APIRouter(prefix="/v1/runs", tags=["runs"])
MEDIA = "text/event-stream"
_EXAMPLE = (
    "id: 7\nevent: decision\n"
    'data: {"run":"run-1f0c9a7be2d4","event":"decision","seq":7,"tool":"mail.send"}\n\n'
)


@router.get(
    "/{run_id}/events",
    response_class=Response,
    responses={
        **problems("not_found"),
        200: {
            "description": "The entries of the run, one event each",
            "content": {MEDIA: {"schema": {"type": "string"}, "example": _EXAMPLE}},
        },
        204: {"description": "The run is over, and you have heard everything"},
    },
)
async def follow_run(
    run_id: RunId,
    request: Request,
    shared: ServiceOf,
    asking: PersonOf,
    last_event_id: Annotated[
        int,
        Header(
            ge=-1,
            le=2**53,
            description="Go on after the event with this id",
        ),
    ] = -1,
) -> Response:
    """Follow a run by what the ledger says of it: server-sent events.

    The id of an event is its place in the log of your tenant. The stream begins with the first one,
    or exactly after `Last-Event-ID`, and ends with the run. A comment comes every 15 seconds; then
    it is also asked again whether you may look.
    """
    await looks.run_there(shared.home, run_id, person=asking)
    if await shared.tails.is_over(asking.tenant, run_id, after=last_event_id):
        return Response(status_code=204)
    frames = shared.tails.frames(
        asking.tenant,
        run_id,
        after=last_event_id,
        allowed=partial(_still, shared, request, run_id),
    )
    return StreamingResponse(frames, media_type=MEDIA)


async def _still(shared: Service, request: Request, run_id: str) -> None:
    """Raise unless the caller may still look: a key may be gone, a role lost."""
    caller = await known(shared, request)
    await looks.run_there(shared.home, run_id, person=caller.principal)
