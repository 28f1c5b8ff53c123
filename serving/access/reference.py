"""References: an application comes back with an approval, which is a fact and opens nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from interlock.runtime.canonical import Json
from interlock.runtime.door.outcome import Done
from interlock.runtime.policy.decision import Denied
from interlock.runtime.policy.request import Principal
from interlock.runtime.run.approval import State
from interlock.serving.access import answer
from interlock.serving.access.answer import Document, Unhelpful
from interlock.serving.access.binding import hash_of
from interlock.serving.access.point import Point
from interlock.serving.access.query import Query
from interlock.serving.access.tasks import Task, Tasks

#: Why an approval in this state does not count
_PAST: Final[Mapping[State, Unhelpful]] = {
    "waiting": "approval_pending",
    "rejected": "approval_rejected",
    "used": "approval_used",
    "expired": "approval_expired",
    "withdrawn": "approval_expired",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class References:
    """Has the policy asked once more about exactly what was approved."""

    point: Point
    tasks: Tasks

    async def answer(
        self, query: Query, reference: Json, asker: Principal
    ) -> Document | Unhelpful:
        """Return the answer where the approval counts, or why the approval does not.

        Whatever cannot be looked up, compared or verified does not count (fails closed).
        """
        task = await self._task(reference, asker)
        if task is None:
            return "approval_unverifiable"
        if not self._is_for(task, query, asker):
            return "out_of_scope"
        stands = await self._stands(task)
        return await self._asked(task) if stands is None else stands

    async def _task(self, reference: Json, asker: Principal) -> Task | None:
        """Return the *asker*'s task that the *reference* is for, or None where there is none."""
        if not isinstance(reference, Mapping):
            return None
        named, state = reference.get("id"), reference.get("state")
        if not isinstance(named, str):
            return None
        task = await self.tasks.of_approval(named, asker=asker)
        if task is None or state is None:
            return task
        signer = self.point.signer
        read = signer.read("approval", state) if isinstance(state, str) else None
        return task if read == task.bound else None

    async def _asked(self, task: Task) -> Document | Unhelpful:
        outcome = await self.tasks.door.enforced(task.id, task.tool)
        match outcome:
            case str():
                return outcome
            case Done(action_id=action):
                return await self._permitted(task, action)
            case Denied(decision=decision) if decision.unanswered:
                return "engine_unavailable"
            case Denied(decision=decision, action_id=action):
                at = await self.point.now()
                denied = answer.of_decision(decision, name=action, at=at)
                return answer.unhelped(denied, "policy_denied")
            case _:
                return "approval_expired"

    async def _permitted(self, task: Task, action_id: str) -> Document:
        approval = task.approval
        context: Document = {
            "evaluation_id": action_id,
            "evaluated_at": answer.moment(await self.point.now()),
            "revision": task.run.revision,
            "reason": "approved",
            "reasons": [],
        }
        if approval is not None:
            until = answer.moment(approval.expires)
            context["approval"] = {"id": approval.id, "approved_until": until}
        return {"decision": True, "context": context}

    async def _stands(self, task: Task) -> Unhelpful | None:
        """Return why the approval of the task does not count any more, or not yet."""
        approval = task.approval
        if approval is None:
            return "approval_unverifiable"
        if task.run.revision != await self.point.revision():
            return "approval_expired"
        if approval.state != "approved":
            return _PAST.get(approval.state, "approval_unverifiable")
        is_over = approval.expires <= await self.point.now()
        return "approval_expired" if is_over else None

    def _is_for(self, task: Task, query: Query, asker: Principal) -> bool:
        """Whether the task is about exactly this query, asked for a subject with the same roles."""
        principal = query.principal(asker, roles=self.point.roles(query, asker))
        return (
            task.binding == hash_of(query)
            and task.run.request["statements"] == query.arguments()
            and task.run.principal == principal
        )
