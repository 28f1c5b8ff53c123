"""The runs: a list, and one run with everything that happened to it."""

from functools import partial
from typing import Annotated, Final, cast, get_args

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from interlock.runtime.errors import BadInput, NotPermitted
from interlock.runtime.run.run import OPEN, Status
from interlock.serving.operations import looks
from interlock.serving.operations import runs as operations
from interlock.serving.queue import timeline
from interlock.serving.queue.frame import page
from interlock.serving.queue.hidden import parts
from interlock.serving.queue.spending import meters_of
from interlock.serving.queue.trouble import NO_TROUBLE, Trouble, words_of
from interlock.serving.queue.visitor import Visiting, Visitor
from interlock.serving.queue.words import tool_in_words

router = APIRouter()
HERE: Final = "/runs"
PAGE: Final = 50
#: Digits of the largest number that a form takes
_DIGITS: Final = 6


class Widening(BaseModel):
    """What the form that lets a run do more is sent with, as the person wrote it."""

    effect: str = ""
    number: str = ""
    note: str = ""


_SILENT: Final = Widening()


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
    return await _shown(visitor, run_id)


@router.post("/runs/{run_id}/widen")
async def widen(
    visitor: Visiting, run_id: str, said: Annotated[Widening, Form()]
) -> Response:
    """Let the run have one more kind of effect than its words ask for."""
    try:
        await operations.widen(
            visitor.home,
            run_id,
            person=visitor.person,
            effects={said.effect.strip(): _most(said.number)},
            note=said.note,
        )
    except (BadInput, NotPermitted) as error:
        status = 403 if isinstance(error, NotPermitted) else 400
        trouble = Trouble(
            status=status,
            code=error.code,
            words=words_of(error),
        )
        return await _shown(visitor, run_id, said, trouble)
    return RedirectResponse(f"{HERE}/{run_id}", status_code=303)


async def _shown(
    visitor: Visitor,
    run_id: str,
    said: Widening = _SILENT,
    trouble: Trouble = NO_TROUBLE,
) -> Response:
    home = visitor.home
    run = await looks.run(home, run_id, person=visitor.person)
    return page(
        visitor,
        "run.html",
        here=HERE,
        status=trouble.status,
        run=run,
        said=said,
        trouble=trouble,
        may_widen=run["for"] == visitor.person.id and run["status"] in OPEN,
        waiting=await home.approvals.list(run=run_id, state="waiting"),
        words=partial(tool_in_words, tools=home.runtime.tools),
        parts=parts,
        meters=meters_of(run["spend"]) if run["spend"] else [],
        history=await timeline.timeline(home, run_id),
    )


def _most(number: str) -> int | None:
    """Return how many a form says; None for any number, and 0, which is none, for no number."""
    text = number.strip()
    if not text:
        return None
    is_number = text.isascii() and text.isdecimal() and len(text) <= _DIGITS
    return int(text) if is_number else 0
