"""Asking people: an action that waits is recorded and put before its reviewers, in one commit."""

from interlock.runtime import telemetry
from interlock.runtime.door.outcome import Expired, Waiting
from interlock.runtime.policy.decision import Reason, by_runtime
from interlock.runtime.policy.obligation import Duties
from interlock.runtime.record.store import Store, Tx
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import action, approval
from interlock.runtime.run.attempt import Attempt


class Asking:
    """Puts actions before people; lives as long as the door and holds no state of its own."""

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        spans: telemetry.Telemetry,
    ) -> None:
        self._store = store
        self._vault = vault
        self._spans = spans

    async def ask(
        self,
        attempt: Attempt,
        duties: Duties,
    ) -> Waiting | Reason:
        """Ask people once; return what is waited for, or why nobody may be asked."""
        approval_id = attempt.open_approval or await self._put(attempt, duties)
        if isinstance(approval_id, Reason):
            return approval_id
        return Waiting(
            action_id=attempt.id, approval_id=approval_id, decision=attempt.decision
        )

    def expire(
        self,
        attempt: Attempt,
    ) -> Expired:
        """Record that nobody decided in time; the agent may ask again with another call."""
        run = attempt.run
        expired = attempt.refused(
            by_runtime("approval_expired", approval=attempt.lapsed)
        )

        def work(tx: Tx) -> None:
            action.expire(tx, expired)

        self._store.later(run.claim, work, logs=(run.tenant,))
        return Expired(action_id=attempt.id, approval_id=attempt.lapsed)

    async def _put(
        self,
        attempt: Attempt,
        duties: Duties,
    ) -> str | Reason:
        """Record the question and return the approval's id, or why nobody may be asked."""
        asked = attempt.question(duties)
        attempt = attempt.asking(duties)

        def work(tx: Tx) -> str | Reason:
            refusal = action.wait(tx, attempt)
            if refusal is not None:
                return refusal
            return approval.ask(
                tx, run=attempt.run, vault=self._vault, asked=asked, now=tx.now
            )

        tool = attempt.request.action.tool
        with self._spans.approval(tool=tool, action_id=attempt.id) as span:
            answer = await self._store.write(work, logs=(attempt.run.tenant,))
            if isinstance(answer, str):
                span.set_attribute(telemetry.APPROVAL, answer)
        return answer
