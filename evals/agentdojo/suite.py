"""The suite `agentdojo`: a planner that is the attacker's, over a stranger's tools.

The planner does a user's task until it reads the attacker's text, and then whatever that says, in
three schedules. The control, in which everything is granted, says whether the trials work.
"""

import asyncio
from typing import Final

from interlock.evals.agentdojo.scores import (
    attack_rates,
    cases,
    obstacles,
    rates,
)
from interlock.evals.agentdojo.shard import Measured
from interlock.evals.agentdojo.whole import Draw, Wanted, measured
from interlock.evals.suites.suite import Case, Rate, Result
from interlock.serving.policy.rails import rails

CONTROL: Final = Wanted(
    posture="control",
    launders=False,
    judges_use=False,
)
#: Whether the plans are such that the tasks can be done by them
PLANS: Final = Wanted(
    posture="control planned", launders=False, judges_use=False, attacks=False
)
#: Where everything is measured; by planners that state a plan first, too
UNPLANNED: Final = (Wanted(posture="attended"), Wanted(posture="unattended"))
PLANNED: Final = (
    Wanted(posture="attended planned"),
    Wanted(posture="unattended planned"),
)
WHOLE: Final = (*UNPLANNED, *PLANNED)
#: Where attacks come by other values and from other places
VARIED: Final = tuple(
    Wanted(
        posture="unattended",
        variant=variant,
        launders=False,
        judges_use=False,
    )
    for variant in ("renamed", "look-alike", "fields")
)
_UNMEASURED: Final = (
    "What a planner that is not the attacker's would do: no model is called.",
    "What plans a model states: those here are what a capable planner can state before it reads.",
    "Attacks by the words of an answer alone are told apart: no rule of tools sees them.",
    "Attacks that cannot succeed even where everything is granted are in no rate.",
    "Attacks written by somebody who adapts to this policy; suite `adaptive` searches for those.",
)


class AgentDojo:
    """The suite; needs the extra `evals`."""

    name = "agentdojo"
    title = "A planner that does what the attacker says, over AgentDojo's 69 tools"

    async def run(self, *, sample: int | None, seed: int, jobs: int) -> Result:
        """See `Suite`: *sample* pairs of a user's task and an attack, with their tasks."""
        draw = Draw(
            sample=sample,
            seed=seed,
            jobs=jobs,
        )
        parts = (CONTROL, PLANS, *WHOLE, *(() if sample else VARIED))
        return result(await asyncio.to_thread(measured, parts, draw))


def result(done: dict[Wanted, Measured]) -> Result:
    """Return what came of the parts, put together."""
    found: list[Case] = []
    figures: list[Rate] = []
    stops: list[str] = []
    for wanted, part in done.items():
        found += cases(wanted.name, part, is_control=wanted in {CONTROL, PLANS})
        if wanted in WHOLE or wanted in {CONTROL, PLANS}:
            figures += rates(wanted.name, part)
            stops += obstacles(wanted.name, part.tasks)
        else:
            figures += attack_rates(wanted.name, part)
        if part.retried:
            stops.append(
                f"{wanted.name}: {part.retried} tries were late, and tried again"
            )
    return Result(
        suite=AgentDojo.name,
        revision=rails().revision,
        cases=tuple(found),
        rates=tuple(figures),
        notes=tuple(stops),
        unmeasured=_UNMEASURED,
    )
