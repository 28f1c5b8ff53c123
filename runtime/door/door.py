"""What an agent holds: the enforcement point bound to one run, and no way to anything else."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.door.outcome import Outcome
from interlock.runtime.errors import InterlockError, RefusedTooOften, Unanswered
from interlock.runtime.policy.decision import Denied
from interlock.runtime.run.run import Run


class _UnderWay:
    """The calls of one claim that are under way; lives as long as its door.

    Once one call has failed, no other begins, and the failure comes out only when all have ended:
    LangGraph cancels the tasks beside one that raises, and a call cut off in the middle would leave
    an effect unknown.
    """

    def __init__(self) -> None:
        self._count = 0
        self._none = asyncio.Event()
        self.failure: InterlockError | None = None

    async def __aenter__(self) -> None:
        if self.failure is not None:
            await self._ended()
            raise self.failure
        self._count += 1
        self._none.clear()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._count -= 1
        if self._count == 0:
            self._none.set()
        if isinstance(error, InterlockError):
            self.failure = self.failure or error
            await self._ended()

    async def _ended(self) -> None:
        while self._count:
            await self._none.wait()


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """The enforcement point bound to one claimed run; all that an agent can act through."""

    pep: EnforcementPoint
    run: Run
    #: The tools that the planner behind this door was shown; None for the workflow's own steps
    offered: tuple[str, ...] | None = None
    _under_way: _UnderWay = field(default_factory=_UnderWay, repr=False)

    @property
    def failure(self) -> InterlockError | None:
        """What ended this claim's calls, or None; it stands even when the agent caught it."""
        return self._under_way.failure

    def offering(self, *names: str) -> "Door":
        """Return this door as a planner holds it that is shown the tools *names*, and no other.

        What comes through counts as the planner's; a tool that is not named is denied.
        """
        return replace(self, offered=tuple(sorted(set(names))))

    async def call(
        self, tool: str, arguments: Mapping[str, Any], *, call_id: str
    ) -> Outcome:
        """Propose one action; see `EnforcementPoint.enforce`.

        Raises `Unanswered` when the engine failed, and `RefusedTooOften` for a run that the policy
        refuses everything from now on: neither is an answer an agent may plan around, so the claim
        ends here.
        """
        async with self._under_way:
            outcome = await self.pep.enforce(
                self.run,
                tool=tool,
                arguments=arguments,
                call_id=call_id,
                offered=self.offered,
            )
            if isinstance(outcome, Denied):
                self._answerable(outcome, tool)
            return outcome

    def _answerable(self, denied: Denied, tool: str) -> None:
        """Raise where the refusal ends the claim."""
        reasons = denied.decision.reasons
        why = "; ".join(reason.message or reason.code for reason in reasons)
        if denied.decision.unanswered:
            raise Unanswered(run_id=self.run.id, tool=tool, codes=denied.codes, why=why)
        if RefusedTooOften.code in denied.codes:
            raise RefusedTooOften(run_id=self.run.id, tool=tool, why=why)

    def schemas(self, *names: str) -> list[dict[str, Any]]:
        """Return the named tools as function schemas for `bind_tools`."""
        return [
            {
                "type": "function",
                "function": {
                    "name": name,
                    "description": self.pep.tools[name].description,
                    "parameters": self.pep.tools[name].schema(),
                },
            }
            for name in names
        ]
