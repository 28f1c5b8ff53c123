"""The controller of a rollout: after each run it says promote, hold or roll back, and why.

Control and canary are compared over the runs of one step alone, in which each gets the same part of
the runs all the time: what strikes both alarms nobody. A whole rollout of a release that is like
the one before is rolled back with a chance of at most `Bounds.false_alarm`, whatever the number of
runs and of looks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, get_args

from interlock.serving.rollout.arm import STEPS, Measure, Observation
from interlock.serving.rollout.share import Share, least_rise, most_rise

Verdict: TypeAlias = Literal["promote", "hold", "roll_back"]
Shares: TypeAlias = Mapping[Measure, Share]
MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
_NOTHING: Final[Shares] = {measure: Share() for measure in MEASURES}


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """How sure the controller must be, and of what."""

    #: The chance that a rollout of equal arms is ever rolled back by a comparison
    false_alarm: float = 0.05
    #: By how much a share may be higher for the next step to be taken: the last whose percentage
    #: is below that of the next step, so the way to all runs is as strict from wherever it begins
    tolerated: Mapping[int, float] = field(
        default_factory=lambda: {0: 0.9, 5: 0.6, 25: 0.35, 50: 0.2}
    )
    #: So many runs of the canary at least before a step is taken
    least_runs: int = 30

    def before(self, percent: int) -> float:
        """Return by how much a share may be higher for a step to so many percent to be taken."""
        return self.tolerated[max(from_ for from_ in self.tolerated if from_ < percent)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What is to be done after a run, with what it rests on."""

    verdict: Verdict
    percent: int
    #: What decided: the share that rose, or that may have
    measure: Measure
    #: By how much it rose at least and at most
    least: float
    most: float
    #: The runs of the canary at this step
    runs: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Both arms at one step; a new value after each run and each step.

    With its last step the canary gets every run, and nothing is left to compare it with.
    """

    bounds: Bounds = Bounds()
    steps: tuple[int, ...] = STEPS
    step: int = 0
    control: Shares = field(default_factory=lambda: _NOTHING)
    canary: Shares = field(default_factory=lambda: _NOTHING)

    @property
    def percent(self) -> int:
        """How many of a hundred runs the canary gets now."""
        return self.steps[self.step]

    @property
    def is_over(self) -> bool:
        """Whether the canary gets every run: it is promoted."""
        return self.step == len(self.steps) - 1

    @property
    def runs(self) -> int:
        """How many runs of the canary the step has."""
        return self.canary["error"].number

    def observed(self, run: Observation) -> "Comparison":
        """Return the comparison after one more run."""
        before = self.canary if run.arm == "canary" else self.control
        after = {
            measure: before[measure].with_one(value)
            for measure, value in run.measures.items()
        }
        if run.arm == "control":
            return replace(self, control=after)
        return replace(self, canary=after)

    def promoted(self) -> "Comparison":
        """Return the comparison at the next step, for which nothing is observed yet."""
        return Comparison(bounds=self.bounds, steps=self.steps, step=self.step + 1)

    def decision(self) -> Decision:
        """Return what is to be done now.

        A share that rose for sure rolls back at once. A step is taken once no share can have risen
        by more than is tolerated; until then the step is held (fails closed).
        """
        worst = max(MEASURES, key=self._least)
        if self._least(worst) > 0:
            return self._decided("roll_back", worst)
        doubtful = max(MEASURES, key=self._most)
        is_known = self.runs >= self.bounds.least_runs
        if is_known and self._most(doubtful) <= self.bounds.before(self._next):
            return self._decided("promote", doubtful)
        return self._decided("hold", doubtful)

    def rise(self, measure: Measure) -> tuple[float, float]:
        """Return by how much a share rose at least and at most."""
        return self._least(measure), self._most(measure)

    def _decided(self, verdict: Verdict, measure: Measure) -> Decision:
        return Decision(
            verdict=verdict,
            percent=self.percent,
            measure=measure,
            least=self._least(measure),
            most=self._most(measure),
            runs=self.runs,
        )

    @property
    def _next(self) -> int:
        """How many of a hundred runs the canary gets with the next step; all, at the last."""
        return self.steps[min(self.step + 1, len(self.steps) - 1)]

    @property
    def _alpha(self) -> float:
        """The chance of a false alarm that each measure has at each step that is compared."""
        looks = len(MEASURES) * max(1, len(self.steps) - 1)
        return self.bounds.false_alarm / looks

    def _least(self, measure: Measure) -> float:
        return least_rise(
            self.control[measure], self.canary[measure], alpha=self._alpha
        )

    def _most(self, measure: Measure) -> float:
        return most_rise(self.control[measure], self.canary[measure], alpha=self._alpha)
