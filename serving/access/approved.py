"""Approved: an application comes back with an approval, and the policy is asked once more.

The approval is a fact that the policy reads, for exactly what was approved, and once.
"""

from dataclasses import dataclass
from typing import Final

from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.door.outcome import Done, Expired, Outcome, Waiting
from interlock.runtime.door.policy_in_force import PolicyInForce
from interlock.runtime.errors import AnotherPolicy, BadInput
from interlock.runtime.policy.decision import Denied
from interlock.runtime.policy.request import EXTERNAL
from interlock.runtime.record.store import Store
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.run import Run
from interlock.runtime.run.runs import Runs
from interlock.serving.access import external
from interlock.serving.access.answer import Unhelpful

#: The one call of such a run
CALL: Final = "evaluation"


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """Carries what applications ask about through the same door as agents' actions."""

    store: Store
    vault: Vault
    runs: Runs
    policy: PolicyInForce

    async def enforced(self, run_id: str, name: str) -> Outcome | Unhelpful:
        """Claim the run, propose its one call, and record how the claim ended.

        Returns why not where nothing could be proposed. The outcome is recorded when this returns,
        so an answer that was not recorded was told to nobody.
        """
        try:
            run = await self.runs.claim(run_id)
        except BadInput as error:
            return "approval_pending" if error.code == "claimed" else "approval_used"
        try:
            with self.runs.beating(run):
                return await self._proposed(run, name)
        finally:
            self.runs.give_back(run)

    async def _proposed(self, run: Run, name: str) -> Outcome | Unhelpful:
        try:
            outcome = await (await self._point()).enforce(
                run,
                tool=name,
                arguments=run.request["statements"],  # type: ignore[arg-type]  # written by `Tasks`
                call_id=CALL,
            )
        except AnotherPolicy:
            await self.runs.end(run, "held", {"error": "another_policy"}, outage=True)
            return "approval_expired"
        await self._end(run, outcome)
        return outcome

    async def _end(self, run: Run, outcome: Outcome) -> None:
        match outcome:
            case Done():
                await self.runs.end(run, "done", {})
            case Waiting(approval_id=approval):
                await self.runs.end(run, "waiting", {}, waiting=[approval])
            case Denied(decision=decision) if decision.unanswered:
                await self.runs.end(run, "held", {"error": "unanswered"}, outage=True)
            case Denied():
                await self.runs.end(run, "failed", {"error": outcome.codes[0]})
            case Expired():
                await self.runs.end(run, "failed", {"error": "approval_expired"})
            case _:
                await self.runs.end(run, "failed", {"error": "unknown"})

    async def _point(self) -> EnforcementPoint:
        tools = external.tools(await self.policy.bundle())
        return EnforcementPoint(
            store=self.store,
            vault=self.vault,
            pdp=await self.policy.point(),
            tools=tools,
            by_agent={EXTERNAL: tools},
            spoken={},
        )
