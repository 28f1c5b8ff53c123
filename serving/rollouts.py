"""Rollouts as people look at them: how one stands, on which figures, and what was decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from interlock.runtime.errors import NotFound
from interlock.runtime.record.store import Store
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import rollout
from interlock.runtime.run.rollout import Kind, Rollout
from interlock.runtime.storage import Storage
from interlock.serving.rollout import figures
from interlock.serving.rollout.arm import Measure
from interlock.serving.rollout.controller import MEASURES, Comparison

#: What the controller decides, of all that is decided about a rollout
_OF_CONTROLLER: Final = frozenset({"held", "advanced", "promoted", "rolled_back"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One share of both arms at the step, with the runs it is of."""

    measure: Measure
    control: float
    control_runs: int
    canary: float
    canary_runs: int
    #: By how much the candidate's share is higher, at least and at most, as sure as is stated
    least: float
    most: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What a decision of the controller rests on."""

    #: The guard that fired, or the share that decided
    because: str
    #: By how much that share is higher for the candidate, at least and at most
    least: float
    most: float
    control_runs: int
    canary_runs: int


async def newest(storage: Storage) -> Rollout | None:
    """Return the newest rollout, over or not, or None."""
    vault = storage.vault
    return await storage.store.read(lambda look: rollout.newest(look, vault))


async def standing(store: Store, vault: Vault, name: str) -> Rollout:
    """Return how the rollout of that id stands; raises `NotFound`."""
    one = await store.read(lambda look: rollout.newest_of(look, vault, name))
    if one is None or one.id != name:
        raise NotFound(
            kind="rollout",
            name=name,
            next_step="See the newest with `interlock release rollout show`.",
        )
    return one


async def history(storage: Storage, *, most: int) -> list[Rollout]:
    """Return the newest decisions about rollouts, the newest first: each as it then stood."""
    vault = storage.vault
    return await storage.store.read(
        lambda look: rollout.history(look, vault, most=most)
    )


def steps_of(kind: Kind, named: Sequence[int], *, shadow: int) -> tuple[int, ...]:
    """Return the steps that are named, or the usual; while runs are copied none is given."""
    steps = tuple(named) or rollout.STEPS[kind]
    return (0, *steps) if shadow else steps


def lines(one: Rollout) -> list[Line]:
    """Return the figures of both arms at the step that the rollout is at."""
    comparison = figures.of(one).comparison
    return [_line(measure, comparison) for measure in MEASURES]


def ground(one: Rollout) -> Ground | None:
    """Return what the newest decision rests on; None for a person's."""
    kept: Any = one.figures
    if one.how not in _OF_CONTROLLER or not kept:
        return None
    return Ground(
        because=kept["guard"] or kept["measure"],
        least=figures.share(kept["least"]),
        most=figures.share(kept["most"]),
        control_runs=kept["runs"]["control"],
        canary_runs=kept["runs"]["canary"],
    )


def apart(one: Rollout) -> dict[str, dict[str, int]]:
    """Return by release how many runs of the step are compared with nothing, and why."""
    asides = figures.of(one).asides
    return {
        arm: {str(why): number for why, number in numbers.items()}
        for arm, numbers in asides.items()
    }


def reason(one: Rollout) -> str:
    """Return what the newest decision rests on, in a few words; empty for a person's."""
    rests = ground(one)
    return "" if rests is None else rests.because


def _line(measure: Measure, comparison: Comparison) -> Line:
    control = comparison.control[measure]
    canary = comparison.canary[measure]
    least, most = comparison.rise(measure)
    return Line(
        measure=measure,
        control=round(control.mean, 4),
        control_runs=control.number,
        canary=round(canary.mean, 4),
        canary_runs=canary.number,
        least=round(least, 4),
        most=round(most, 4),
    )
