"""`/v1/releases`: what is in force and who agreed to it, put in force and taken back."""

from fastapi import APIRouter

from interlock.serving.http.caller import HomeOf, PersonOf, WholeOf
from interlock.serving.http.documented import problems
from interlock.serving.http.values.release import (
    Before,
    Difference,
    InForce,
    Reason,
    ReleaseId,
    Releases,
    ReleaseView,
    TurnRow,
)
from interlock.serving.operations import release_looks, releases

router = APIRouter(prefix="/v1", tags=["releases"])


@router.get("/releases", responses=problems())
async def list_releases(home: HomeOf, asking: PersonOf) -> Releases:
    """List every release that was in force, with who put it there, the newest first."""
    turns = await release_looks.turns(home, person=asking)
    return Releases(
        in_force=turns[0].release if turns else "",
        data=[TurnRow.model_validate(turn) for turn in turns],
    )


@router.get("/releases/{release}", responses=problems("not_found"))
async def get_release(
    release: ReleaseId, home: HomeOf, asking: PersonOf
) -> ReleaseView:
    """Show the manifest of a release, who made and signed it, and who put it in force."""
    shown = await release_looks.shown(home, release, person=asking)
    one = shown.release
    return ReleaseView.model_validate(
        {
            "release": one.digest,
            "in_force": shown.is_in_force,
            "by": one.by,
            "created": one.created,
            "revision": one.manifest.revision,
            "parts": one.manifest.parts,
            "weights": one.manifest.weights,
            "signer": shown.signer,
            "approvals": [TurnRow.model_validate(turn) for turn in shown.approvals],
        }
    )


@router.get("/releases/{release}/difference", responses=problems("not_found"))
async def compare_release(
    release: ReleaseId, home: HomeOf, asking: PersonOf, before: Before = ""
) -> Difference:
    """Show what differs from the release in force, or another one, with names and values."""
    told = await release_looks.changes(home, release, person=asking, before=before)
    return Difference.model_validate(told)


@router.post(
    "/releases/{release}/promote",
    responses=problems("not_found", "another_in_force"),
)
async def promote_release(
    release: ReleaseId, whole: WholeOf, asking: PersonOf, why: Reason
) -> InForce:
    """Put a release in force, all of its parts at once.

    By default another person than the one who made it does. Servers and workers are started anew
    then: one that has other parts begins no run.
    """
    desk = whole.home.desk
    turned = await releases.promote(desk, release, person=asking, note=why.note)
    return InForce.model_validate(turned)


@router.post(
    "/releases/{release}/rollback",
    responses=problems("not_found", "another_in_force", "never_in_force"),
)
async def roll_back_release(
    release: ReleaseId, whole: WholeOf, asking: PersonOf, why: Reason
) -> InForce:
    """Put a release in force again that was before, all of its parts at once."""
    desk = whole.home.desk
    turned = await releases.roll_back(desk, release, person=asking, note=why.note)
    return InForce.model_validate(turned)
