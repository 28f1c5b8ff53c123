"""Events of a run: how it went on, what it may spend, what it keeps, and what people decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from interlock.runtime.canonical import Document, Json
from interlock.runtime.record.events.event import (
    Commits,
    Counts,
    Object,
    Of,
    Sealed,
    digests,
)

#: What held a run: the policy's engine left a request without an answer, the run's own budget was
#: used up or one above it, or a tool was away
Held: TypeAlias = Literal["engine", "budget", "budget_above", "away"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunStarted(Of):
    """A run began, with a budget of its own."""

    event: ClassVar[str] = "run_started"
    key: Commits
    agent: str
    revision: str
    #: The release that it keeps to, empty for none
    release: str
    autonomy: int
    status: str
    fence: int
    job: str
    priority: int
    pinned: str
    budget: str
    #: The budget that pays too, where it is there; None for a shadow, for which nobody else pays
    parent: str | None
    limits: Counts
    #: What the request's words ask for, by kind of effect; None where it has no words
    intent: Mapping[str, int | None] | None
    #: The run's first label, as it is stored
    label: str
    requester: str
    principal: Document
    request: Mapping[str, Json]
    sealed: Sealed
    #: The rollout in which the run was given its release, and the step of it; empty for none
    rollout: str = ""
    #: The run that it copies without effects, empty for none
    shadow: str = ""

    def body(self) -> Object:
        """Return the public part."""
        return {
            "agent": self.agent,
            "revision": self.revision,
            "release": self.release,
            "rollout": self.rollout,
            "shadow": self.shadow,
            "autonomy": self.autonomy,
            "status": self.status,
            "fence": self.fence,
            "job": self.job,
            "priority": self.priority,
            "pinned": self.pinned,
            "budget": self.budget,
            "parent": self.parent,
            "limits": self.limits,
            "intent": None if self.intent is None else dict(self.intent),
            "label": self.key.commit(self.label.encode()),
            "requester": self.key.commit(self.requester.encode()),
            "sealed": digests(self.sealed),
        }

    def payload(self) -> Object | None:
        """Return for whom the run acts and what was asked."""
        return {"principal": self.principal, "request": self.request}


@dataclass(frozen=True, kw_only=True, slots=True)
class RunResumed(Of):
    """The run was taken over under a new fence, for a person or by a worker (*by*)."""

    event: ClassVar[str] = "run_resumed"
    fence: int
    by: str | None = None

    def body(self) -> Object:
        """Return the public part."""
        return {"fence": self.fence}

    def payload(self) -> Object | None:
        """Return which worker took it; a person's act has an entry of its own."""
        return None if self.by is None else {"by": self.by}


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRepinned(Of):
    """A person pinned the run anew, so what waited for a person is withdrawn."""

    event: ClassVar[str] = "run_repinned"
    revision: str
    previous: str
    release: str
    pinned: str
    by: str
    sealed: Sealed

    def body(self) -> Object:
        """Return the public part."""
        return {
            "revision": self.revision,
            "previous": self.previous,
            "release": self.release,
            "pinned": self.pinned,
            "sealed": digests(self.sealed),
        }

    def payload(self) -> Object | None:
        """Return who pinned it."""
        return {"by": self.by}


@dataclass(frozen=True, kw_only=True, slots=True)
class RunWidened(Of):
    """The person who asked for the run said more of what it is to do."""

    event: ClassVar[str] = "run_widened"
    #: What the run may do from now on, by kind of effect
    intent: Mapping[str, int | None]
    by: str
    note: str

    def body(self) -> Object:
        """Return the public part."""
        return {"intent": dict(self.intent)}

    def payload(self) -> Object | None:
        """Return who widened it, and why."""
        return {"by": self.by, "note": self.note}


@dataclass(frozen=True, kw_only=True, slots=True)
class RunHeld(Of):
    """A claim of the run may begin nothing more: a guard failed closed."""

    event: ClassVar[str] = "run_held"
    fence: int
    because: Held

    def body(self) -> Object:
        """Return the public part."""
        return {"fence": self.fence, "because": self.because}


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEnded(Of):
    """A claim ended, or a person (*by*) cancelled the run, or is *undoing* it first."""

    event: ClassVar[str] = "run_ended"
    status: str
    #: The run's fence from now on
    fence: int
    error: Json = None
    by: str | None = None
    undoing: bool = False
    #: Whether it was the run of a canary, told of one that ended for good
    canary: bool = False
    #: What every run depends on was away: the claim was no try of the run
    outage: bool = False
    #: Empty for a cancelled run
    sealed: Sealed = field(default_factory=dict)

    def body(self) -> Object:
        """Return the public part."""
        return {
            "status": self.status,
            "fence": self.fence,
            "undoing": self.undoing,
            "canary": self.canary,
            "outage": self.outage,
            "sealed": digests(self.sealed),
        }

    def payload(self) -> Object | None:
        """Return why it failed or who cancelled it."""
        if self.by is not None:
            return {"by": self.by}
        return None if self.error is None else {"error": self.error}


@dataclass(frozen=True, kw_only=True, slots=True)
class RunErased(Of):
    """The data key of a run was destroyed.

    The entry belongs to no run, so its payload can still be opened.
    """

    event: ClassVar[str] = "erasure"
    of: str
    by: str

    def body(self) -> Object:
        """Return the public part."""
        return {"of": self.of}

    def payload(self) -> Object | None:
        """Return who erased it."""
        return {"by": self.by}


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitRaised(Of):
    """One limit of a budget was raised, by a person or by an *action*."""

    event: ClassVar[str] = "budget"
    budget: str
    kind: str
    amount: int
    action: str | None = None
    by: str | None = None

    def body(self) -> Object:
        """Return the public part."""
        return {
            "budget": self.budget,
            "kind": self.kind,
            "amount": self.amount,
            "action": self.action,
        }

    def payload(self) -> Object | None:
        """Return who raised it."""
        return None if self.by is None else {"by": self.by}


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitSet(Of):
    """A person set one limit of a budget, or took it away (None)."""

    event: ClassVar[str] = "budget_set"
    budget: str
    kind: str
    limit: int | None
    #: Whether the limit stops nothing
    soft: bool
    by: str

    def body(self) -> Object:
        """Return the public part."""
        return {
            "budget": self.budget,
            "kind": self.kind,
            "limit": self.limit,
            "soft": self.soft,
        }

    def payload(self) -> Object | None:
        """Return who set it."""
        return {"by": self.by}


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitPassed(Of):
    """More was spent of a budget than a soft limit of it says."""

    event: ClassVar[str] = "budget_passed"
    budget: str
    kind: str
    limit: int

    def body(self) -> Object:
        """Return the public part."""
        return {"budget": self.budget, "kind": self.kind, "limit": self.limit}


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordKept(Of):
    """A tool put something on the run's shelf, or changed the status of what is there."""

    event: ClassVar[str] = "record"
    key: Commits
    kind: str
    #: Where on the shelf; may name a document, so the body holds a commitment
    name: str
    status: str
    action: str
    #: Empty when only the status changed
    sealed: Sealed = field(default_factory=dict)

    def body(self) -> Object:
        """Return the public part."""
        return {
            "kind": self.kind,
            "name": self.key.commit(self.name.encode()),
            "status": self.status,
            "action": self.action,
            "sealed": digests(self.sealed),
        }
