"""The enforcement point: the one door between what is proposed and what is done."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

from interlock.runtime import telemetry
from interlock.runtime.door.facts import Facts, InformationPoint
from interlock.runtime.door.outcome import (
    Done,
    Outcome,
    Unknown,
    Waiting,
    earlier,
    failure,
    recorded,
)
from interlock.runtime.door.proposal import Proposal, propose
from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, schema_digest
from interlock.runtime.errors import Unavailable
from interlock.runtime.policy.decision import MINT, Decision, Denied, Permit, Reason, by_runtime
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.obligation import Duties, understand
from interlock.runtime.policy.request import AccessRequest, Amounts
from interlock.runtime.record.store import Store, Tx
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import action, approval
from interlock.runtime.run.attempt import Attempt, Ending
from interlock.runtime.run.run import Run, hold


class EnforcementPoint:
    """Propose -> decide -> record -> act, for every tool and every model call.

    `enforce` is the only code that mints a permit. It fails closed: a decision that does not come,
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
        tools: Mapping[str, AnyTool],
        spans: telemetry.Telemetry | None = None,
    ) -> None:
        self._store, self._vault, self._pdp, self._tools = store, vault, pdp, dict(tools)
        self._pip = InformationPoint(store)
        self._spans = spans or telemetry.Telemetry()
        self._open: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def tools(self) -> Mapping[str, AnyTool]:
        """Every tool behind this door, by name."""
        return self._tools

    async def enforce(
        self, run: Run, *, tool: str, arguments: Mapping[str, Any], call_id: str
    ) -> Outcome:
        """Carry one proposal of *run* through the door; *call_id* names the proposal within the run.

        Returns what became of it. Raises `Fenced` when the run belongs to another worker by now,
        and `NotRecorded` when the store cannot record: in both cases nothing was done.
        """
        proposed = propose(
            run, self._tools.get(tool), name=tool, arguments=arguments, call_id=call_id
        )
        lock = self._open.setdefault(proposed.id, asyncio.Lock())
        async with (
            lock
        ):  # the same proposal twice at once: the second is told what the first recorded
            return await self._once(run, proposed)

    async def _once(self, run: Run, proposed: Proposal) -> Outcome:
        await self._store.durable(run.claim)  # what earlier calls recorded must be seen
        key = self._vault.known(run.id)
        facts = await self._pip.facts(
            run,
            key=key,
            action_id=proposed.id,
            proposed=proposed.action,
            resource=proposed.resource,
            cost=proposed.cost,
            valid=proposed.arguments is not None,
            tool_schema=None if proposed.tool is None else schema_digest(proposed.tool),
        )
        request = AccessRequest(
            principal=run.principal,
            action=proposed.action,
            resource=proposed.resource,
            context=facts.context,
        )
        if (before := await self._recorded(run, proposed, facts, request)) is not None:
            return before
        decision = await self._decide(run, request)
        idempotent = proposed.tool is not None and proposed.tool.repeatable
        step = Attempt(
            run=run,
            key=key,
            id=proposed.id,
            request=request,
            decision=decision,
            idempotent=idempotent,
            now=facts.context.now,
            held=facts.held,
            afresh=facts.known is not None and facts.known.state == "denied",
        )
        return await self._follow(step, proposed, facts)

    async def _decide(self, run: Run, request: AccessRequest) -> Decision:
        with self._spans.policy(
            engine=getattr(self._pdp, "engine", "?"), revision=self._pdp.revision
        ) as span:
            decision = await self._pdp.decide(request)
            if (
                decision.effect == "permit" and decision.revision != run.revision
            ):  # whatever a new policy says of that
                decision = replace(
                    decision, effect="deny", reasons=(by_runtime("another_policy"),), obligations=()
                )
            telemetry.decided(
                span, effect=decision.effect, codes=[reason.code for reason in decision.reasons]
            )
        return decision

    async def _follow(self, step: Attempt, proposed: Proposal, facts: Facts) -> Outcome:
        """Do what the decision says."""
        if step.decision.effect == "deny":
            return await self._deny(step, facts)
        if (
            proposed.tool is None or proposed.arguments is None
        ):  # a policy that permits what cannot be called
            return await self._deny(step.refused(by_runtime("not_callable")), facts)
        duties = understand(step.decision)
        if isinstance(duties, Reason):
            return await self._deny(step.refused(duties), facts)
        if duties.role is not None:
            return await self._ask(step, duties, facts)
        if proposed.tool.has_effect or proposed.cost.priced:
            return await self._effect(
                step, proposed.tool, proposed.arguments, facts, proposed.call_id
            )
        return await self._look(step, proposed.tool, proposed.arguments, proposed.call_id)

    async def _recorded(
        self, run: Run, proposed: Proposal, facts: Facts, request: AccessRequest
    ) -> Outcome | None:
        """Return the outcome that stands already, or None when the proposal is to be decided (again)."""
        known, tool = facts.known, proposed.tool
        if known is None:
            return None
        if known.state == "started" and tool is not None:
            return await self._interrupted(run, proposed, facts, request, tool)
        return recorded(known, request=request, tool=tool, run=run)

    async def _interrupted(
        self, run: Run, proposed: Proposal, facts: Facts, request: AccessRequest, tool: AnyTool
    ) -> Outcome | None:
        """Deal with an action that an earlier claim started and did not finish."""
        known = facts.known
        if known is None or known.fence == run.fence:
            return Unknown(action_id=proposed.id, detail="this action is in flight")
        if tool.repeatable:
            return None
        value = await tool.reconcile(proposed.id) if tool.reconcile else None
        before = earlier("permit", known)
        step = Attempt(
            run=run,
            key=self._vault.known(run.id),
            id=proposed.id,
            request=request,
            decision=before,
            idempotent=False,
            now=facts.context.now,
            held=facts.held,
        )
        if value is not None:
            return await self._close(step, tool, proposed.arguments, value, elapsed_ms=0)
        return await self._unsure(step, "the process died during an effect that cannot be repeated")

    async def _deny(self, step: Attempt, facts: Facts) -> Denied | Unknown:
        acted = (
            facts.known is not None and facts.known.state == "started"
        )  # or may have, before it was forbidden
        if (
            acted and not step.decision.unanswered
        ):  # an engine that failed forbade nothing: a later claim asks again
            return await self._unsure(
                step, "the process died during the effect, and the policy now denies it"
            )
        self._store.later(step.run.claim, lambda tx: action.deny(tx, step))
        return Denied(request=step.request, decision=step.decision, action_id=step.id)

    async def _unsure(self, step: Attempt, detail: str) -> Unknown:
        cost, label, ending = (
            step.request.context.cost,
            step.label,
            Ending(state="unknown", failure=("interrupted", detail)),
        )
        await self._store.write(
            lambda tx: action.finish(tx, step, ending=ending, actual=cost, label=label)
        )
        return Unknown(action_id=step.id, detail=detail)

    async def _ask(self, step: Attempt, duties: Duties, facts: Facts) -> Outcome:
        if (
            facts.known is not None and facts.known.state == "started"
        ):  # it may have acted before it was to wait
            return await self._unsure(
                step, "the process died during the effect, and the policy now asks for a person"
            )
        if facts.lapsed:
            return await self._deny(step.refused(by_runtime("approval_expired")), facts)
        if facts.open_approval is not None:
            return Waiting(
                action_id=step.id, approval_id=facts.open_approval, decision=step.decision
            )
        asked = approval.Asked(
            request=step.request,
            action_id=step.id,
            role=duties.role or "",
            ttl_s=duties.ttl_s,
            revision=step.decision.revision,
            reasons=step.decision.reasons,
        )

        def work(tx: Tx) -> str:
            action.wait(tx, step)
            return approval.ask(
                tx, run=step.run, vault=self._vault, asked=asked, now=self._store.now(tx.connection)
            )

        with self._spans.approval(tool=step.request.action.tool, action_id=step.id) as span:
            approval_id = await self._store.write(work)
            span.set_attribute(telemetry.APPROVAL, approval_id)
        return Waiting(action_id=step.id, approval_id=approval_id, decision=step.decision)

    async def _effect(
        self, step: Attempt, tool: AnyTool, arguments: Value, facts: Facts, call_id: str
    ) -> Outcome:
        """Record the intent and reserve its cost, act, record the outcome."""
        spend = step.verdict
        refusal = await self._store.write(lambda tx: action.start(tx, step, approval_id=spend))
        if refusal == "already_started":
            return Unknown(action_id=step.id, detail="this action is in flight")
        if refusal is not None:
            return await self._deny(step.refused(by_runtime(refusal)), facts)
        began = time.monotonic()
        try:
            value = await self._act(step, tool, arguments, call_id)
            return await self._close(step, tool, arguments, value, elapsed_ms=_ms(began))
        except Exception as error:  # noqa: BLE001 - whatever broke, an effect may have happened: that is recorded
            if isinstance(error, Unavailable) and not tool.has_effect:
                self._hold(step)  # the action stays started: a later claim repeats a read
                raise
            failed, sure = (
                failure(step.id, error),
                isinstance(error, ToolFailed) or not tool.has_effect,
            )
            spent = (
                Amounts(steps=1, wall_ms=_ms(began))
                if isinstance(error, ToolFailed)
                else step.request.context.cost
            )
            ending = Ending(
                state="failed" if sure else "unknown", failure=(failed.code, failed.detail)
            )
            self._finish(step, ending, spent, step.label)
            return failed if sure else Unknown(action_id=step.id, detail=failed.detail)

    async def _look(self, step: Attempt, tool: AnyTool, arguments: Value, call_id: str) -> Outcome:
        """Run a pure or read action; its record commits with the step's checkpoint."""
        began = time.monotonic()
        try:
            value = await self._act(step, tool, arguments, call_id)
        except Unavailable:
            self._hold(step)
            raise
        except Exception as error:  # noqa: BLE001 - nothing was done; whatever broke is recorded and told to the agent
            failed = failure(step.id, error)
            ending = Ending(state="failed", failure=(failed.code, failed.detail))
            self._complete(step, ending, Amounts(steps=1, wall_ms=_ms(began)), step.label)
            return failed
        cost = tool.actual(value) if tool.actual else step.request.context.cost
        label = tool.yields(arguments, value) if tool.yields else step.label
        self._complete(step, _done(value), replace(cost, wall_ms=_ms(began)), label)
        return Done(action_id=step.id, value=value)

    async def _act(self, step: Attempt, tool: AnyTool, arguments: Value, call_id: str) -> Value:
        permit = Permit(
            MINT,
            tool=tool.name,
            digest=step.request.digest,
            action_id=step.id,
            run_id=step.run.id,
            claim=step.run.claim,
        )
        with self._spans.tool(
            tool=tool.name, action_id=step.id, call_id=call_id, approval=step.verdict
        ):
            async with asyncio.timeout(min(tool.deadline_s, _left_s(step))):
                value: Value = await tool(permit, arguments)
                return value

    async def _close(
        self,
        step: Attempt,
        tool: AnyTool,
        arguments: Value | None,
        value: Value,
        *,
        elapsed_ms: int,
    ) -> Done:
        cost = tool.actual(value) if tool.actual else step.request.context.cost
        label = tool.yields(arguments, value) if tool.yields else step.label
        self._finish(step, _done(value), replace(cost, wall_ms=elapsed_ms), label)
        return Done(action_id=step.id, value=value)

    def _hold(self, step: Attempt) -> None:
        """Let this claim record no further intent or checkpoint."""
        self._store.later(step.run.claim, lambda tx: hold(tx, step.run))

    def _finish(self, step: Attempt, ending: Ending, actual: Amounts, label: Label) -> None:
        self._store.later(
            step.run.claim,
            lambda tx: action.finish(tx, step, ending=ending, actual=actual, label=label),
        )

    def _complete(self, step: Attempt, ending: Ending, actual: Amounts, label: Label) -> None:
        self._store.later(
            step.run.claim,
            lambda tx: action.complete(tx, step, ending=ending, actual=actual, label=label),
        )


def _done(value: Value) -> Ending:
    return Ending(state="done", result=value.model_dump_json().encode())


def _left_s(step: Attempt) -> float:
    """Return the seconds that are left of the run's wall time."""
    held = step.request.context.budget
    return max(0, held.limits.wall_ms - held.spent.wall_ms) / 1000


def _ms(began: float) -> int:
    return int((time.monotonic() - began) * 1000)
