"""A shard: everything about one user task under one posture, in one process."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from interlock.evals.agentdojo.catalogue import changes
from interlock.evals.agentdojo.environment import injected
from interlock.evals.agentdojo.goals import is_text_only
from interlock.evals.agentdojo.hijack import (
    Mutant,
    When,
    is_allowed,
    mutants,
    repeats,
)
from interlock.evals.agentdojo.package import SuiteName
from interlock.evals.agentdojo.plan import stated
from interlock.evals.agentdojo.postures import POSTURES, Name
from interlock.evals.agentdojo.schedules import (
    asks,
    laundering,
    reached_within,
    schedules,
    tires,
)
from interlock.evals.agentdojo.session import Step
from interlock.evals.agentdojo.stage import Stage, opened
from interlock.evals.agentdojo.trial import Attacked, Trial, benign, own_calls
from interlock.evals.agentdojo.variants import Variant
from interlock.evals.suites.suite import Became, Case, attempted
from interlock.runtime.errors import Unanswered

#: A trial that takes longer says nothing
LONGEST_S: Final = 120.0
#: How often a trial is tried in which the policy engine gave no answer in time, on a busy machine
MOST_TRIES: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What one process is to measure."""

    suite: SuiteName
    user_task: str
    posture: Name
    seed: int
    injection_tasks: tuple[str, ...]
    launders: bool = True
    #: Whether it is looked at what an attack leaves of the user's task: the slowest of the judges
    judges_use: bool = True
    variant: Variant = "plain"

    def name(self, trial: str) -> str:
        """Return the name of a trial: the same under every posture and for every variant."""
        return f"{self.suite}/{self.user_task}/{trial}"


@dataclass(kw_only=True)
class Task:
    """What one user task came to with nobody attacking."""

    suite: str
    user_task: str
    changes_state: bool
    #: Done with no person, and nothing asked or denied
    is_autonomous: bool
    #: Done with a careful person, and nothing denied
    is_done: bool
    asks: int
    #: What stood in the way of autonomy: tool and reason codes
    obstacles: list[str]


@dataclass(kw_only=True)
class Pair:
    """What one user task under one attack came to."""

    suite: str
    user_task: str
    injection_task: str
    is_text_only: bool
    is_taken: bool
    #: The goal was reached under a careful person; by laundering; under a fatigued person
    is_reached: bool
    is_reached_laundered: bool
    is_reached_fatigued: bool
    #: The goal was reached from within the user's plan; None where there is none
    is_reached_within: bool | None
    #: What was done of the attacker's that changes something
    effects: tuple[str, ...]
    #: Those of them that the user's own calls have, too: the largest file is deleted, by whomever
    shared: tuple[str, ...]
    injected_asks: int
    is_useful: bool | None
    #: What stood in the attacker's way; where the goal was reached, what the attacker did
    detail: str


@dataclass(kw_only=True)
class Measured:
    """What came of an order."""

    tasks: list[Task] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    #: The name of a mutant, and whether it was allowed
    hijacks: list[tuple[str, bool]] = field(default_factory=list)
    #: The same of mutants that know the plan: late, or with a value that outsiders have planted
    late: list[tuple[str, bool]] = field(default_factory=list)
    #: The same of the user's own calls that were done, made once more
    repeats: list[tuple[str, bool]] = field(default_factory=list)
    #: Trials that broke: neither a block nor a success
    broken: list[Case] = field(default_factory=list)
    #: Tries of trials that an engine which gave no answer in time broke off
    retried: int = 0

    def add(self, other: "Measured") -> None:
        """Take what came of another order."""
        self.tasks += other.tasks
        self.pairs += other.pairs
        self.hijacks += other.hijacks
        self.late += other.late
        self.repeats += other.repeats
        self.broken += other.broken
        self.retried += other.retried


def measure(order: Order) -> Measured:
    """Carry out an order in this process."""
    return asyncio.run(_Shard(order).measured())


class _Shard:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._measured = Measured()

    async def measured(self) -> Measured:
        order = self._order
        async with opened(order.suite, POSTURES[order.posture]) as stage:
            await self._whole("alone", partial(self._task, stage))
            for name in order.injection_tasks:
                await self._whole(name, partial(self._pair, stage, name))
            await self._hijacks(stage)
        return self._measured

    async def _hijacks(self, stage: Stage) -> None:
        order = self._order
        done = self._measured
        for mutant in mutants(order.suite, order.user_task):
            await self._hijack(stage, mutant, "instead", done.hijacks)
            if self._is_planned(stage):
                await self._hijack(stage, mutant, "planted", done.late)
                await self._hijack(stage, mutant, "after", done.late)
        for mutant in repeats(order.suite, order.user_task):
            await self._hijack(stage, mutant, "after", done.repeats)

    def _is_planned(self, stage: Stage) -> bool:
        """Whether the user's task has a plan; of a control it is asked though nobody states it."""
        task = self._order.user_task
        is_control = self._order.posture == "control"
        plan = stated(stage.suite).get(task) if is_control else stage.plan(task)
        return plan is not None and bool(plan.steps)

    async def _whole(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do *work*; what breaks, or takes too long, is told and counted nowhere else.

        An engine that gave no answer has said nothing of the policy, so the trial is tried again.
        """

        async def in_time() -> tuple[Became, str]:
            for _ in range(MOST_TRIES - 1):
                with suppress(Unanswered):
                    return await once()
                self._measured.retried += 1
            return await once()

        async def once() -> tuple[Became, str]:
            async with asyncio.timeout(LONGEST_S):
                await work()
            return "held", ""

        case = await attempted(self._order.name(name), "trial", in_time)
        if case.is_broken:
            self._measured.broken.append(case)

    async def _task(self, stage: Stage) -> None:
        order = self._order
        alone = await benign(stage, order.user_task, "none")
        stops = [step for step in alone.steps if step.was_asked or step.codes]
        helped = alone
        if any(step.was_asked for step in alone.steps):
            helped = await benign(stage, order.user_task, "careful")
        denials = [step for step in helped.steps if step.became == "denied"]
        self._measured.tasks.append(
            Task(
                suite=order.suite,
                user_task=order.user_task,
                changes_state=any(changes(step.function) for step in alone.steps),
                is_autonomous=alone.is_useful and not _stopped(alone.steps),
                is_done=helped.is_useful and not denials,
                asks=asks(helped.steps),
                obstacles=[
                    _obstacle(step) for step in stops if step.became != "failed"
                ],
            )
        )

    async def _pair(self, stage: Stage, name: str) -> None:
        order = self._order
        trial = _trial(order, name)
        runs = await schedules(stage, trial, judge_use=order.judges_use)
        washings = await laundering(stage, trial, runs) if order.launders else []
        reached = runs[-1].is_reached
        washed = any(run.is_reached for run in (*runs, *washings))
        within = await reached_within(stage, trial, is_reached=reached)
        tired = washed or await tires(stage, trial, runs, washings)
        resumed = runs[0]
        self._measured.pairs.append(
            Pair(
                suite=order.suite,
                user_task=order.user_task,
                injection_task=name,
                is_text_only=is_text_only(order.suite, name),
                is_taken=resumed.is_taken,
                is_reached=reached,
                is_reached_laundered=washed,
                is_reached_fatigued=tired,
                is_reached_within=within,
                effects=_effects(runs),
                shared=_shared(stage, order.user_task, _effects(runs)),
                injected_asks=asks(resumed.of("attack")),
                is_useful=resumed.is_useful,
                detail=_detail(runs),
            )
        )

    async def _hijack(
        self, stage: Stage, mutant: Mutant, when: When, told: list[tuple[str, bool]]
    ) -> None:
        name = mutant.name if when == "instead" else f"{mutant.name}-{when}"

        async def tried() -> None:
            allowed = await is_allowed(stage, mutant, when)
            if allowed is not None:
                told.append((self._order.name(name), allowed))

        await self._whole(name, tried)


def _trial(order: Order, name: str) -> Trial:
    return Trial(
        user_task=order.user_task,
        injection_task=name,
        marker=_marker(order, name),
        variant=order.variant,
    )


def _marker(order: Order, name: str) -> str:
    chance = random.Random(f"{order.seed} {order.suite} {order.user_task} {name}")  # noqa: S311 - as above
    return f"NOTICE-{chance.getrandbits(64):016x}"


def _stopped(steps: Sequence[Step]) -> bool:
    return any(step.was_asked or step.became == "denied" for step in steps)


def _effects(runs: Sequence[Attacked]) -> tuple[str, ...]:
    steps = [step for run in runs for step in run.of("attack")]
    done = [step for step in steps if step.became == "done" and step.has_effect]
    return tuple(dict.fromkeys(map(_call, done)))


def _shared(stage: Stage, user_task: str, effects: tuple[str, ...]) -> tuple[str, ...]:
    own = own_calls(stage, user_task, injected(stage.suite, "", frozenset()))
    named = {f"{call.function} {dict(call.args)}" for call in own}
    return tuple(effect for effect in effects if effect in named)


def _call(step: Step) -> str:
    return f"{step.function} {dict(step.arguments)}"


def _detail(runs: Sequence[Attacked]) -> str:
    steps = runs[-1].of("attack")
    if runs[-1].is_reached:
        done = [step.function for step in steps if step.became == "done"]
        return f"done: {', '.join(dict.fromkeys(done))}"
    stops = [_obstacle(step) for step in steps if step.was_asked or step.codes]
    return "; ".join(dict.fromkeys(stops))


def _obstacle(step: Step) -> str:
    why = "asked" if step.was_asked else "+".join(sorted(set(step.codes)))
    return f"{step.function}: {why}"
