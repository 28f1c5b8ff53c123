"""The runs: a list, and one run with everything that happened to it."""

from functools import partial
from typing import Final, cast, get_args

from fastapi import APIRouter
from fastapi.responses import Response

from interlock.runtime.run.run import Status
from interlock.serving.operations import looks
from interlock.serving.queue import timeline
from interlock.serving.queue.frame import page
from interlock.serving.queue.spending import meters_of
from interlock.serving.queue.visitor import Visiting
from interlock.serving.queue.words import tool_in_words

router = APIRouter()
HERE: Final = "/runs"
PAGE: Final = 50


@router.get("/runs")
async def list_page(visitor: Visiting, status: str = "", after: str = "") -> Response:
    """Show the runs of the tenant, newest first."""
    statuses = get_args(Status)
    runs = await looks.runs(
        visitor.home,
        person=visitor.person,
        status=cast(Status, status) if status in statuses else None,
        after=after or None,
        limit=PAGE + 1,
    )
    return page(
        visitor,
        "runs.html",
        here=HERE,
        runs=runs[:PAGE],
        wanted=status,
        statuses=statuses,
        next=runs[PAGE - 1].id if len(runs) > PAGE else "",
    )


@router.get("/runs/{run_id}")
async def run_page(visitor: Visiting, run_id: str) -> Response:
    """Show one run: what was asked, what was found, what waits, what was spent, what happened."""
    home = visitor.home
    run = await looks.run(home, run_id, person=visitor.person)
    return page(
        visitor,
        "run.html",
        here=HERE,
        run=run,
        waiting=await home.approvals.list(run=run_id, state="waiting"),
        words=partial(tool_in_words, tools=home.runtime.tools),
        meters=meters_of(run["spend"]) if run["spend"] else [],
        history=await timeline.timeline(home, run_id),
    )
