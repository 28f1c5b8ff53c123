"""`/v1/runs`: started, listed, looked at, carried on, ended, and followed as they go."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from interlock.runtime.run.run_list import RunSummary
from interlock.serving.home import Home
from interlock.serving.http.caller import HomeOf, PersonOf, ServiceOf
from interlock.serving.http.documented import problems
from interlock.serving.http.listing import Listing
from interlock.serving.http.ordering import BODY, order_of
from interlock.serving.http.refusal import RequestRefused
from interlock.serving.http.values.page import Page
from interlock.serving.http.values.run import (
    Cancellation,
    Key,
    RunId,
    RunRow,
    RunState,
    RunsWanted,
    RunView,
    Started,
    Widened,
    Widening,
)
from interlock.serving.operations import looks, orders, runs

router = APIRouter(prefix="/v1/runs", tags=["runs"])
_LIST: Final = "runs"


@router.post(
    "",
    status_code=202,
    responses=problems(
        "not_found", "in_progress", "another_in_force", "unsupported", "key_reused"
    ),
    openapi_extra=BODY,
)
async def start_run(
    request: Request,
    response: Response,
    shared: ServiceOf,
    asking: PersonOf,
    key: Key = "",
) -> Started:
    """Start a run and leave it to a worker.

    The answer comes after the run is recorded: the permit, the request and the document are durable
    by then. A document comes as the file of a form, or was handed in before; the run reads no other
    file. `Idempotent-Replayed: true` says that the same request began the run before.
    """
    order = await order_of(request, key=key)
    name = (asking.tenant, asking.id, key)
    if key and name in shared.under_way:
        raise RequestRefused("in_progress", retry_after=1)
    shared.under_way.add(name)
    try:
        placed = await orders.place(shared.home, order, person=asking)
    finally:
        shared.under_way.discard(name)
    run = placed.run
    response.headers["Location"] = f"/v1/runs/{run.id}"
    if placed.repeated:
        response.headers["Idempotent-Replayed"] = "true"
    return Started(
        run_id=run.id,
        status=run.status,
        agent=run.agent,
        created=run.created,
    )


@router.get("", responses=problems("bad_cursor"))
async def list_runs(
    shared: ServiceOf,
    asking: PersonOf,
    wanted: Annotated[RunsWanted, Query()],
) -> Page[RunRow]:
    """List the runs of your tenant, newest first."""
    listing = Listing(
        shared=shared,
        name=_LIST,
        asking=asking,
        wanted=wanted,
    )
    listed = await looks.runs(
        shared.home,
        person=asking,
        status=wanted.status,
        agent=wanted.agent,
        after=listing.after,
        limit=listing.limit,
    )
    return listing.page(listed, place=lambda run: run.id, shown=_row)


@router.get("/{run_id}", responses=problems("not_found"))
async def get_run(run_id: RunId, home: HomeOf, asking: PersonOf) -> RunView:
    """Show one run whole; of an erased run there are its dates and nothing else."""
    return RunView.model_validate(await looks.run(home, run_id, person=asking))


@router.post(
    "/{run_id}/cancel",
    responses=problems("not_found", "ended", "nothing_to_undo", "erased"),
)
async def cancel_run(
    run_id: RunId, home: HomeOf, asking: PersonOf, how: Cancellation | None = None
) -> RunState:
    """End a run for good: whoever works on it can write nothing more.

    With `undo` a worker takes back what the run did, each effect by an action of its own that the
    policy decides about; also of a run that has ended.
    """
    undo = how is not None and how.undo
    await runs.cancel(
        home,
        run_id,
        person=asking,
        undo=undo,
        drive=False,
    )
    return await _state(home, run_id)


@router.post(
    "/{run_id}/widen",
    responses=problems("not_found", "ended", "erased", "no_words", "no_kind"),
)
async def widen_run(
    run_id: RunId, home: HomeOf, asking: PersonOf, more: Widening
) -> Widened:
    """Let a run of yours have more effects than the words of its request ask for.

    What is denied as `outside_intent` or `beyond_intent` may be asked again then.
    """
    intent = await runs.widen(
        home,
        run_id,
        person=asking,
        effects=more.effects,
        note=more.note,
    )
    return Widened(run_id=run_id, intent=intent)


@router.post(
    "/{run_id}/resume",
    status_code=202,
    responses=problems("not_found", "ended", "erased"),
)
async def resume_run(run_id: RunId, home: HomeOf, asking: PersonOf) -> RunState:
    """Let a worker carry on a run that is held or dead, at once."""
    await runs.leave_to_workers(home, run_id, person=asking)
    return await _state(home, run_id)


async def _state(home: Home, run_id: str) -> RunState:
    run = await home.runs.read(run_id)
    return RunState(run_id=run.id, status=run.status)


def _row(run: RunSummary) -> RunRow:
    fields: dict[str, Any] = {
        "run_id": run.id,
        "status": "erased" if run.erased else run.status,
        "undoing": run.undoing,
        "agent": run.agent,
        "job": run.job or None,
        "priority": run.priority,
        "created": run.created,
        "updated": run.updated,
        "for": run.requester,
        "document": str(run.request.get("path", "")),
        "revision": run.revision,
    }
    return RunRow.model_validate(fields)
