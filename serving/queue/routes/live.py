"""The stream on which open pages learn what has changed."""

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from interlock.serving.operations import looks
from interlock.serving.queue.visitor import Number, Visiting

router = APIRouter()


@router.get("/live")
async def live(
    request: Request, visitor: Visiting, after: Number = 0
) -> StreamingResponse:
    """Send the name of each thing that changes in the visitor's tenant, while the session lasts."""
    await looks.ask(visitor.home, "approval.read", person=visitor.person)

    async def allowed() -> None:
        caller = await visitor.doorkeeper.of_session(visitor.cookie)
        await looks.ask(visitor.home, "approval.read", person=caller.principal)

    changes = request.app.state.live.changes(
        visitor.tenant, after=max(after, 0), allowed=allowed
    )
    return StreamingResponse(
        changes,
        media_type="text/event-stream",
    )
