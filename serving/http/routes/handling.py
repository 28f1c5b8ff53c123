"""`/v1/approvals/ID/...`: what people do about an approval besides deciding it.

Nothing here entitles anybody or moves the deadline; each call is an act of its own.
"""

from dataclasses import asdict

from fastapi import APIRouter

from interlock.runtime.policy.request import Principal
from interlock.runtime.run.handling import (
    Escalation,
    Handling,
    Inquiry,
    Look,
)
from interlock.runtime.run.verdict import Shown
from interlock.serving.home import Home
from interlock.serving.http.caller import HomeOf, PersonOf
from interlock.serving.http.documented import problems
from interlock.serving.http.values.approval import ApprovalId, ApprovalRow
from interlock.serving.http.values.handling import (
    NewDelegation,
    NewEdit,
    NewEscalation,
    NewInquiry,
)
from interlock.serving.operations import approvals

router = APIRouter(prefix="/v1/approvals/{approval_id}", tags=["approvals"])
_ENDED = ("not_found", "decided_already", "expired", "erased")


@router.post("/claim", responses=problems("already_claimed", "voted_already", *_ENDED))
async def claim_approval(
    approval_id: ApprovalId, home: HomeOf, asking: PersonOf
) -> ApprovalRow:
    """Say that you are looking at it, for 15 minutes; others see so, and may decide all the same.

    Whoever looks at it already goes on: a claim never overrides another's.
    """
    return await _handled(home, approval_id, Look(kind="claimed"), asking)


@router.post("/release", responses=problems("already_claimed", "not_claimed", *_ENDED))
async def release_approval(
    approval_id: ApprovalId, home: HomeOf, asking: PersonOf
) -> ApprovalRow:
    """Say that you look at it no more."""
    return await _handled(home, approval_id, Look(kind="released"), asking)


@router.post("/delegate", responses=problems("already_claimed", *_ENDED))
async def delegate_approval(
    approval_id: ApprovalId, wanted: NewDelegation, home: HomeOf, asking: PersonOf
) -> ApprovalRow:
    """Ask somebody by name to decide it; that person must be one of those who may."""
    await approvals.delegate(
        home, approval_id, wanted.to, note=wanted.note, person=asking
    )
    return await _row(home, approval_id)


@router.post("/escalate", responses=problems("already_claimed", "not_above", *_ENDED))
async def escalate_approval(
    approval_id: ApprovalId, wanted: NewEscalation, home: HomeOf, asking: PersonOf
) -> ApprovalRow:
    """Pass it to the people of a role above, who decide in place of your role."""
    handling = Escalation(to=wanted.to, note=wanted.note)
    return await _handled(home, approval_id, handling, asking)


@router.post("/question", responses=problems("asked_already", *_ENDED))
async def ask_about_approval(
    approval_id: ApprovalId, wanted: NewInquiry, home: HomeOf, asking: PersonOf
) -> ApprovalRow:
    """Ask whoever asked for it something; the deadline stays where it is."""
    handling = Inquiry(kind="asked", note=wanted.note)
    return await _handled(home, approval_id, handling, asking)


@router.post("/answer", responses=problems("nothing_asked", *_ENDED))
async def answer_about_approval(
    approval_id: ApprovalId, wanted: NewInquiry, home: HomeOf, asking: PersonOf
) -> ApprovalRow:
    """Answer the question about what was asked in your name."""
    handling = Inquiry(kind="answered", note=wanted.note)
    return await _handled(home, approval_id, handling, asking)


@router.post(
    "/edit",
    responses=problems(
        "evidence_changed", "same_arguments", "arguments_unfit", *_ENDED
    ),
)
async def edit_approval(
    approval_id: ApprovalId, wanted: NewEdit, home: HomeOf, asking: PersonOf
) -> ApprovalRow:
    """Reject it, and have the agent told which arguments you would agree to.

    The agent may propose these anew: a request of its own, on which somebody else decides.
    """
    await approvals.edit(
        home,
        Shown(approval=approval_id, evidence=wanted.evidence_digest),
        person=asking,
        arguments=wanted.arguments,
        note=wanted.note,
    )
    return await _row(home, approval_id)


async def _handled(
    home: Home, approval_id: str, handling: Handling, asking: Principal
) -> ApprovalRow:
    await approvals.handle(home, approval_id, handling, person=asking)
    return await _row(home, approval_id)


async def _row(home: Home, approval_id: str) -> ApprovalRow:
    after = await home.approvals.read(approval_id)
    return ApprovalRow.model_validate(asdict(after))
