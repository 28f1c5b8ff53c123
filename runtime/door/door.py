"""What an agent holds: the enforcement point bound to one run, and no way to anything else."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from interlock.runtime.door.calls import Calls
from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.door.foresight import Foreseen, Foresight
from interlock.runtime.door.outcome import Outcome
from interlock.runtime.door.plan.plan import Plan
from interlock.runtime.door.shortage import BudgetUsedUp
from interlock.runtime.door.standing_in import standing_in
from interlock.runtime.door.unread.offer import offer
from interlock.runtime.errors import (
    BadInput,
    InterlockError,
    RefusedTooOften,
    Unanswered,
)
from interlock.runtime.policy.decision import Denied
from interlock.runtime.record.spend import of_tenant
from interlock.runtime.run.run import Run

#: Of one call and of those that stand in for it
_MOST_TRIES: Final = 8
#: Plans that one claim of a run may ask the policy about
MOST_PLANS: Final = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """The enforcement point bound to one claimed run; all that an agent can act through."""

    pep: EnforcementPoint
    run: Run
    #: The tools that the planner behind this door was shown; None for the workflow's own steps
    offered: tuple[str, ...] | None = None
    #: The tools whose results stay unread behind this door, however they are called
    unread: frozenset[str] = frozenset()
    _calls: Calls = field(default_factory=Calls, repr=False)

    @property
    def failure(self) -> InterlockError | None:
        """What ended this claim's calls, or None; it stands even when the agent caught it."""
        return self._calls.failure

    def offering(
        self,
        *names: str,
        unread: Iterable[str] = (),
    ) -> "Door":
        """Return this door as a planner holds it that is shown the tools *names*, and no other.

        What comes through counts as the planner's; a tool that is not named is denied. The results
        of the tools *unread* are not shown: the planner is given handles.
        """
        return replace(
            self,
            offered=tuple(sorted(set(names))),
            unread=self.unread.union(unread),
        )

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        call_id: str,
        unread: bool = False,
    ) -> Outcome:
        """Propose one action; see `EnforcementPoint.enforce`.

        With *unread* the result is sealed and not shown: the outcome is `Unread`, with a handle.
        Where the call fails and the tool names one that stands in for it, that one is proposed
        next. Raises `Unanswered` when the engine failed, `BudgetUsedUp` when the budget of the
        run's job or tenant is, and `RefusedTooOften` for a run that the policy refuses everything
        from now on: none is an answer an agent may plan around, so the claim ends here.
        """
        async with self._calls:
            for _ in range(_MOST_TRIES):
                outcome = await self.pep.enforce(
                    self.run,
                    tool=tool,
                    arguments=arguments,
                    call_id=call_id,
                    offered=self.offered,
                    unread=unread or tool in self.unread,
                    calls=self._calls,
                )
                if isinstance(outcome, Denied):
                    self._answerable(outcome, tool)
                other = await standing_in(
                    self.pep,
                    self.run,
                    tool=tool,
                    arguments=arguments,
                    outcome=outcome,
                )
                if other is None:
                    break
                arguments = other
            return outcome

    async def foresee(
        self, plan: Plan, *, after: Collection[str] = ()
    ) -> list[Foreseen]:
        """Return what the policy would say of each step of a plan; see `foresight`.

        *after* names the tools whose results the run will have seen before the first step. One
        claim of a run may ask about `MOST_PLANS` plans; raises `BadInput` for more.
        """
        self._calls.foreseen += 1
        if self._calls.foreseen > MOST_PLANS:
            raise BadInput(
                what="the foresight of a plan",
                why=f"{MOST_PLANS} plans are the most that one claim may ask about",
                next_step="Act on a plan, or end the run.",
            )
        foresight = Foresight(
            self.pep,
            self.run,
            offered=self.offered,
            after=after,
        )
        return await foresight.of(plan)

    def _answerable(
        self,
        denied: Denied,
        tool: str,
    ) -> None:
        """Raise where the refusal ends the claim."""
        reasons = denied.decision.reasons
        why = "; ".join(reason.message or reason.code for reason in reasons)
        if denied.decision.unanswered:
            raise Unanswered(run_id=self.run.id, tool=tool, codes=denied.codes, why=why)
        if denied.decision.lacks_budget_above:
            raise self._used_up(denied, why)
        if RefusedTooOften.code in denied.codes:
            raise RefusedTooOften(run_id=self.run.id, tool=tool, why=why)

    def _used_up(
        self,
        denied: Denied,
        why: str,
    ) -> BudgetUsedUp:
        """Return the error that holds the run until the budget above it has room."""
        short = denied.decision.reasons[0].parameters
        name = self.run.job if short["level"] == "job" else of_tenant(self.run.tenant)
        return BudgetUsedUp(
            budget=name,
            kind=str(short["kind"]),
            why=why,
        )

    def schemas(
        self,
        *names: str,
    ) -> list[dict[str, Any]]:
        """Return the named tools as function schemas for `bind_tools`.

        Where results stay unread, each argument may be a handle, too.
        """
        tools = [self.pep.tools[name] for name in names]
        functions = [
            offer(tool, unread=tool.name in self.unread)
            if self.unread
            else {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.schema(),
            }
            for tool in tools
        ]
        return [{"type": "function", "function": function} for function in functions]
