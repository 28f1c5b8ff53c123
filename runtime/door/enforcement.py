"""The enforcement point: the one door between what is proposed and what is done."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from interlock.runtime import telemetry
from interlock.runtime.door import shadow
from interlock.runtime.door.acting import Acting
from interlock.runtime.door.asking import Asking
from interlock.runtime.door.calls import Calls
from interlock.runtime.door.conclusion import Conclusion, Recorder, held_by
from interlock.runtime.door.deciding import Deciding
from interlock.runtime.door.facts import InformationPoint
from interlock.runtime.door.outcome import (
    Outcome,
    Unknown,
    earlier,
    in_flight,
    recorded,
)
from interlock.runtime.door.proposal import Proposal, propose
from interlock.runtime.door.tool import Tools
from interlock.runtime.door.unread.closing import closed
from interlock.runtime.door.unread.given import Handles
from interlock.runtime.errors import Unavailable
from interlock.runtime.policy.decision import Denied, Reason, by_runtime
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.obligation import Duties
from interlock.runtime.record.store import Store, Tx
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import action, done, settlement
from interlock.runtime.run.attempt import Attempt
from interlock.runtime.run.run import Run

T = TypeVar("T")


class EnforcementPoint:
    """Propose -> decide -> record -> act, for every tool and every model call.

    `enforce` is the only way to a permit. It fails closed: a decision that does not come,
    a record that cannot be made or an obligation that is not understood means that nothing happens.
    Calling it again with the same run, call id and arguments returns what is recorded and acts no
    second time.
    """

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        pdp: DecisionPoint,
        tools: Tools,
        by_agent: Mapping[str, Tools],
        spoken: Mapping[str, frozenset[str]],
        spans: telemetry.Telemetry | None = None,
    ) -> None:
        self._store = store
        self._vault = vault
        #: Every tool behind this door, by name
        self.tools = dict(tools)
        #: An agent that is not here has no tool (fails closed)
        self.by_agent = {agent: dict(own) for agent, own in by_agent.items()}
        #: The fields of each agent's request that are the principal's own words; of an agent that
        #: is not here none are (fails closed)
        self.spoken = spoken
        self.pip = InformationPoint(store, self.tools, spoken=spoken)
        spans = spans or telemetry.Telemetry()
        self._handles = Handles(store=store, vault=vault)
        self.deciding = Deciding(pdp=pdp, spans=spans)
        self._asking = Asking(store=store, vault=vault, spans=spans)
        self._acting = Acting(spans=spans)
        self._shadows = shadow.Shadows(store=store, vault=vault)
        self._open: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def enforce(
        self,
        run: Run,
        *,
        tool: str,
        arguments: Mapping[str, Any],
        call_id: str,
        offered: tuple[str, ...] | None = None,
        undoes: str = "",
        unread: bool = False,
        calls: Calls | None = None,
    ) -> Outcome:
        """Carry one proposal of *run* through the door; *call_id* names it within the run.

        *offered* are the tools that a planner was shown; without them a fixed step proposes, or a
        person has the action undone that the call *undoes*. Where the result is to stay *unread*,
        or the call is given a handle, the outcome is a handle or says no more than is counted. Of
        the *calls* of a claim one at a time is decided.

        Returns what became of the proposal. Raises `Fenced` when the run belongs to another worker
        by now, `NotRecorded` when the store cannot record, and `AnotherPolicy` when another policy
        than the run's is in force: nothing was done.
        """
        known = self.by_agent.get(run.agent, {}).get(tool)
        proposal = propose(
            await self.pip.current(run, known),
            known,
            name=tool,
            arguments=arguments,
            call_id=call_id,
            offered=offered,
            undoes=undoes,
            given=await self._handles.given(run, arguments, kept=unread),
        )
        outcome = await self._enforced(run, proposal, calls or Calls())
        return await closed(outcome, run, proposal, self._handles)

    async def _enforced(
        self,
        run: Run,
        proposal: Proposal,
        calls: Calls,
    ) -> Outcome:
        """Return what became of the proposal, as it is recorded."""
        lock = self._open.setdefault(proposal.id, asyncio.Lock())
        async with (
            lock
        ):  # a second call with the same proposal is told what the first recorded
            # The facts must show what earlier calls recorded.
            await self._store.durable(run.claim)
            answer = await self._answered(run, proposal, calls)
            while isinstance(answer, Attempt):
                outcome = await self._carried_out(answer, proposal)
                if not isinstance(outcome, Reason):
                    return outcome
                answer = await self._answered(run, proposal, calls, refused=outcome)
            return answer

    async def _answered(
        self,
        run: Run,
        proposal: Proposal,
        calls: Calls,
        *,
        refused: Reason | None = None,
    ) -> Outcome | Attempt:
        """Return the outcome of a proposal that does not act, or the attempt that may act.

        Where the runtime *refused* it after a permit, the policy is asked once more, for its limit
        on refusals, and the proposal is denied whatever the policy says.
        """
        async with calls.turn():
            if calls.was_refused or refused is not None:
                await self._store.durable(run.claim)
            attempt = await self.gathered(run, proposal, told=calls.told)
            earlier_answer = await self._recorded(attempt, proposal)
            if earlier_answer is not None:
                return earlier_answer
            decided = attempt.decided(await self.deciding.decide(attempt))
            decided = done.refused(decided, refused)
            answer = await self._follow(decided, proposal)
            calls.was_refused |= isinstance(answer, Denied)
            calls.told[proposal.id] = proposal.bits
            return answer

    async def gathered(
        self,
        run: Run,
        proposal: Proposal,
        *,
        told: Mapping[str, int] | None = None,
    ) -> Attempt:
        """Return the proposal as an attempt with its facts, not yet decided.

        *told* are the bits of what is unread that each earlier call of the claim may have told.
        """
        key = self._vault.known(run.id)
        facts = await self.pip.facts(run, proposal, key=key, told=told or {})
        return facts.attempt(run, proposal, key=key)

    async def _recorded(self, attempt: Attempt, proposal: Proposal) -> Outcome | None:
        """Return the answer that the record gives, or None when the policy is to decide (again)."""
        if (row := attempt.row) is None:
            return None
        if row.state == "started" and proposal.tool is not None:
            return await self._interrupted(
                attempt.decided(earlier("permit", row)), proposal
            )
        answer = recorded(
            row, request=attempt.request, tool=proposal.tool, run=attempt.run
        )
        if isinstance(answer, Denied):
            return replace(answer, proposed=attempt.proposed)
        return answer

    async def _interrupted(
        self, attempt: Attempt, proposal: Proposal
    ) -> Outcome | None:
        """Answer for an action that an earlier claim started and did not finish."""
        tool = proposal.tool
        row = attempt.row
        if tool is None or row is None or row.fence == attempt.run.fence:
            return in_flight(attempt.id)
        if tool.repeatable:
            return None
        answer = await self._acting.found(attempt, proposal)
        if isinstance(answer, Conclusion):
            return self._conclude(attempt, answer)
        return await self._unsure(
            attempt,
            f"an earlier claim did not bring the effect to its end, and {answer}",
        )

    async def _follow(self, attempt: Attempt, proposal: Proposal) -> Outcome | Attempt:
        """Record a denial or ask a person; return the attempt, bounded, where neither is due."""
        if attempt.decision.effect == "deny":
            return await self._deny(attempt)
        if not proposal.is_callable:
            return await self._deny(attempt.refused(by_runtime("not_callable")))
        duties = shadow.duties(attempt, proposal)
        if isinstance(duties, Reason):
            return await self._deny(attempt.refused(duties))
        attempt = attempt.bounded(duties.bounds)
        if duties.seats:
            return await self._ask(attempt, duties)
        return attempt

    async def _carried_out(
        self, attempt: Attempt, proposal: Proposal
    ) -> Outcome | Reason:
        """Act on a permit; return why not where the runtime refuses the act after all."""
        played = await self._shadows.played(attempt, proposal)
        if isinstance(played, Reason):
            return played
        act = self._effect if played.is_reserved else self._look
        return await act(attempt, played)

    async def _deny(self, attempt: Attempt) -> Denied | Unknown:
        # An engine that failed forbade nothing: the action stays started, a later claim asks again.
        if attempt.may_have_acted and not attempt.decision.unanswered:
            return await self._unsure(
                attempt,
                "the process died during the effect, and the policy now denies it",
            )
        self._later(attempt, lambda tx: action.deny(tx, attempt))
        return Denied(
            request=attempt.request,
            decision=attempt.decision,
            action_id=attempt.id,
            proposed=attempt.proposed,
        )

    async def _unsure(self, attempt: Attempt, why: str) -> Unknown:
        """Record for good that nobody knows whether the action happened."""
        await self._write(attempt, lambda tx: settlement.doubt(tx, attempt, why=why))
        return Unknown(action_id=attempt.id, detail=why)

    async def _ask(self, attempt: Attempt, duties: Duties) -> Outcome:
        """Put the request before the people it takes; nothing else happens until they answer."""
        if attempt.may_have_acted:
            return await self._unsure(
                attempt,
                "the process died during the effect, and the policy now asks for a person",
            )
        if attempt.lapsed:
            return self._asking.expire(attempt)
        answer = await self._asking.ask(attempt, duties)
        if isinstance(answer, Reason):
            return await self._deny(attempt.asking(duties).refused(answer))
        return answer

    async def _effect(self, attempt: Attempt, proposal: Proposal) -> Outcome | Reason:
        """Record the intent and reserve its cost, act, record the outcome."""
        refusal = await self._write(
            attempt, lambda tx: action.start(tx, attempt, approval_id=attempt.verdict)
        )
        if refusal is None:
            return self._conclude(attempt, await self._act(attempt, proposal))
        if refusal.code == "already_started":
            return in_flight(attempt.id)
        return refusal

    async def _look(self, attempt: Attempt, proposal: Proposal) -> Outcome | Reason:
        """Act; the record of a pure or read action commits with the step's checkpoint."""
        if not attempt.time_ms:
            return attempt.no_time
        return self._conclude(
            attempt, await self._act(attempt, proposal), record=action.complete
        )

    async def _act(self, attempt: Attempt, proposal: Proposal) -> Conclusion:
        began = time.monotonic()
        try:
            return await self._acting.act(attempt, proposal)
        except Unavailable as error:
            # No agent may plan around it: a later claim asks again.
            self._later(attempt, held_by(error, attempt, proposal, began))
            raise

    def _conclude(
        self,
        attempt: Attempt,
        conclusion: Conclusion,
        *,
        record: Recorder = settlement.finish,
    ) -> Outcome:
        """Hand the outcome to the writer, to commit with the step's checkpoint, and return it."""
        self._later(attempt, conclusion.recording(attempt, record))
        return conclusion.outcome

    async def _write(self, attempt: Attempt, work: Callable[[Tx], T]) -> T:
        return await self._store.write(
            work, logs=(attempt.run.tenant,), needs=action.needs(attempt)
        )

    def _later(self, attempt: Attempt, work: Callable[[Tx], object]) -> None:
        self._store.later(
            attempt.run.claim,
            work,
            logs=(attempt.run.tenant,),
            needs=action.needs(attempt),
        )
