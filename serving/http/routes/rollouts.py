"""`/v1/rollouts`: a release given to new runs step by step, started, paused and ended by people."""

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from interlock.runtime.policy.request import Principal
from interlock.runtime.run.rollout import Plan, Rollout
from interlock.serving.http.caller import HomeOf, PersonOf, ServiceOf, WholeOf
from interlock.serving.http.documented import problems
from interlock.serving.http.listing import Listing
from interlock.serving.http.service import Service
from interlock.serving.http.values.page import Page, Wanted
from interlock.serving.http.values.release import (
    GroundView,
    LineView,
    NewRollout,
    PlanView,
    Reason,
    RolloutId,
    RolloutRow,
)
from interlock.serving.operations import release_looks, rollouts
from interlock.serving.rollouts import Line, apart, ground, lines, steps_of

router = APIRouter(prefix="/v1/rollouts", tags=["releases"])
_LIST: Final = "rollouts"
_TURNED: Final[dict[int | str, dict[str, Any]]] = problems(
    "not_found", "no_rollout", "rollout_moved"
)


@router.get("", responses=problems("bad_cursor"))
async def list_rollouts(
    shared: ServiceOf, asking: PersonOf, wanted: Annotated[Wanted, Query()]
) -> Page[RolloutRow]:
    """List what was decided about rollouts, the newest first: the first says how things stand."""
    listing = Listing(
        shared=shared,
        name=_LIST,
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


@router.post(
    "",
    status_code=201,
    responses=problems(
        "not_found",
        "rollout_open",
        "rollout_unlike",
        "rollout_step",
        "another_in_force",
    ),
)
async def start_rollout(
    wanted: NewRollout, response: Response, whole: WholeOf, asking: PersonOf
) -> RolloutRow:
    """Begin to give a release to new runs, beside the one in force.

    Decided as a promotion is. The code of the release must be installed where this is served.
    """
    plan = Plan(
        kind=wanted.kind,
        steps=steps_of(wanted.kind, wanted.steps or (), shadow=wanted.shadow),
        least_runs=wanted.least_runs,
        hold_s=wanted.hold_s,
        longest_ms=wanted.longest_ms,
        shadow=wanted.shadow,
    )
    begun = await rollouts.start(
        whole.home, wanted.release, plan=plan, person=asking, note=wanted.note
    )
    response.headers["Location"] = f"/v1/rollouts/{begun.id}"
    return _shown(begun)


@router.get("/{rollout}", responses=problems("not_found"))
async def get_rollout(rollout: RolloutId, home: HomeOf, asking: PersonOf) -> RolloutRow:
    """Show how a rollout stands: its newest decision, with the figures."""
    return _shown(await release_looks.rollout_of(home, rollout, person=asking))


@router.post("/{rollout}/pause", responses=_TURNED)
async def pause_rollout(
    rollout: RolloutId, whole: WholeOf, asking: PersonOf, why: Reason
) -> RolloutRow:
    """Give the candidate no new run until the rollout is resumed; not once all runs have it."""
    return await _turned(whole, rollout, "paused", asking, why)


@router.post("/{rollout}/resume", responses=_TURNED)
async def resume_rollout(
    rollout: RolloutId, whole: WholeOf, asking: PersonOf, why: Reason
) -> RolloutRow:
    """Let a paused rollout go on where it was; nobody who wants it overrules another's pause."""
    return await _turned(whole, rollout, "resumed", asking, why)


@router.post("/{rollout}/stop", responses=_TURNED)
async def stop_rollout(
    rollout: RolloutId, whole: WholeOf, asking: PersonOf, why: Reason
) -> RolloutRow:
    """End the rollout; the release that was in force before stays, or comes back."""
    return await _turned(whole, rollout, "stopped", asking, why)


async def _turned(
    whole: Service, name: str, how: rollouts.Turn, asking: Principal, why: Reason
) -> RolloutRow:
    desk = whole.home.desk
    return _shown(
        await rollouts.turn(desk, how=how, person=asking, note=why.note, name=name)
    )


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
        halted_by=list(one.halted_by),
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
