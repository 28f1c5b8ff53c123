"""`/v1/approvals`: what waits for people, and their verdicts."""

from dataclasses import asdict
from typing import Annotated, Final

from fastapi import APIRouter, Query

from interlock.runtime.run.verdict import Shown
from interlock.serving.http.caller import HomeOf, PersonOf, ServiceOf
from interlock.serving.http.documented import problems
from interlock.serving.http.listing import Listing
from interlock.serving.http.values.approval import (
    ApprovalId,
    ApprovalRow,
    ApprovalsWanted,
    ApprovalView,
    Decided,
    NewVerdict,
)
from interlock.serving.http.values.page import Page
from interlock.serving.operations import approvals, looks
from interlock.serving.quality import opening

router = APIRouter(prefix="/v1/approvals", tags=["approvals"])
_LIST: Final = "approvals"


@router.get("", responses=problems("bad_cursor"))
async def list_approvals(
    shared: ServiceOf,
    asking: PersonOf,
    wanted: Annotated[ApprovalsWanted, Query()],
) -> Page[ApprovalRow]:
    """List the approvals of your tenant, newest first."""
    listing = Listing(
        shared=shared,
        name=_LIST,
        asking=asking,
        wanted=wanted,
    )
    listed = await looks.approvals(
        shared.home,
        person=asking,
        state=wanted.state,
        run_id=wanted.run,
        after=listing.after,
        limit=listing.limit,
    )
    return listing.page(
        listed,
        place=lambda approval: approval.id,
        shown=lambda approval: ApprovalRow.model_validate(asdict(approval)),
    )


@router.get("/{approval_id}", responses=problems("not_found", "erased"))
async def get_approval(
    approval_id: ApprovalId, home: HomeOf, asking: PersonOf
) -> ApprovalView:
    """Show one approval with its evidence: exactly what its reviewer decides about."""
    shown = await looks.approval(home, approval_id, person=asking)
    await opening.shown(home, shown, person=asking)
    return ApprovalView.model_validate(asdict(shown))


@router.post(
    "/{approval_id}/verdict",
    responses=problems(
        "not_found",
        "evidence_changed",
        "decided_already",
        "voted_already",
        "expired",
        "erased",
    ),
)
async def decide_approval(
    approval_id: ApprovalId, verdict: NewVerdict, home: HomeOf, asking: PersonOf
) -> Decided:
    """Decide on exactly what was shown; a worker carries the run on.

    Whoever asked for it cannot decide it, and nothing can be decided twice or after it has expired.
    """
    await approvals.decide(
        home,
        Shown(
            approval=approval_id,
            evidence=verdict.evidence_digest,
            seen=verdict.evidence,
        ),
        person=asking,
        verdict=verdict.verdict,
        note=verdict.note,
    )
    after = await home.approvals.read(approval_id)
    return Decided(
        id=after.id,
        state=after.state,
        canary=after.canary,
    )
