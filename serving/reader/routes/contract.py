"""The review of a contract: the page, and the review as a file."""

from typing import Final, cast, get_args

from fastapi import APIRouter
from starlette.responses import Response

from interlock.runtime.errors import NotFound
from interlock.runtime.run import subject
from interlock.serving.queue.frame import page
from interlock.serving.queue.visitor import Visiting
from interlock.serving.reader.contract import playbook_of, reviewed, shown
from interlock.serving.reader.exports import TYPES, Form, exported
from interlock.serving.reader.filters import Wanted, only_named
from interlock.serving.reader.place import FOLDERS

router = APIRouter()
HERE: Final = "/runs"


@router.get("/runs/{run_id}/review")
async def review_page(
    visitor: Visiting, run_id: str, category: str = "", only: str = ""
) -> Response:
    """Show the findings beside the text in which they stand."""
    review, document = await reviewed(visitor.home, run_id, person=visitor.person)
    playbook = playbook_of(visitor.home, review)
    wanted = Wanted(category=category, only=only_named(only))
    return page(
        visitor,
        "contract.html",
        folders=FOLDERS,
        here=HERE,
        run_id=run_id,
        **shown(review, document, playbook, wanted),
    )


@router.get("/runs/{run_id}/review/{form}")
async def review_file(visitor: Visiting, run_id: str, form: str) -> Response:
    """Hand out the review as a file; that it left is recorded."""
    if form not in get_args(Form):
        raise NotFound(
            kind="form of a review",
            name=form,
            next_step=f"Ask for one of: {', '.join(get_args(Form))}.",
        )
    wanted = cast(Form, form)
    review, document = await reviewed(visitor.home, run_id, person=visitor.person)

    async def work() -> bytes:
        return exported(review, document, wanted)

    body = await visitor.home.runtime.acts.perform(
        "record.export",
        work,
        person=visitor.person,
        arguments={"run": run_id},
        look=subject.run(run_id),
    )
    name = f"review-{run_id}.{form}"
    return Response(
        body,
        media_type=TYPES[wanted],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
