"""Foresight: what the policy would say of each step of a plan, before the first one is done.

Nothing is recorded and nothing is done, and a foreseen permit is none: the door decides on every
call when the call is proposed. A record of the question would prove nothing, so bounds take its
place: a plan has a length, and one claim of a run so many plans. What is not known yet, such
as the text of a mail, is taken to be as good as can be, and so a foreseen denial holds whatever is
filled in.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

from interlock.runtime.canonical import Json
from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.door.plan.plan import Plan, PlannedStep
from interlock.runtime.door.proposal import Proposal, propose
from interlock.runtime.door.tool import AnyTool
from interlock.runtime.policy.decision import Decision, Reason
from interlock.runtime.policy.label import PLANNED, TRUSTED, Label
from interlock.runtime.policy.obligation import understand
from interlock.runtime.policy.request import ActionClass, Context, PlanFacts
from interlock.runtime.run.run import Run

#: It goes through, waits for a person, is denied, or turns on what is not known yet
Verdict: TypeAlias = Literal["permit", "ask", "deny", "open"]
UNKNOWN_TOOL: Final = "plan_unknown"
#: What stands for a value that is not known yet, by its JSON type
_BLANK: Final[Mapping[str, Json]] = {
    "string": "",
    "array": [],
    "object": {},
    "integer": 0,
    "number": 0,
    "boolean": False,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreseen:
    """What would become of one step."""

    step: str
    tool: str
    action_class: ActionClass | None
    verdict: Verdict
    #: Why it would be denied, each code once
    codes: tuple[str, ...] = ()
    #: Arguments that are not known yet
    blanks: tuple[str, ...] = ()

    def told(self) -> dict[str, Json]:
        """Return the step as JSON values."""
        return {
            "step": self.step,
            "tool": self.tool,
            "class": self.action_class,
            "verdict": self.verdict,
            "codes": list(self.codes),
            "blanks": list(self.blanks),
        }


class Foresight:
    """Foresees the steps of one plan, in their order; used once."""

    def __init__(
        self,
        pep: EnforcementPoint,
        run: Run,
        *,
        offered: tuple[str, ...] | None,
        after: Collection[str],
    ) -> None:
        self._pep = pep
        self._run = run
        self._offered = offered
        self._tools = pep.by_agent.get(run.agent, {})
        self._label = TRUSTED
        self._done: Counter[str] = Counter()
        self._earlier: set[str] = set()
        for name in sorted(after):
            self._pass(name)

    async def of(self, plan: Plan) -> list[Foreseen]:
        """Return what the policy would say of each step."""
        foreseen = []
        for step in plan.steps:
            foreseen.append(await self._step(step))
            self._pass(step.tool)
        return foreseen

    def _pass(self, name: str) -> None:
        """Take a step as done: what it shows may be the worst that its tool can show."""
        tool = self._tools.get(name)
        if tool is None:
            return
        self._earlier.add(name)
        if tool.has_effect:
            self._done[name] += 1
        else:
            self._label = self._label.join(tool.failing.at_large)

    async def _step(self, step: PlannedStep) -> Foreseen:
        tool = self._tools.get(step.tool)
        if tool is None:
            return Foreseen(
                step=step.name,
                tool=step.tool,
                action_class=None,
                verdict="deny",
                codes=(UNKNOWN_TOOL,),
            )
        arguments, blanks = _filled(tool, step)
        proposal = propose(
            self._run,
            tool,
            name=tool.name,
            arguments=arguments,
            call_id=f"foreseen:{step.name}",
            offered=self._offered,
        )
        if proposal.arguments is None and blanks:
            return _told(step, tool, "open", blanks=blanks)
        decision = await self._decided(proposal, step, blanks)
        return _judged(step, tool, decision, blanks)

    async def _decided(
        self, proposal: Proposal, step: PlannedStep, blanks: Collection[str]
    ) -> Decision:
        attempt = await self._pep.gathered(self._run, proposal)
        request = attempt.request
        context = self._context(request.context, step, blanks)
        return await self._pep.deciding.decide(
            replace(attempt, request=replace(request, context=context))
        )

    def _context(
        self, context: Context, step: PlannedStep, blanks: Collection[str]
    ) -> Context:
        """Return the facts as they would be when the step is reached."""
        planned = Label(
            integrity="trusted",
            confidentiality="public",
            sources=(f"{PLANNED}:{step.name}",),
        )
        labels = {
            name: label if _is_known(label) and name not in blanks else planned
            for name, label in context.labels.items()
        }
        done = Counter(context.done) + self._done
        return replace(
            context,
            labels=labels,
            actionable=dict.fromkeys(context.actionable, planned),
            plan=PlanFacts(stated=True, step=step.name),
            run=replace(context.run, label=self._label),
            done=dict(sorted(done.items())),
            done_here=tuple(sorted({*(context.done_here or ()), *self._earlier})),
        )


def _is_known(label: Label) -> bool:
    return label.integrity == "trusted"


def _filled(tool: AnyTool, step: PlannedStep) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the arguments of a step with blanks for what is not known, and the blanks' names."""
    arguments: dict[str, Any] = {
        name: term.value
        for name, term in step.arguments.items()
        if not term.of and not term.within
    }
    schema = tool.schema()
    needed = {*schema.get("required", ()), *step.arguments}
    blanks = tuple(sorted(needed - arguments.keys()))
    for name in blanks:
        stated = schema.get("properties", {}).get(name, {})
        arguments[name] = _BLANK.get(str(stated.get("type")))
    return arguments, blanks


def _judged(
    step: PlannedStep, tool: AnyTool, decision: Decision, blanks: tuple[str, ...]
) -> Foreseen:
    if decision.effect == "permit":
        duties = understand(decision)
        if isinstance(duties, Reason):
            return _told(step, tool, "deny", codes=(duties.code,), blanks=blanks)
        verdict: Verdict = "ask" if duties.seats else "permit"
        return _told(step, tool, verdict, blanks=blanks)
    codes = dict.fromkeys(
        reason.code
        for reason in decision.reasons
        if reason.parameters.get("argument") not in blanks
    )
    if not codes:
        return _told(step, tool, "open", blanks=blanks)
    return _told(step, tool, "deny", codes=tuple(codes), blanks=blanks)


def _told(
    step: PlannedStep,
    tool: AnyTool,
    verdict: Verdict,
    *,
    codes: tuple[str, ...] = (),
    blanks: tuple[str, ...],
) -> Foreseen:
    return Foreseen(
        step=step.name,
        tool=tool.name,
        action_class=tool.action_class,
        verdict=verdict,
        codes=codes,
        blanks=blanks,
    )
