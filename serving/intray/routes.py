"""The pages of jobs."""

import tempfile
from pathlib import Path
from typing import Annotated, Final, cast, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from interlock.runtime.errors import BadInput, NotFound
from interlock.serving import batches
from interlock.serving.intray.form import submission
from interlock.serving.intray.portfolio import ONLY, Wanted, only_named, portfolio
from interlock.serving.intray.progress import progress
from interlock.serving.operations import exports, jobs, looks, submissions
from interlock.serving.queue.frame import page
from interlock.serving.queue.visitor import Visiting, Visitor
from interlock.serving.results.formats import Format

router = APIRouter()
HERE: Final = "/jobs"
FOLDERS: Final = (Path(__file__).parent / "templates",)
_PAGE: Final = 50
_TIERS: Final = ("high", "medium", "low")
_TURNS: Final = {
    "pause": jobs.pause,
    "resume": jobs.resume,
    "retry": jobs.retry,
    "cancel": jobs.cancel,
}


class Asked(BaseModel):
    """What the grid is asked for; a filter that nobody can mean does not count."""

    tier: str = ""
    kind: str = ""
    only: str = ""
    sort: str = "risk"
    order: str = ""

    @property
    def wanted(self) -> Wanted:
        """The filters as the grid takes them."""
        return Wanted(
            tier=self.tier if self.tier in _TIERS else "",
            kind=self.kind,
            only=only_named(self.only),
            sort=self.sort,
            reverse=self.order == "back",
        )

    def sorted_by(self, sort: str) -> str:
        """Return the address of the same grid sorted so; what is sorted so is turned round."""
        is_turned = sort == self.sort and self.order != "back"
        turned = {"sort": sort, "order": "back" if is_turned else ""}
        fields = self.model_dump(exclude_defaults=True) | turned
        return f"?{urlencode({name: text for name, text in fields.items() if text})}"


@router.get("/jobs")
async def list_page(visitor: Visiting, after: str = "") -> Response:
    """Show the jobs, newest first."""
    listed = await looks.jobs(
        visitor.home,
        person=visitor.person,
        after=after or None,
        limit=_PAGE + 1,
    )
    return page(
        visitor,
        "jobs.html",
        here=HERE,
        folders=FOLDERS,
        jobs=[batches.summary(job) for job in listed[:_PAGE]],
        next=listed[_PAGE - 1].id if len(listed) > _PAGE else "",
    )


@router.get("/jobs/new")
async def form_page(visitor: Visiting) -> Response:
    """Show the form to hand documents in."""
    return _form(visitor)


@router.post("/jobs")
async def hand_in(request: Request, visitor: Visiting) -> Response:
    """Take the documents as one job; what is refused says why on the page of the job."""
    home = visitor.home
    try:
        async with request.form() as form:
            wanted = await submission(form, home.playbooks.names)
            done = await submissions.submit(home, wanted, person=visitor.person)
    except BadInput as error:
        return _form(visitor, trouble=str(error))
    return RedirectResponse(f"{HERE}/{done.job}", status_code=303)


@router.get("/jobs/{job_id}")
async def job_page(visitor: Visiting, job_id: str, after: int = -1) -> Response:
    """Show how far the job is, and a page of its documents."""
    job = await looks.job(
        visitor.home,
        job_id,
        person=visitor.person,
        after=after,
        limit=_PAGE,
    )
    return page(
        visitor,
        "job.html",
        here=HERE,
        folders=FOLDERS,
        job=job,
        progress=progress(job, now=visitor.now),
        names=[Path(item["path"]).name for item in job["items"]],
        forms=get_args(Format),
    )


@router.get("/jobs/{job_id}/portfolio")
async def portfolio_page(
    visitor: Visiting, job_id: str, asked: Annotated[Asked, Query()]
) -> Response:
    """Show the contracts of the job against the kinds of clauses."""
    job = await looks.job(visitor.home, job_id, person=visitor.person, limit=1)
    items = batches.every_item(visitor.home.runtime.storage, job_id)
    return page(
        visitor,
        "portfolio_grid.html",
        here=HERE,
        folders=FOLDERS,
        job=job,
        wanted=asked.wanted,
        asked=asked,
        only=ONLY,
        grid=await portfolio(items, asked.wanted),
    )


@router.post("/jobs/{job_id}/{turn}")
async def turn_job(visitor: Visiting, job_id: str, turn: str) -> Response:
    """Pause, resume, retry or cancel the job."""
    if turn not in _TURNS:
        raise _no("turn of a job", turn)
    await looks.job(visitor.home, job_id, person=visitor.person, limit=1)
    await _TURNS[turn](visitor.home, job_id, person=visitor.person)
    return RedirectResponse(f"{HERE}/{job_id}", status_code=303)


@router.get("/jobs/{job_id}/results/{form}")
async def results(visitor: Visiting, job_id: str, form: str) -> Response:
    """Hand out what the reviews of the job found, as a file; the export is recorded."""
    if form not in get_args(Format):
        raise _no("form of results", form)
    await looks.job(visitor.home, job_id, person=visitor.person, limit=1)
    with tempfile.TemporaryFile() as target:
        await exports.job(
            visitor.home,
            job_id,
            target,
            person=visitor.person,
            form=cast(Format, form),
        )
        target.seek(0)
        body = target.read()
    return Response(
        body,
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{job_id}.{form}"'},
    )


def _form(visitor: Visitor, *, trouble: str = "") -> Response:
    return page(
        visitor,
        "hand_in.html",
        here=HERE,
        folders=FOLDERS,
        status=400 if trouble else 200,
        trouble=trouble,
        playbooks=visitor.home.playbooks.names,
    )


def _no(kind: str, name: str) -> NotFound:
    return NotFound(
        kind=kind,
        name=name,
        next_step="Begin at the page of the job.",
    )
