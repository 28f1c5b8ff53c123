"""Rollouts that are played: what the controller makes of releases that are like, and that are not.

Each played run draws what it came to for its arm; the two arms differ in one share, or in none.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final, Literal, TypeAlias

from interlock.runtime.run.assignment import assigned
from interlock.serving.rollout.arm import Measure, Observation
from interlock.serving.rollout.controller import Comparison

End: TypeAlias = Literal["promoted", "rolled_back", "unfinished"]
#: How often each is so where nothing is wrong; latency is the mean of a spread-out share
USUAL: Final[Mapping[Measure, float]] = {
    "error": 0.02,
    "latency": 0.25,
    "schema": 0.03,
    "denial": 0.05,
    "quality": 0.10,
}
#: By how much one share rises in a release that is worse
WORSE: Final[Mapping[Measure, float]] = {
    "error": 0.20,
    "latency": 0.30,
    "quality": 0.25,
}
MOST_RUNS: Final = 30_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """How one rollout ended."""

    end: End
    runs: int
    #: The most that the canary got of a hundred runs
    percent: int
    measure: str


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What the runs of each arm come to, drawn by one seed."""

    seed: int
    #: By how much shares of the canary are higher
    rise: Mapping[Measure, float] = field(default_factory=dict)
    #: By how much shares of both arms are higher from the run on with which the trouble begins
    trouble: Mapping[Measure, float] = field(default_factory=dict)
    begins: int = 0

    def play(self) -> Played:
        """Return how the rollout ends that the controller decides about after every run."""
        chance = random.Random(self.seed)  # noqa: S311 - the same draw at every run
        rollout = Comparison()
        for number in range(MOST_RUNS):
            run = self._run(rollout, number, chance)
            rollout = rollout.observed(run)
            decision = rollout.decision()
            if decision.verdict == "roll_back":
                return _ended("rolled_back", rollout, number, str(decision.measure))
            if decision.verdict == "promote":
                rollout = rollout.promoted()
            if rollout.is_over:
                return _ended("promoted", rollout, number, "")
        return _ended("unfinished", rollout, MOST_RUNS, "")

    def _run(
        self, rollout: Comparison, number: int, chance: random.Random
    ) -> Observation:
        run_id = f"run-{self.seed}-{number}"
        arm = assigned(tenant="t", run_id=run_id, percent=rollout.percent)
        rise = self.rise if arm == "canary" else {}
        trouble = self.trouble if number >= self.begins else {}
        likely = {
            name: often + rise.get(name, 0.0) + trouble.get(name, 0.0)
            for name, often in USUAL.items()
        }
        latency = min(1.0, max(0.0, chance.gauss(likely["latency"], 0.1)))
        return Observation(
            arm=arm,
            error=float(chance.random() < likely["error"]),
            latency=latency,
            schema=float(chance.random() < likely["schema"]),
            denial=float(chance.random() < likely["denial"]),
            quality=float(chance.random() < likely["quality"]),
        )


def alike(seeds: int) -> dict[str, int]:
    """Return how rollouts of equal arms end, one for each seed."""
    return _counted([World(seed=seed).play() for seed in range(seeds)])


def worse_ones(seeds: int) -> dict[str, dict[str, int]]:
    """Return how rollouts of a worse release end, by the share that rises."""
    return {
        measure: _counted(
            [World(seed=seed, rise={measure: rise}).play() for seed in range(seeds)]
        )
        for measure, rise in WORSE.items()
    }


def _counted(played: Sequence[Played]) -> dict[str, int]:
    ends = [one.end for one in played]
    return {
        "of": len(played),
        "rolled_back": ends.count("rolled_back"),
        "promoted": ends.count("promoted"),
        "unfinished": ends.count("unfinished"),
        "median_runs": int(median(one.runs for one in played)),
    }


def _ended(end: End, rollout: Comparison, number: int, measure: str) -> Played:
    return Played(end=end, runs=number + 1, percent=rollout.percent, measure=measure)
