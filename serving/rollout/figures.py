"""The figures of a rollout as the ledger keeps them: whole numbers, shares in millionths."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias, get_args

from interlock.runtime.canonical import Json
from interlock.runtime.run.assignment import Arm
from interlock.runtime.run.rollout import Rollout
from interlock.runtime.run.rollout_result import Apart, Result
from interlock.serving.rollout.controller import MEASURES, Bounds, Comparison, Shares
from interlock.serving.rollout.guards import Guard, Lately
from interlock.serving.rollout.share import Share

_MILLION: Final = 1_000_000
_ARMS: Final[tuple[Arm, ...]] = get_args(Arm)
#: By release, how many runs of the step were counted apart, and why
Asides: TypeAlias = Mapping[Arm, Mapping[Apart, int]]
NOBODY: Final[Asides] = {arm: dict.fromkeys(get_args(Apart), 0) for arm in _ARMS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What the controller knows of a rollout at its step, and what decided last."""

    comparison: Comparison
    lately: Lately = field(default_factory=Lately)
    asides: Asides = field(default_factory=lambda: NOBODY)
    #: How many shadows were begun at the step
    shadows: int = 0
    #: The guard that fired; None for a decision by comparison
    guard: Guard | None = None
    #: What the newest decision rests on, where a new step has begun since; None for *comparison*
    ground: Comparison | None = None

    @property
    def document(self) -> dict[str, Json]:
        """The figures as JSON, with what the shares mean to a reader."""
        comparison = self.comparison
        ground = self.ground or comparison
        decision = ground.decision()
        return {
            "control": _written(comparison.control),
            "canary": _written(comparison.canary),
            "lately": {"control": self.lately.control, "canary": self.lately.canary},
            "apart": {arm: _counted(number) for arm, number in self.asides.items()},
            "shadows": self.shadows,
            "guard": self.guard,
            "measure": None if self.guard else decision.measure,
            "least": _millionths(decision.least),
            "most": _millionths(decision.most),
            "runs": {arm: _number(ground, arm) for arm in _ARMS},
        }

    def aside(self, result: Result) -> "Figures":
        """Return the figures after one more run that is compared with nothing."""
        if result.apart is None:
            return self
        counts = dict(self.asides[result.arm])
        counts[result.apart] += 1
        return replace(self, guard=None, asides={**self.asides, result.arm: counts})


def of(rollout: Rollout) -> Figures:
    """Return the figures that the newest decision about the rollout left."""
    kept = rollout.figures
    plan = rollout.plan
    least_runs = plan.shadow if rollout.is_shadowing else plan.least_runs
    bounds = Bounds(least_runs=least_runs)
    steps = rollout.plan.steps
    if not kept:
        return Figures(
            comparison=Comparison(bounds=bounds, steps=steps, step=rollout.step)
        )
    told: Any = kept
    return Figures(
        comparison=Comparison(
            bounds=bounds,
            steps=steps,
            step=rollout.step,
            control=_read(told["control"]),
            canary=_read(told["canary"]),
        ),
        lately=Lately(**told["lately"]),
        asides=told["apart"],
        shadows=told["shadows"],
        guard=told["guard"],
    )


def share(millionths: int) -> float:
    """Return a share as a reader takes it, of one that is kept in millionths."""
    return round(millionths / _MILLION, 4)


def _number(comparison: Comparison, arm: str) -> int:
    shares: Shares = getattr(comparison, arm)
    return shares["error"].number


def _counted(numbers: Mapping[Apart, int]) -> dict[str, Json]:
    return {str(apart): number for apart, number in numbers.items()}


def _written(shares: Shares) -> dict[str, Json]:
    return {
        measure: [
            share.number,
            _millionths(share.total),
            _millionths(share.spread),
        ]
        for measure, share in shares.items()
    }


def _read(kept: Mapping[str, Any]) -> Shares:
    return {
        measure: Share(
            number=kept[measure][0],
            total=kept[measure][1] / _MILLION,
            spread=kept[measure][2] / _MILLION,
        )
        for measure in MEASURES
    }


def _millionths(number: float) -> int:
    return round(number * _MILLION)
