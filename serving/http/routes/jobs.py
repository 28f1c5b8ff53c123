"""`/v1/jobs`: many documents as one job."""

import tempfile
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from interlock.serving import batches
from interlock.serving.home import Home
from interlock.serving.http.caller import HomeOf, PersonOf, ServiceOf
from interlock.serving.http.documented import problems
from interlock.serving.http.handing_in import BODY, submitted
from interlock.serving.http.listing import Listing
from interlock.serving.http.routes.audit import LINES, sent
from interlock.serving.http.values.job import (
    ItemsWanted,
    JobId,
    JobRow,
    JobState,
    JobView,
    ResultsWanted,
    Submitted,
)
from interlock.serving.http.values.page import Page, Wanted
from interlock.serving.http.values.run import Cancellation
from interlock.serving.operations import exports, jobs, looks

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
_LIST: Final = "jobs"
_ITEMS: Final = "items of {job}"
_WORKBOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.post(
    "",
    status_code=202,
    responses=problems("not_found", "job_ended", "another_in_force", "unsupported"),
    openapi_extra=BODY,
)
async def submit_job(request: Request, home: HomeOf, asking: PersonOf) -> Submitted:
    """Hand in many documents: each that is one gets a run, which workers carry on.

    Handing in the same again goes on where an earlier request broke off, and begins nothing twice.
    """
    return await submitted(home, request, person=asking)


@router.get("", responses=problems("bad_cursor"))
async def list_jobs(
    shared: ServiceOf, asking: PersonOf, wanted: Annotated[Wanted, Query()]
) -> Page[JobRow]:
    """List the jobs of your tenant, newest first."""
    listing = Listing(
        shared=shared,
        name=_LIST,
        asking=asking,
        wanted=wanted,
    )
    listed = await looks.jobs(
        shared.home,
        person=asking,
        after=listing.after,
        limit=listing.limit,
    )
    return listing.page(
        listed,
        place=lambda job: job.id,
        shown=lambda job: JobRow.model_validate(batches.summary(job)),
    )


@router.get("/{job_id}", responses=problems("not_found", "bad_cursor"))
async def get_job(
    job_id: JobId,
    shared: ServiceOf,
    asking: PersonOf,
    wanted: Annotated[ItemsWanted, Query()],
) -> JobView:
    """Show one job: how far it is, and a page of its documents in their order."""
    of = _ITEMS.format(job=job_id)
    after = shared.cursors.read(wanted.cursor, of=of, tenant=asking.tenant)
    shown = await looks.job(
        shared.home,
        job_id,
        person=asking,
        after=-1 if after is None else int(after),
        limit=wanted.limit,
    )
    last = None if shown["next"] is None else str(shown["next"])
    following = shared.cursors.made(last, of=of, tenant=asking.tenant)
    return JobView.model_validate({**shown, "next": following})


@router.post("/{job_id}/pause", responses=problems("not_found", "job_ended"))
async def pause_job(job_id: JobId, home: HomeOf, asking: PersonOf) -> JobState:
    """Let no worker claim a run of the job; a run at work ends its step first."""
    await jobs.pause(home, job_id, person=asking)
    return await _state(home, job_id)


@router.post("/{job_id}/resume", responses=problems("not_found", "job_ended"))
async def resume_job(job_id: JobId, home: HomeOf, asking: PersonOf) -> JobState:
    """Leave the runs of a paused job to workers again."""
    await jobs.resume(home, job_id, person=asking)
    return await _state(home, job_id)


@router.post("/{job_id}/retry", responses=problems("not_found", "job_ended"))
async def retry_job(job_id: JobId, home: HomeOf, asking: PersonOf) -> JobState:
    """Leave the dead runs to workers again, and begin a new run for each that failed."""
    again = await jobs.retry(home, job_id, person=asking)
    return await _state(home, job_id, *again)


@router.post("/{job_id}/cancel", responses=problems("not_found"))
async def cancel_job(
    job_id: JobId, home: HomeOf, asking: PersonOf, how: Cancellation | None = None
) -> JobState:
    """End the job for good, with every run of it that has not ended.

    With `undo` workers take back what every run of it did, also those that have ended; `runs` are
    those that they go on with.
    """
    undo = how is not None and how.undo
    ended = await jobs.cancel(home, job_id, person=asking, undo=undo)
    return await _state(home, job_id, *(ended if undo else ()))


@router.get(
    "/{job_id}/results",
    response_class=StreamingResponse,
    responses={
        **problems("not_found"),
        200: {
            "description": "A row a document",
            "content": {
                LINES: {"schema": {"type": "string"}},
                _WORKBOOK: {"schema": {"type": "string", "format": "binary"}},
            },
        },
    },
)
async def get_results(
    job_id: JobId,
    home: HomeOf,
    asking: PersonOf,
    wanted: Annotated[ResultsWanted, Query()],
) -> StreamingResponse:
    """Export what the reviews of a job found; the export is recorded."""
    # The file is on the disk of the server, nameless, and gone when it is sent.
    target = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it is sent
    try:
        await exports.job(home, job_id, target, person=asking, form=wanted.format)
    except BaseException:
        target.close()
        raise
    is_workbook = wanted.format == "xlsx"
    return StreamingResponse(
        sent(target), media_type=_WORKBOOK if is_workbook else LINES
    )


async def _state(home: Home, job_id: str, *runs: str) -> JobState:
    job = await jobs.jobs_of(home).read(job_id)
    return JobState.model_validate(
        {"job": job.id, "status": job.status, "runs": list(runs)}
    )
