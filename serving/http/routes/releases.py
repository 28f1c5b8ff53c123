"""`/v1/releases` and `/v1/rollouts`: what is in force, who agreed to it, and on which figures."""

from dataclasses import asdict
from typing import Annotated, Final

from fastapi import APIRouter, Query

from interlock.runtime.run.rollout import Rollout
from interlock.serving.http.caller import HomeOf, PersonOf, ServiceOf
from interlock.serving.http.documented import problems
from interlock.serving.http.listing import Listing
from interlock.serving.http.values.page import Page, Wanted
from interlock.serving.http.values.release import (
    GroundView,
    LineView,
    PlanView,
    ReleaseId,
    Releases,
    ReleaseView,
    RolloutRow,
    TurnRow,
)
from interlock.serving.operations import release_looks
from interlock.serving.rollouts import Line, apart, ground, lines

router = APIRouter(prefix="/v1", tags=["releases"])
_ROLLOUTS: Final = "rollouts"


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


@router.get("/rollouts", responses=problems("bad_cursor"))
async def list_rollouts(
    shared: ServiceOf, asking: PersonOf, wanted: Annotated[Wanted, Query()]
) -> Page[RolloutRow]:
    """List what was decided about rollouts, the newest first: the first says how things stand."""
    listing = Listing(
        shared=shared,
        name=_ROLLOUTS,
        asking=asking,
        wanted=wanted,
    )
    listed = await release_looks.rollouts(
        shared.home,
        person=asking,
        below=listing.after_number,
        limit=listing.limit,
    )
    return listing.page(listed, place=lambda one: one.seq, shown=_shown)


def _shown(one: Rollout) -> RolloutRow:
    rests = ground(one)
    return RolloutRow(
        seq=one.seq,
        rollout=one.id,
        candidate=one.candidate,
        control=one.control,
        status=one.status,
        how=one.how,
        percent=one.percent,
        step=one.step,
        by=one.by,
        at=one.at,
        plan=PlanView.model_validate(asdict(one.plan)),
        ground=None if rests is None else GroundView.model_validate(rests),
        shares=[_line(line) for line in lines(one)],
        apart=apart(one),
    )


def _line(line: Line) -> LineView:
    told = asdict(line)
    for arm in ("control", "canary"):
        if not told[f"{arm}_runs"]:
            told[arm] = None
    return LineView.model_validate(told)
