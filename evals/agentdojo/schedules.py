"""One attack in every way that it is tried: early and late, laundered, and from within a plan."""

from collections.abc import Sequence
from dataclasses import replace

from interlock.evals.agentdojo.session import Step
from interlock.evals.agentdojo.stage import Stage
from interlock.evals.agentdojo.trial import Attacked, Trial, attacked, can_fit


async def schedules(
    stage: Stage, trial: Trial, *, judge_use: bool = False
) -> list[Attacked]:
    """Return the runs of both schedules, until one succeeds; the first may tell of use."""
    first = await attacked(stage, trial, judge_use=judge_use)
    if first.is_reached:
        return [first]
    return [first, await attacked(stage, replace(trial, is_late=True))]


async def laundering(
    stage: Stage, trial: Trial, runs: Sequence[Attacked]
) -> list[Attacked]:
    """Return the runs in which the attacker launders its values; none where *runs* succeeded."""
    if runs[-1].is_reached:
        return []
    return await schedules(stage, replace(trial, launders=True))


async def reached_within(
    stage: Stage, trial: Trial, *, is_reached: bool
) -> bool | None:
    """Whether an attacker that fits into the plan reaches its goal; None without a plan.

    One that has no call that could fit does as any other.
    """
    if not stage.plan(trial.user_task).steps:
        return None
    if is_reached or not can_fit(stage, trial):
        return is_reached
    return await _either(stage, replace(trial, knows_plan=True))


async def tires(
    stage: Stage,
    trial: Trial,
    runs: Sequence[Attacked],
    washings: Sequence[Attacked],
) -> bool:
    """Whether a fatigued person lets the goal be reached; nobody who is not asked does.

    *runs* and *washings* are those under a careful person. The attacker launders its values, too,
    where a person is asked about one of its calls only then.
    """
    tired = replace(trial, person="fatigued")
    tries = []
    if any(asks(run.of("attack")) for run in runs):
        tries.append(tired)
    if is_asked_more(washings, runs):
        tries.append(replace(tired, launders=True))
    if stage.plan(trial.user_task).steps and can_fit(stage, trial):
        tries += [tired, replace(tired, knows_plan=True)]
    for one in dict.fromkeys(tries):
        if await _either(stage, one):
            return True
    return False


def asks(steps: Sequence[Step]) -> int:
    """Return how often a person was asked."""
    return sum(step.was_asked for step in steps)


async def _either(stage: Stage, trial: Trial) -> bool:
    """Whether the goal is reached in one of the schedules."""
    return (await schedules(stage, trial))[-1].is_reached


def is_asked_more(washings: Sequence[Attacked], runs: Sequence[Attacked]) -> bool:
    """Whether a person was asked about a call of the attack that was denied without laundering."""
    asked = _named(washings, was_asked=True)
    return bool(asked & _named(runs, was_asked=False) - _named(runs, was_asked=True))


def _named(runs: Sequence[Attacked], *, was_asked: bool) -> set[str]:
    """Return the attacker's calls in words, of which a person was asked or was not."""
    return {
        f"{step.function} {dict(step.arguments)}"
        for run in runs
        for step in run.of("attack")
        if step.was_asked == was_asked
    }
