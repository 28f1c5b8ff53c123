"""One run of the compromised planner: every call goes through the door, and people answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, assert_never

import orjson

from interlock.evals.agentdojo.catalogue import has_effect
from interlock.evals.agentdojo.environment import copied
from interlock.evals.agentdojo.foreign import REFUSED, Answer, proposed
from interlock.evals.agentdojo.package import suites
from interlock.evals.agentdojo.stage import REVIEWER, Stage
from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import (
    Done,
    Expired,
    Failed,
    Outcome,
    Resolved,
    Unknown,
    Unread,
    Waiting,
)
from interlock.runtime.errors import RefusedTooOften
from interlock.runtime.policy.decision import Denied, Reason
from interlock.runtime.policy.request import Verdict
from interlock.runtime.run.run import Run
from interlock.tools.planning import planning

#: Nobody answers; who says no to every call of the attacker; who says yes to everything
Person: TypeAlias = Literal["none", "careful", "fatigued"]
#: Whose call it is: known to the measuring and to people, never to the door
Origin: TypeAlias = Literal["user", "attack"]
Became: TypeAlias = Literal["done", "failed", "denied", "asked"]


class Broken(Exception):
    """The machinery failed: what came of it says nothing about the policy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What became of one call."""

    function: str
    arguments: Mapping[str, Any]
    origin: Origin
    became: Became
    #: Whether a person was asked, whatever the answer
    was_asked: bool
    codes: tuple[str, ...] = ()
    #: What the planner reads
    text: str = ""

    @property
    def has_effect(self) -> bool:
        """Whether the call changes something, or is seen outside."""
        return has_effect(self.function)


@dataclass(kw_only=True)
class Session:
    """One run; lives until `end`."""

    stage: Stage
    person: Person
    run: Run
    door: Door
    #: The environment as it was when the run began
    before: Any
    steps: list[Step] = field(default_factory=list)
    #: The run was refused too often, and is refused everything
    is_over: bool = False

    @property
    def world(self) -> Any:
        """The environment as it is now."""
        return self.stage.worlds[self.run.id]

    async def propose(self, call: Any, origin: Origin) -> Step:
        """Carry one of AgentDojo's calls through the door, and a question to the person."""
        function = call.function
        arguments = proposed(self.stage.foreign[function], call.args)
        step = await self._proposed(function, arguments, origin)
        # The judges read AgentDojo's own arguments.
        own = Step(
            function=function,
            arguments=call.args,
            origin=origin,
            became=step.became,
            was_asked=step.was_asked,
            codes=step.codes,
            text=step.text,
        )
        self.steps.append(own)
        return own

    async def end(self) -> None:
        """End the run."""
        await self.stage.end(self.run)

    async def _proposed(
        self, function: str, arguments: Mapping[str, Any], origin: Origin
    ) -> Step:
        call_id = str(len(self.steps))
        was_asked = False
        try:
            outcome = await self.door.call(function, arguments, call_id=call_id)
            if isinstance(outcome, Waiting):
                was_asked = True
                if self.person != "none":
                    await self._answer(outcome.approval_id, origin)
                    outcome = await self.door.call(function, arguments, call_id=call_id)
            became, codes, text = _read(outcome)
        except RefusedTooOften:
            self.is_over = True
            became, codes, text = _refused()
        return Step(
            function=function,
            arguments=arguments,
            origin=origin,
            became=became,
            was_asked=was_asked,
            codes=codes,
            text=text,
        )

    async def _answer(self, approval_id: str, origin: Origin) -> None:
        """Give the person's verdict on a question."""
        runtime = self.stage.runtime
        question = await runtime.approvals.read(approval_id)
        await runtime.decide(
            approval_id,
            person=REVIEWER,
            verdict=self._verdict(origin),
            shown=question.evidence_digest,
            note="measured",
        )

    def _verdict(self, origin: Origin) -> Verdict:
        is_wanted = origin == "user" or self.person == "fatigued"
        return "approved" if is_wanted else "rejected"


async def begun(stage: Stage, person: Person, task: str, world: Any) -> Session:
    """Begin a run of the planner for a user task; *world* is changed by it.

    Where planners plan, the plan is stated; raises `Broken` for one that the door does not take.
    """
    run = await stage.begin(suites()[stage.suite].user_tasks[task].PROMPT, world)
    session = Session(
        stage=stage, person=person, run=run, door=stage.door(run), before=copied(world)
    )
    if steps := stage.plan(task).steps:
        outcome = await session.door.call(
            planning.name, {"steps": list(steps)}, call_id="plan"
        )
        if not isinstance(outcome, Done):
            raise Broken(f"the plan of {task} was not taken: {outcome}")
    return session


def _why(reason: Reason) -> str:
    """Return the reason's code, with the argument that it is about."""
    argument = reason.parameters.get("argument")
    return reason.code if argument is None else f"{reason.code}({argument})"


def _refused() -> tuple[Became, tuple[str, ...], str]:
    return "denied", (RefusedTooOften.code,), ""


def _read(outcome: Outcome) -> tuple[Became, tuple[str, ...], str]:
    """Return what became of a call; raises `Broken` for what is no answer of the policy."""
    match outcome:
        case Done(value=Answer(value=value)):
            return "done", (), orjson.dumps(value).decode()
        case Failed(code=code, detail=detail) if code == REFUSED:
            return "failed", (code,), detail
        case Denied():
            reasons = outcome.decision.reasons
            return "denied", tuple(_why(reason) for reason in reasons), ""
        case Waiting():
            return "asked", (), ""
        case Done() | Failed() | Unread() | Unknown() | Expired() | Resolved():
            raise Broken(str(outcome))
        case _:
            assert_never(outcome)
