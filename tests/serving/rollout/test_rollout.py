"""Rollouts: a release that is worse is rolled back by itself, and one that is like the other is not
more often than is stated.
"""

import math
import random

import pytest

from interlock.evals.rollouts.played import WORSE, World
from interlock.runtime.run.assignment import Arm, assigned
from interlock.serving.rollout.arm import STEPS, Measure, Observation
from interlock.serving.rollout.controller import Bounds, Comparison
from interlock.serving.rollout.share import Share, least_rise, most_rise

RUNS = [f"run-{number}" for number in range(4_000)]


def test_a_run_stays_in_its_arm() -> None:
    """A run that the canary gets at one step is the canary's at every later one, each step gets
    about its part of the runs, and the last gets all.
    """
    before: set[str] = set()
    for percent in STEPS:
        own = {
            run
            for run in RUNS
            if assigned(tenant="t", run_id=run, percent=percent) == "canary"
        }
        assert before <= own
        assert math.isclose(len(own) / len(RUNS), percent / 100, abs_tol=0.02)
        before = own
    assert len(before) == len(RUNS)


@pytest.mark.parametrize("measure", WORSE)
@pytest.mark.parametrize("seed", range(3))
def test_a_worse_release_is_rolled_back(measure: Measure, seed: int) -> None:
    """More errors, more time and a silent loss of quality each end the rollout by that very share,
    before the canary has every run.
    """
    played = World(seed=seed, rise={measure: WORSE[measure]}).play()
    assert (played.end, played.measure) == ("rolled_back", measure)
    assert played.percent < STEPS[-1]


@pytest.mark.parametrize("seed", range(4))
def test_a_release_that_is_alike_is_promoted(seed: int) -> None:
    """What is like the other goes through every step; `interlock bench canary` plays 200 seeds."""
    assert World(seed=seed).play().end == "promoted"


def test_trouble_of_both_arms_rolls_nothing_back() -> None:
    """Errors that begin in the middle and strike both arms are not the release's."""
    played = World(seed=1, trouble={"error": 0.4}, begins=2_500).play()
    assert played.end == "promoted"


def test_a_guard_ends_a_rollout_at_its_first_step() -> None:
    """A release that fails each run is stopped while it gets one run of a hundred."""
    played = World(seed=1, rise={"error": 0.98}).play()
    assert (played.end, played.percent) == ("rolled_back", STEPS[0])


def test_nothing_is_decided_on_few_runs() -> None:
    """With few runs, or none of the control, the step is held, whatever they came to."""
    bad = Observation(arm="canary", error=1, latency=1, schema=1, denial=1, quality=1)
    rollout = Comparison()
    for _ in range(200):
        assert rollout.decision().verdict == "hold"
        rollout = rollout.observed(bad)
    fine = Observation(arm="canary", error=0, latency=0, schema=0, denial=0, quality=0)
    assert Comparison().observed(fine).decision().verdict == "hold"


def test_an_interval_holds_after_every_run() -> None:
    """Of 300 sequences no more than the stated part ever leaves the interval, at any of 500 looks;
    and an interval that is watched as if it was looked at once would be left far more often.
    """
    chance = random.Random(5)  # noqa: S311 - the same draw at every run
    alpha, missed, naive = 0.1, 0, 0
    for _ in range(300):
        share = Share()
        is_missed = is_naive = False
        for _ in range(500):
            share = share.with_one(float(chance.random() < 0.3))
            distance = abs(share.mean - 0.3)
            once = 1.645 * math.sqrt(0.21 / share.number)
            is_missed |= distance > share.radius(alpha)
            is_naive |= share.number > 30 and distance > once
        missed += is_missed
        naive += is_naive
    assert missed <= alpha * 300 < naive


def test_the_chance_of_a_false_alarm_is_shared_out() -> None:
    """A rollout is as sure about five shares at four steps as it is told to be about all of them: a
    rise that would be sure if nothing else was looked at rolls nothing back.
    """
    rollout = Comparison()
    while True:
        number = rollout.runs
        rollout = rollout.observed(seen("control", error=number % 10 == 0))
        rollout = rollout.observed(seen("canary", error=number % 3 == 0))
        control, canary = rollout.control["error"], rollout.canary["error"]
        if least_rise(control, canary, alpha=Bounds().false_alarm) > 0:
            break

    assert rollout.decision().verdict != "roll_back"


@pytest.mark.parametrize("number", [0, 1, 5])
def test_no_share_rises_by_more_than_one(number: int) -> None:
    """However little is known, a difference of two shares is from -1 to 1."""
    control, canary = Share(), Share()
    for _ in range(number):
        control, canary = control.with_one(0), canary.with_one(1)
    alpha = Bounds().false_alarm

    assert least_rise(control, canary, alpha=alpha) >= -1
    assert most_rise(control, canary, alpha=alpha) == 1


def seen(arm: Arm, *, error: bool) -> Observation:
    """Return a run that had an error or had nothing at all."""
    return Observation(
        arm=arm, error=float(error), latency=0, schema=0, denial=0, quality=0
    )
