"""One proposal on its way through the door: what was asked, what was decided, what is recorded."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from interlock.runtime.canonical import Document, Json, Written, canonical
from interlock.runtime.policy.abridged import abridged
from interlock.runtime.policy.bounds import ORDINARY, Bounds
from interlock.runtime.policy.decision import (
    UNDECIDED,
    Decision,
    Reason,
    by_runtime,
)
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.obligation import Duties
from interlock.runtime.policy.request import (
    AccessRequest,
    Amounts,
    ApprovalFact,
    Resource,
)
from interlock.runtime.record.events import Ruling
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run.approval import Asked
from interlock.runtime.run.quorum import Seat
from interlock.runtime.run.recorded_action import Readback, RecordedAction, State
from interlock.runtime.run.run import Run


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How an action ended: its state, and its result if it is done or its failure if it is not."""

    state: State
    #: The tool's result as JSON
    result: bytes | None = None
    #: Why it failed or is unknown: a code, and words for people
    failure: tuple[str, str] | None = None
    #: What was seen of what the effect should have left; empty where nobody looked
    readback: Readback = ""
    #: The call that takes the effect back as JSON; None where nothing does
    undo: bytes | None = None

    @property
    def kept(self) -> bytes | None:
        """What is sealed with the action."""
        if self.failure is None:
            return self.result
        code, detail = self.failure
        return canonical(
            {"code": code, "detail": detail.encode("utf-8", "replace").decode()}
        )


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One proposal being carried through: the run, its key, what was asked and what was decided."""

    run: Run
    key: DataKey
    id: str
    request: AccessRequest
    idempotent: bool
    #: How long the action may take: an effect has its whole deadline, a look at most what is left
    time_ms: int
    now: int
    #: The run's label when the facts were gathered
    run_label: Label
    #: The other effects of the run then, each by its name
    effects: frozenset[str]
    decision: Decision = UNDECIDED
    #: What is recorded of the action already
    row: RecordedAction | None = None
    #: The approval that the action waits for
    open_approval: str | None = None
    #: The approval on which nobody decided in time; empty for none
    lapsed: str = ""
    #: The arguments that a person would agree to, who rejected the action; None for none
    proposed: Mapping[str, Json] | None = None
    bounds: Bounds = ORDINARY
    #: For how many milliseconds people may look who are asked about it
    looks_ms: int = 0
    #: The action whose effect this one takes back; empty for none
    undoes: str = ""

    @cached_property
    def label(self) -> Label:
        """The label of everything the proposal was made of: the join of its arguments' labels."""
        label = Label(integrity="trusted", confidentiality="public")
        for each in self.request.context.labels.values():
            label = label.join(each.at_large)
        return label

    @property
    def verdict(self) -> str | None:
        """The approval this action would use, if the request has a live one."""
        return next(
            (fact.id for fact in self.request.context.approvals if self._is_live(fact)),
            None,
        )

    def _is_live(self, fact: ApprovalFact) -> bool:
        fresh = (
            not fact.used
            and fact.expires > self.now
            and fact.revision == self.decision.revision
        )
        return fresh and fact.verdict == "approved"

    def question(self, duties: Duties) -> Asked:
        """Return what is put before the people whom *duties* name."""
        seats = [
            Seat(role=seat.role, count=seat.count, by=seat.role, above=seat.above)
            for seat in duties.seats
        ]
        return Asked(
            request=self.request,
            action_id=self.id,
            quorum=tuple(seats),
            ttl_s=duties.ttl_s,
            overdue_s=duties.overdue_s,
            revision=self.decision.revision,
            reasons=self.decision.reasons,
        )

    @cached_property
    def reasons(self) -> Written:
        """The decision's reasons as the action's row and the ledger hold them."""
        return Written(
            [
                {
                    "code": reason.code,
                    "rule": reason.rule,
                    "parameters": reason.parameters,
                    "message": reason.message,
                }
                for reason in self.decision.reasons
            ]
        )

    @property
    def may_have_acted(self) -> bool:
        """Whether an earlier claim started the action and recorded no end of it."""
        return self.row is not None and self.row.state == "started"

    @property
    def is_of_shadow(self) -> bool:
        """Whether it is denied for being a shadow's, and for nothing else."""
        codes = {reason.code for reason in self.decision.reasons}
        return bool(self.run.shadow) and codes == {"shadow"}

    @property
    def still_until(self) -> int:
        """Until when an earlier claim may be at work on the action; 0 when it can be no more."""
        row = self.row
        is_gone = row is None or (self.run.alone and row.fence == self.run.fence - 1)
        return 0 if row is None or is_gone else row.until

    @property
    def afresh(self) -> bool:
        """Whether an engine's failure denied the action before, and it is now decided again."""
        return self.row is not None and self.row.state == "denied"

    @property
    def waits_for_budget(self) -> bool:
        """Whether the run waits for a budget above it; what lacks for an undo is told instead."""
        return not self.undoes and self.decision.lacks_budget_above

    @property
    def no_time(self) -> Reason:
        """The reason of a refusal where nothing is left of the time of the run or of one above."""
        context = self.request.context
        _, level = context.time_left()
        budgets = (context.budget, *context.budgets_above)
        limits = [budget.limits.wall_ms for budget in budgets if budget.level == level]
        return by_runtime("no_time", level=level, kind="wall_ms", limit=limits[0])

    def until(self, now: int) -> int:
        """Return from when on nobody is at work on the action if it is started at the time *now*.

        Both are whole seconds, and *now* may be almost one second old.
        """
        return now + 1 + math.ceil(self.time_ms / 1000)

    @property
    def reserved(self) -> Amounts:
        """What is set aside before the act: the estimated cost, and the time it may take."""
        cost = self.request.context.cost
        return cost.lasting(max(cost.wall_ms, self.time_ms))

    @property
    def kept_ready(self) -> Amounts:
        """What is set aside while people are asked: theirs, and the cost of the effect.

        The action's own time and its step are set aside at the act.
        """
        cost = self.request.context.cost
        people_ms = cost.reviewer_ms + self.looks_ms
        return replace(cost, steps=0, wall_ms=0, reviewer_ms=people_ms)

    def decided(self, decision: Decision) -> "Attempt":
        """Return the attempt under *decision*."""
        return replace(self, decision=decision)

    def bounded(self, bounds: Bounds) -> "Attempt":
        """Return the attempt within *bounds*."""
        return self if bounds == self.bounds else replace(self, bounds=bounds)

    def asking(self, duties: Duties) -> "Attempt":
        """Return the attempt as it waits for the people whom *duties* name."""
        return replace(self, looks_ms=duties.looks_ms)

    def refused(self, reason: Reason) -> "Attempt":
        """Return the attempt, denied by the runtime itself."""
        return self.decided(self.decision.denied(reason))

    @cached_property
    def ruling(self) -> Ruling:
        """What every ledger entry on this action says."""
        action = self.request.action
        decision = self.decision
        return Ruling(
            log=self.run.tenant,
            run_id=self.run.id,
            key=self.key,
            action=self.id,
            tool=action.tool,
            action_class=action.action_class,
            fence=self.run.fence,
            effect=decision.effect,
            codes=[reason.code for reason in decision.reasons],
            revision=decision.revision,
            engine=decision.engine,
            digest=self.request.digest,
            about=about(self.key, self.request.resource),
            undoes=self.undoes,
            bits=self.request.context.unread.bits,
        )

    @property
    def proposal(self) -> dict[str, str]:
        """What the action's row holds of the proposal, whatever becomes of it."""
        action = self.request.action
        return {
            "id": self.id,
            "run_id": self.run.id,
            "tenant": self.run.tenant,
            "tool": action.tool,
            "action_class": action.action_class,
            "digest": self.request.digest,
            "about": self.ruling.about,
            "undoes": self.undoes,
        }

    def sealed(self, value: bytes | None, *, part: str = "") -> bytes | None:
        """Return a value of the row of the action, or a *part* of it, under the run's key."""
        if value is None:
            return None
        return self.key.seal(value, place=f"action/{self.id}{part}")

    @property
    def asked(self) -> dict[str, Document]:
        """What was asked and why it was decided so, for the one ledger entry that holds it."""
        return self.request.asked() | {"reasons": self.reasons}

    @property
    def asked_in_short(self) -> dict[str, Document]:
        """The same of what is not done, or not yet: the evidence of a question has all of it."""
        arguments = abridged(self.request.action)
        return self.request.asked(arguments) | {"reasons": self.reasons}


def about(key: DataKey, resource: Resource) -> str:
    """Return what an action's row and entries hold of the resource that the action is about."""
    return key.commit(canonical(["resource", resource.type, resource.id]))
