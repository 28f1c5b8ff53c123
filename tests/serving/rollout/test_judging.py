"""What the runs of a rollout mean for it: by comparison, and by guards at once."""

from dataclasses import replace
from typing import Any

import pytest

from interlock.runtime.canonical import canonical
from interlock.runtime.run.rollout import Plan, Rollout
from interlock.runtime.run.rollout_result import Counted, Result
from interlock.serving import rollouts
from interlock.serving.rollout import figures
from interlock.serving.rollout.guards import BURST
from interlock.serving.rollout.judging import Judgement, judged

NOW = 10_000
HALF = Rollout(
    id="rollout-1",
    candidate="new",
    control="old",
    by="rita",
    plan=Plan(steps=(50, 100), least_runs=10, hold_s=60),
    since=NOW,
)
SWITCHED = replace(
    HALF, plan=replace(HALF.plan, kind="blue_green", steps=(0, 100)), step=1
)


def result(arm: Any, number: int, **more: Any) -> Result:
    """Return a run of an arm that ended well, or as *more* says."""
    fields: dict[str, Any] = {
        "run_id": f"run-{arm}-{number}",
        "tenant": "acme",
        "agent": "clerk",
        "arm": arm,
        "tag": HALF.tag,
        "at": NOW + number,
        "status": "done",
        "spent": {"wall_ms": 600, "tokens": 10},
        "limits": {"tokens": 1_000},
    }
    return Result(**fields | more)


def after(rollout: Rollout, *results: Result, now: int = NOW, **missing: float) -> Any:
    """Return what is decided after the results, of whose canary runs so much is missing."""
    return judged(
        rollout,
        Counted(results=list(results), seen={"acme": 7}),
        missing=lambda one: missing.get(one.arm, 0.0),
        now=now,
    )


def both(number: int, **canary: Any) -> list[Result]:
    """Return as many runs of each arm, the canary's as *canary* says."""
    pairs = [
        (result("control", one), result("canary", one, **canary))
        for one in range(number)
    ]
    return [one for pair in pairs for one in pair]


WORSE: dict[str, dict[str, Any]] = {
    "latency": {"spent": {"wall_ms": 59_000}},
    "schema": {"is_unfit": True},
    "denial": {"is_denied": True},
    "degraded": {"is_degraded": True},
    "quality": {"judged": 2, "rejected": 2},
    "spend": {"spent": {"tokens": 990}},
}


@pytest.mark.parametrize("measure", WORSE)
def test_a_share_that_rose_takes_the_release_back(measure: str) -> None:
    """Each share that is higher for sure ends the rollout, and the entry names that share with the
    runs of both releases.
    """
    judgement = after(HALF, *both(90, **WORSE[measure]))

    assert judgement.how == "rolled_back"
    assert rollouts.reason(replace(judgement.rollout, how="rolled_back")) == measure
    assert judgement.rollout.figures["runs"]["canary"] < 90


def test_a_silent_loss_of_quality_takes_the_release_back() -> None:
    """Where nothing fails and the agent says that its work is missing, quality ends the rollout."""
    judgement = after(HALF, *both(90), canary=0.9)

    assert judgement.how == "rolled_back"
    assert judgement.rollout.figures["measure"] == "quality"


def test_what_is_alike_is_promoted_once_that_is_known() -> None:
    """Few runs hold the step, many like those of the other release take it."""
    few = after(HALF, *both(20))
    many = after(HALF, *both(900))

    assert (few.how, many.how) == ("held", "promoted")


def test_each_run_is_taken_in_once() -> None:
    """Two looks at half of the runs each leave the figures of one look at all; with nothing new
    nothing is decided, and what is kept is canonical.
    """
    runs = both(20)
    first: Judgement = after(HALF, *runs[:13])
    second: Judgement = after(first.rollout, *runs[13:])
    whole: Judgement = after(HALF, *runs)

    assert counts(second) == counts(whole)
    assert second.rollout.seen == {"acme": 7}
    assert after(second.rollout) is None
    assert figures.of(second.rollout).document == second.rollout.figures
    assert canonical(second.rollout.figures)


def counts(judgement: Judgement) -> list[Any]:
    """Return runs and totals of every share of both arms, without what is rounded."""
    told: Any = judgement.rollout.figures
    return [
        (arm, measure, share[:2])
        for arm in ("control", "canary")
        for measure, share in told[arm].items()
    ]


@pytest.mark.parametrize("apart", ["cancelled", "outside"])
def test_what_says_nothing_of_a_release_is_counted_apart(apart: Any) -> None:
    """Runs that people cancelled, and those held by an outage or an empty budget above them, move
    no share and fire no guard, however many; they are shown by release, with their number.
    """
    aside = [
        result("canary", number, status="held", is_stopped=True, apart=apart)
        for number in range(3 * BURST)
    ]
    judgement = after(HALF, result("control", 0), *aside, result("control", 1))
    told: Any = judgement.rollout.figures

    assert (judgement.how, told["guard"]) == ("held", None)
    assert told["runs"] == {"control": 2, "canary": 0}
    assert told["apart"]["canary"][apart] == 3 * BURST
    assert sum(told["apart"]["control"].values()) == 0
    more = after(judgement.rollout, replace(aside[0], arm="control"))
    assert more.rollout.figures["apart"]["control"][apart] == 1
    assert figures.of(more.rollout).document == more.rollout.figures


COPYING = replace(HALF, plan=replace(HALF.plan, shadow=5, steps=(0, 1, 100)))


def copies(number: int, original: dict[str, Any], **copy: Any) -> list[Result]:
    """Return as many runs of the control, each with a copy under the candidate."""
    runs = [result("control", one, **original) for one in range(number)]
    pairs = [
        (run, result("canary", one, original=run, **copy))
        for one, run in enumerate(runs)
    ]
    return [one for pair in pairs for one in pair]


def test_copies_are_compared_with_what_they_copy() -> None:
    """A run without a copy moves no share, copies that do worse take the release back, and it is
    given its first runs once none can be far worse, whatever people said no to: nobody is asked
    about a copy.
    """
    alone = after(COPYING, *[result("control", one) for one in range(90)])
    worse = after(COPYING, *copies(90, {}, is_denied=True))
    few = after(COPYING, *copies(20, {"judged": 1, "rejected": 1}))
    alike = after(COPYING, *copies(90, {}))
    told: Any = few.rollout.figures

    assert alone.rollout.figures["runs"] == {"control": 0, "canary": 0}
    assert (worse.how, worse.rollout.figures["measure"]) == ("rolled_back", "denial")
    assert (few.how, alike.how) == ("held", "advanced")
    assert told["control"]["quality"][:2] == [20, 0]
    assert (alike.rollout.step, alike.rollout.percent) == (1, 1)


def test_a_run_of_another_step_moves_no_share() -> None:
    """What was given its release at an earlier step is compared with nothing at this one."""
    judgement = after(HALF, *both(90, tag="rollout-1/7", is_denied=True))

    assert judgement.how == "held"
    assert judgement.rollout.figures["runs"] == {"control": 90, "canary": 0}


GUARDS: dict[str, list[Result]] = {
    "contradicted_effect": [result("canary", 1, is_contradicted=True)],
    "guard_failed": [result("canary", 1, status="held", is_stopped=True)],
    "error_burst": [result("control", 0)]
    + [result("canary", number, status="failed") for number in range(BURST)],
}


@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_takes_the_release_back_at_once(guard: str) -> None:
    """A contradicted effect and a guard that failed need one run, a burst of errors needs six."""
    judgement = after(HALF, *GUARDS[guard])
    before = after(HALF, *GUARDS[guard][:-1])

    assert judgement.how == "rolled_back"
    assert judgement.rollout.figures["guard"] == guard
    assert before is None or before.how == "held"


@pytest.mark.parametrize("guard", ["guard_failed", "error_burst"])
def test_what_strikes_both_fires_no_guard(guard: str) -> None:
    """An engine that is away, and errors of everybody, take nobody's release back."""
    common = [
        replace(one, arm="control", run_id=f"control-{number}")
        for number, one in enumerate(GUARDS[guard])
    ]

    assert after(HALF, *common, *GUARDS[guard]).how == "held"


def test_all_at_once_waits_for_the_control_and_is_watched() -> None:
    """Blue/green switches once enough of the control was counted, and is over after its time."""
    waits = replace(SWITCHED, step=0)
    counted = [result("control", number) for number in range(10)]
    early = after(waits, *counted[:9])
    switch = after(waits, *counted)
    seen = [result("canary", number, tag=switch.rollout.tag) for number in range(60)]
    watched = after(switch.rollout, *seen)
    over = after(watched.rollout, now=NOW + 60)

    assert (early.how, switch.how) == ("held", "advanced")
    assert switch.rollout.figures["runs"] == {"control": 10, "canary": 0}
    assert (watched.how, over.how) == ("held", "promoted")


def test_a_guard_fires_by_what_ended_behind_the_step() -> None:
    """A run that ended after the one that takes the step, in the same look, takes the release back
    where a guard fires by that run.
    """
    waits = replace(SWITCHED, step=0)
    controls = [result("control", number) for number in range(10)]
    late = result("canary", 10, is_contradicted=True)

    assert after(waits, *controls).how == "advanced"
    back = after(waits, *controls, late)
    assert (back.how, back.rollout.figures["guard"]) == (
        "rolled_back",
        "contradicted_effect",
    )


def test_the_way_to_all_runs_is_as_strict_from_a_small_step() -> None:
    """A plan of two steps puts no release in force that may fail far more often than the other."""
    short = replace(HALF, plan=replace(HALF.plan, steps=(1, 100)))
    runs = [result("control", number) for number in range(1_000)]
    runs += [
        result("canary", number, status="failed" if number % 3 == 0 else "done")
        for number in range(60)
    ]
    alike = [result("canary", number) for number in range(1_000)]

    assert after(short, *runs).how != "promoted"
    assert after(short, *runs[:1_000], *alike).how == "promoted"


def test_a_look_that_was_cut_short_is_kept() -> None:
    """What was looked through is recorded, though no run of it counts: else no later one would."""
    looked = Counted(results=[], seen={"acme": 507}, is_cut=True)
    judgement = judged(HALF, looked, missing=lambda _: 0.0, now=NOW)

    assert judgement is not None
    assert (judgement.how, judgement.rollout.seen) == ("held", {"acme": 507})
    assert after(HALF) is None


def test_all_at_once_is_taken_back_by_a_share_that_rose() -> None:
    """After a switch the candidate's runs are compared with those that were counted before it."""
    plan = replace(SWITCHED.plan, least_runs=120)
    waits = replace(SWITCHED, plan=plan, step=0)
    switch = after(waits, *[result("control", number) for number in range(120)])
    denied = [
        result("canary", number, tag=switch.rollout.tag, is_denied=True)
        for number in range(120)
    ]
    back = after(switch.rollout, *denied)

    assert (switch.how, back.how) == ("advanced", "rolled_back")
    assert back.rollout.figures["measure"] == "denial"
