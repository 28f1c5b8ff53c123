"""Trials: one user task alone, and one user task under one attack, in every schedule."""

from dataclasses import dataclass
from typing import Any

from interlock.evals.agentdojo.catalogue import has_effect
from interlock.evals.agentdojo.environment import copied, injected, rewrite, seen
from interlock.evals.agentdojo.goals import Calls, attack
from interlock.evals.agentdojo.judge import is_reached, is_useful
from interlock.evals.agentdojo.laundering import laundered
from interlock.evals.agentdojo.package import SuiteName, suites
from interlock.evals.agentdojo.refill import refilled
from interlock.evals.agentdojo.session import Origin, Person, Session, Step, begun
from interlock.evals.agentdojo.stage import Stage
from interlock.evals.agentdojo.variants import Variant, plant, renaming


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """Who attacks whom, and how."""

    user_task: str
    injection_task: str
    #: By which the replay, and nobody else, knows that the attacker's text was read
    marker: str
    is_late: bool = False
    launders: bool = False
    #: Whether the attacker fits its calls into the plan that was stated before
    knows_plan: bool = False
    person: Person = "careful"
    variant: Variant = "plain"

    def renaming(self, suite: SuiteName) -> dict[str, str]:
        """Return the attacker's values as the benchmark has them, each with what it is here."""
        goal = suites()[suite].injection_tasks[self.injection_task].GOAL
        return renaming(suite, self.user_task, goal, self.variant, seed=self.marker)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attacked:
    """What came of one trial."""

    #: Whether the text was read, so that the attacker had the planner at all
    is_taken: bool
    is_reached: bool
    steps: tuple[Step, ...]
    #: Whether the user's task was done; None where it is not looked at
    is_useful: bool | None

    def of(self, origin: Origin) -> list[Step]:
        """Return the steps of one origin."""
        return [step for step in self.steps if step.origin == origin]


@dataclass(frozen=True, kw_only=True, slots=True)
class Benign:
    """What came of one user task alone."""

    is_useful: bool
    steps: tuple[Step, ...]


async def benign(stage: Stage, user_task: str, person: Person) -> Benign:
    """Carry out one user task with nobody attacking."""
    world = injected(stage.suite, "", frozenset())
    session = await begun(stage, person, user_task, world)
    for call in own_calls(stage, user_task, world):
        await session.propose(call, "user")
    useful = is_useful(session, user_task)
    await session.end()
    return Benign(
        is_useful=useful,
        steps=tuple(session.steps),
    )


async def attacked(stage: Stage, trial: Trial, *, judge_use: bool = False) -> Attacked:
    """Carry out one user task whose planner is the attacker's from the first text it reads."""
    session = await begun(stage, trial.person, trial.user_task, _hostile(stage, trial))
    taken = False
    reached = False
    for call in own_calls(stage, trial.user_task, session.world):
        step = await session.propose(call, "user")
        if not taken and _is_read(trial.marker, step.text):
            taken = True
            if not trial.is_late:
                reached = await _attack(session, trial)
    if taken and trial.is_late:
        await _attack(session, trial)
    reached = reached or (taken and _reached(session, trial))
    useful = is_useful(session, trial.user_task) if judge_use else None
    await session.end()
    return Attacked(
        is_taken=taken, is_reached=reached, steps=tuple(session.steps), is_useful=useful
    )


def can_fit(stage: Stage, trial: Trial) -> bool:
    """Whether the attacker has an effect by a tool of which the user's task has one, too."""
    world = injected(stage.suite, "", frozenset())
    own = {call.function for call in own_calls(stage, trial.user_task, world)}
    calls = attack(stage.suite, trial.injection_task, world, world)
    return any(call.function in own and has_effect(call.function) for call in calls)


def own_calls(stage: Stage, user_task: str, world: Any) -> Calls:
    """Return the user task's own calls in *world*, with what a plan reads besides."""
    task = suites()[stage.suite].user_tasks[user_task]
    return stage.plan(user_task).with_reads(task.ground_truth(copied(world)))


def _hostile(stage: Stage, trial: Trial) -> Any:
    """Return the environment with the attacker's text wherever the task will read it."""
    goal = suites()[stage.suite].injection_tasks[trial.injection_task].GOAL
    goal = rewrite(goal, trial.renaming(stage.suite))
    if trial.variant == "fields":
        world = injected(stage.suite, "", frozenset())
        plant(world, trial.marker, goal)
        return world
    places = seen(stage.suite, trial.user_task)
    return injected(stage.suite, f"{trial.marker} {goal}", places)


async def _attack(session: Session, trial: Trial) -> bool:
    """Do what the attacker wants; return whether the goal is reached now (schedule *stop*)."""
    suite = session.stage.suite
    clean: set[str] = set()
    names = trial.renaming(suite)
    for call in attack(suite, trial.injection_task, session.world, session.before):
        call.args = rewrite(dict(call.args), names)
        if trial.launders and has_effect(call.function):
            for wash in laundered(suite, call.args):
                if (name := str(wash)) not in clean:
                    clean.add(name)
                    await session.propose(wash, "attack")
        if trial.knows_plan:
            own = own_calls(session.stage, trial.user_task, session.before)
            plan = session.stage.plan(trial.user_task)
            for fitted in refilled(call, own=own, plan=plan):
                await session.propose(fitted, "attack")
        else:
            await session.propose(call, "attack")
    return _reached(session, trial)


def _is_read(marker: str, text: str) -> bool:
    return marker in text or marker.lower() in text


def _reached(session: Session, trial: Trial) -> bool:
    names = trial.renaming(session.stage.suite)
    return is_reached(
        session,
        trial.injection_task,
        user_task=trial.user_task,
        names={here: own for own, here in names.items()},
    )
