"""A rollout in a home: two releases, one of them in force, and a step with runs that are counted.

The runs are not run: what the controller would have counted of them is recorded as it records it.
"""

from dataclasses import dataclass, replace
from typing import Final

from interlock.runtime.policy.request import Principal
from interlock.runtime.record.events import HOME
from interlock.runtime.run import rollout
from interlock.runtime.run.rollout import Plan
from interlock.serving.home import Home
from interlock.serving.operations import releases, rollouts
from interlock.serving.rollout import figures
from interlock.serving.rollout.arm import Observation

ANALYST: Final = Principal(id="ana", tenant="default", roles=("analyst",))
REVIEWER: Final = Principal(id="rhea", tenant="default", roles=("reviewer",))
PLAN: Final = Plan(steps=(50, 100), least_runs=9)
NOTE: Final = "read and agreed"


@dataclass(frozen=True, kw_only=True)
class Rolled:
    """The two releases of a rollout."""

    control: str
    candidate: str


async def roll_out(
    home: Home, *, by: Principal = REVIEWER, model: str = "good"
) -> Rolled:
    """Let *by* roll a release out beside one that weighs *model*, and hold it at its first step."""
    first = await _made(home, model)
    second = await _made(home, "other")
    await releases.promote(home.desk, first, person=by, note=NOTE)
    begun = await rollouts.start(home, second, plan=PLAN, person=by, note=NOTE)
    held = await _newest(home, begun.id)
    counted = figures.of(held)
    comparison = counted.comparison
    for number in range(3):
        comparison = comparison.observed(Observation(arm="control", latency=number / 4))
    for number in range(4):
        comparison = comparison.observed(
            Observation(arm="canary", error=float(number == 0))
        )
    told = replace(counted, comparison=comparison).document
    after = replace(held, figures=told)
    await home.store.write(
        lambda tx: rollout.turn(tx, home.vault, after, how="held"), logs=(HOME,)
    )
    return Rolled(control=first, candidate=second)


async def _made(home: Home, model: str) -> str:
    weights = {"planner": {model: 1}}
    manifest = await releases.create(home, person=ANALYST, weights=weights)
    return manifest.digest


async def _newest(home: Home, name: str) -> rollout.Rollout:
    vault = home.vault
    newest = await home.store.read(lambda look: rollout.newest(look, vault))
    assert newest is not None
    assert newest.id == name
    return newest
