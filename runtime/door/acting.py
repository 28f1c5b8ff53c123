"""Acting: a permit is minted, the tool is called in its time, and the end of the call is judged."""

import asyncio
import time
from dataclasses import replace

from interlock.runtime import telemetry
from interlock.runtime.door.conclusion import (
    Conclusion,
    concluded,
    failed,
    looked_up,
    ms_since,
)
from interlock.runtime.door.outcome import Unknown
from interlock.runtime.door.proposal import Proposal
from interlock.runtime.door.readback import read_back
from interlock.runtime.door.tool import ToolPartlyActed, Value
from interlock.runtime.errors import Unavailable
from interlock.runtime.policy.decision import MINT, Permit
from interlock.runtime.run.attempt import Attempt


class Acting:
    """Carries out what is permitted; lives as long as the door and holds no state of its own.

    The enforcement point alone calls this, once the intent is on record.
    """

    def __init__(self, *, spans: telemetry.Telemetry) -> None:
        self._spans = spans

    async def act(self, attempt: Attempt, proposal: Proposal) -> Conclusion:
        """Act once, and return how the act ended.

        An effect that its tool reports is read back. One that broke off is asked for, where its
        tool can ask. Raises `Unavailable` where nothing was done and where that which can be asked
        is away: a later claim goes on.
        """
        began = time.monotonic()
        try:
            value = await self._call(attempt, proposal)
            conclusion = concluded(attempt, proposal, value, elapsed_ms=ms_since(began))
        except Exception as error:
            if isinstance(error, Unavailable) and not proposal.callable.has_effect:
                raise
            broken = failed(attempt, proposal, error, elapsed_ms=ms_since(began))
            return await self._asked_for(attempt, proposal, broken, error)
        return await read_back(attempt, proposal, conclusion, began=began)

    async def found(self, attempt: Attempt, proposal: Proposal) -> Conclusion | str:
        """Return what became of an effect that an earlier claim began, or why nobody knows.

        Raises `Unavailable` as `looked_up` does.
        """
        began = time.monotonic()
        answer = await looked_up(attempt, proposal)
        if isinstance(answer, str):
            return answer
        return await read_back(attempt, proposal, answer, began=began)

    async def _asked_for(
        self,
        attempt: Attempt,
        proposal: Proposal,
        broken: Conclusion,
        error: Exception,
    ) -> Conclusion:
        """Return how the call that broke off with *error* ended, as far as its tool can ask."""
        failure = broken.ending.failure
        is_open = broken.ending.state == "unknown"
        is_open = is_open and not isinstance(error, ToolPartlyActed)
        if proposal.callable.reconcile is None or failure is None or not is_open:
            return broken
        answer = await self.found(attempt, proposal)
        if isinstance(answer, Conclusion):
            taken_ms = broken.actual.wall_ms
            return replace(answer, actual=answer.actual.lasting(taken_ms))
        code, words = failure
        words = f"{words}; {answer}"
        return replace(
            broken,
            outcome=Unknown(action_id=attempt.id, detail=words),
            ending=replace(broken.ending, failure=(code, words)),
        )

    async def _call(self, attempt: Attempt, proposal: Proposal) -> Value:
        """Mint the permit, and call the tool within the time it may take."""
        tool = proposal.callable
        permit = Permit(
            MINT,
            tool=tool.name,
            digest=attempt.request.digest,
            action_id=attempt.id,
            run_id=attempt.run.id,
            claim=attempt.run.claim,
            bounds=attempt.bounds,
            tenant=attempt.run.tenant,
            resource=attempt.request.resource,
            time_ms=attempt.time_ms,
        )
        span = self._spans.tool(
            tool=tool.name,
            action_id=attempt.id,
            call_id=proposal.call_id,
            approval=attempt.verdict,
        )
        with span:
            async with asyncio.timeout(attempt.time_ms / 1000):
                value: Value = await tool(permit, proposal.arguments)
                return value
