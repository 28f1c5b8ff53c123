"""What people do about an approval besides deciding it: one form each, without scripts."""

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from interlock.runtime.errors import BadInput, NotPermitted
from interlock.runtime.run.handling import Escalation, Handling, Inquiry, Look
from interlock.serving.operations import approvals as operations
from interlock.serving.queue.routes.approvals import HERE, Said, refused
from interlock.serving.queue.visitor import Visiting, Visitor

router = APIRouter()
_CLAIM: Final = Look(kind="claimed")
_RELEASE: Final = Look(kind="released")
_SILENT: Final = Said()


@router.post("/approvals/{approval_id}/claim")
async def claim(visitor: Visiting, approval_id: str) -> Response:
    """Say that the person is looking at it."""
    return await _handled(visitor, approval_id, _CLAIM, "claim")


@router.post("/approvals/{approval_id}/release")
async def release(visitor: Visiting, approval_id: str) -> Response:
    """Say that the person looks at it no more."""
    return await _handled(visitor, approval_id, _RELEASE, "release")


@router.post("/approvals/{approval_id}/delegate")
async def delegate(
    visitor: Visiting, approval_id: str, said: Annotated[Said, Form()]
) -> Response:
    """Ask somebody by name."""
    try:
        await operations.delegate(
            visitor.home, approval_id, said.to, note=said.note, person=visitor.person
        )
    except (BadInput, NotPermitted) as error:
        return await refused(visitor, approval_id, error, said, "delegate")
    return _back(approval_id)


@router.post("/approvals/{approval_id}/escalate")
async def escalate(
    visitor: Visiting, approval_id: str, said: Annotated[Said, Form()]
) -> Response:
    """Pass it to the people of a role above."""
    handling = Escalation(to=said.to, note=said.note)
    return await _handled(visitor, approval_id, handling, "escalate", said)


@router.post("/approvals/{approval_id}/question")
async def ask(
    visitor: Visiting, approval_id: str, said: Annotated[Said, Form()]
) -> Response:
    """Ask whoever asked for it something."""
    handling = Inquiry(kind="asked", note=said.note)
    return await _handled(visitor, approval_id, handling, "question", said)


@router.post("/approvals/{approval_id}/answer")
async def answer(
    visitor: Visiting, approval_id: str, said: Annotated[Said, Form()]
) -> Response:
    """Answer the question."""
    handling = Inquiry(kind="answered", note=said.note)
    return await _handled(visitor, approval_id, handling, "answer", said)


async def _handled(
    visitor: Visitor,
    approval_id: str,
    handling: Handling,
    form: str,
    said: Said = _SILENT,
) -> Response:
    try:
        await operations.handle(
            visitor.home, approval_id, handling, person=visitor.person
        )
    except (BadInput, NotPermitted) as error:
        return await refused(visitor, approval_id, error, said, form)
    return _back(approval_id)


def _back(approval_id: str) -> Response:
    return RedirectResponse(f"{HERE}/{approval_id}", status_code=303)
