"""What limits stop: spending, asking and being refused without end, and acting unanswered."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    message_to_dict,
)

from interlock.runtime.door.door import Door
from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.errors import RefusedTooOften, Unanswered
from interlock.runtime.policy.bounds import ORDINARY
from interlock.runtime.policy.decision import Decision, Permit
from interlock.runtime.policy.engine.answer import trouble
from interlock.runtime.policy.request import AccessRequest
from interlock.runtime.testing import PLENTY
from interlock.serving.policy.ordinary import at
from interlock.serving.verification.probe_tools import (
    CLAIM,
    SLOW,
    SLOW_S,
    WAIT,
    WRITE,
)
from interlock.serving.verification.trial import Trial, WentThrough, refused
from interlock.tools.models.generate import Served, model_tools

_TOKENS: Final = 100


async def budget(trial: Trial) -> None:
    """Stops an effect beyond the budget, even when the policy permits the effect."""
    run = await trial.start(limits=replace(PLENTY, effects=1))
    await trial.permitted(run, WRITE)
    await trial.denied(run, WRITE, code="budget_exceeded")


async def spent_budget(trial: Trial) -> None:
    """Stops at the policy in force what the budget does not pay for."""
    door = trial.installed
    run = await trial.under_installed(limits=replace(PLENTY, effects=0))
    await trial.denied(
        run,
        WRITE,
        code="budget_exceeded",
        rule="budget",
        door=door,
    )
    paid = await trial.under_installed()
    await trial.passes(paid, WRITE, door=door)


async def no_time(trial: Trial) -> None:
    """Stops an effect that would not have its whole deadline to end in."""
    short = SLOW_S * 1000 - 1
    run = await trial.start(limits=replace(PLENTY, wall_ms=short))
    trial.calls.gate.set()
    await trial.denied(run, SLOW, code="no_time")
    longer = await trial.start(limits=replace(PLENTY, wall_ms=short + 1))
    await trial.permitted(longer, SLOW)


async def costly_refusal(trial: Trial) -> None:
    """Stops a planner that is refused again and again: each refusal costs a step."""
    run = await trial.start()
    await trial.denied(run, "probe.nowhere", code="not_callable")
    spent = (await trial.world.budget(run)).spent
    if spent.steps != 1:
        raise WentThrough(f"a refusal cost {spent.steps} steps")


async def endless_refusals(trial: Trial) -> None:
    """Stops a run that the policy in force has refused too often."""
    most = at(trial.home.bundle.data, "rails", "config", "limits", "refusals")
    run = await trial.under_installed()
    door = Door(pep=trial.installed, run=run)
    with trial.untouched(), refused("a run that is refused for ever", RefusedTooOften):
        for number in range(most + 1):
            await door.call("probe.nowhere", {}, call_id=f"refusal-{number}")


async def unpaid_question(trial: Trial) -> None:
    """Stops a planner that asks people for more effects than the budget pays for."""
    run = await trial.start(limits=replace(PLENTY, effects=1))
    await trial.asked(run)
    await trial.denied(run, WAIT, code="budget_exceeded")
    spent = (await trial.world.budget(run)).spent
    if not spent.steps:
        raise WentThrough("a question cost no step")


async def flood_of_questions(trial: Trial) -> None:
    """Stops a run that has more questions waiting for people than may wait."""
    run = await trial.start()
    for _ in range(ORDINARY.open_of_run):
        await trial.asked(run)
    await trial.denied(run, WAIT, code="too_many_questions")
    await trial.world.runs.end(run, "done", {})


async def false_usage(trial: Trial) -> None:
    """Stops a tool's word on what it used from giving budget back or passing a limit."""
    run = await trial.start(limits=replace(PLENTY, tokens=_TOKENS))
    for used in (-50, 2**40):
        await trial.permitted(run, CLAIM, tokens=used)
        spent = (await trial.world.budget(run)).spent.tokens
        if not 0 <= spent <= _TOKENS:
            raise WentThrough(f"{used} were claimed, {spent} of {_TOKENS} are spent")


async def free_model(trial: Trial) -> None:
    """Stops a model's server that says nothing was used from being asked for nothing."""
    served = Served(model=_Free(), longest_answer=100)
    (generate,) = model_tools({"probe": served})
    trial.world.add(generate)
    trial.pdp.effects = {**trial.pdp.effects, generate.name: "permit"}
    question = message_to_dict(HumanMessage(content="probe " * 100))
    run = await trial.start()
    await trial.permitted(
        run,
        generate.name,
        model="probe",
        purpose="probe",
        messages=json.dumps([question]),
    )
    spent = (await trial.world.budget(run)).spent.tokens
    if not spent:
        raise WentThrough("the call was free")


async def silent_engine(trial: Trial) -> None:
    """Stops what an engine that cannot answer was to decide, and holds the run."""
    door = EnforcementPoint(
        store=trial.world.store,
        vault=trial.world.vault,
        pdp=_Silent(revision=trial.pdp.revision),
        tools=trial.world.tools,
        by_agent=trial.world.pep.by_agent,
        spoken=trial.world.pep.spoken,
    )
    run = await trial.start()
    asking = Door(pep=door, run=run)
    with trial.untouched(), refused("an unanswered call", Unanswered):
        await asking.call(WRITE, {"text": ""}, call_id="silent")
    await trial.world.store.durable(run.claim)
    now = await trial.world.runs.read(run.id)
    if now.status != "held":
        raise WentThrough(f"the run is {now.status}")


class _Free:
    """A model that says that it used nothing."""

    async def answer(
        self, permit: Permit, messages: Sequence[BaseMessage], tools: Any
    ) -> AIMessage:
        """Return an answer."""
        used = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        return AIMessage.model_construct(
            content="probe",
            tool_calls=[],
            usage_metadata=used,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Silent:
    """An engine that never answers."""

    revision: str
    engine: str = "probe"

    async def decide(self, request: AccessRequest) -> Decision:
        """Return the deny that stands for an engine that is not there."""
        return trouble("pdp_unavailable", revision=self.revision, engine=self.engine)


LIMITS: Final = {
    "budget": budget,
    "spent-budget": spent_budget,
    "no-time": no_time,
    "costly-refusal": costly_refusal,
    "endless-refusals": endless_refusals,
    "unpaid-question": unpaid_question,
    "flood-of-questions": flood_of_questions,
    "false-usage": false_usage,
    "free-model": free_model,
    "silent-engine": silent_engine,
}
