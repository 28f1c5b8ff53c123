"""Events of one action: what was decided, what was intended, what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from interlock.runtime.record.events.event import (
    Commits,
    Counts,
    Finding,
    Object,
    Sealed,
    digests,
)


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """One action, and how it was decided."""

    log: str
    run_id: str
    key: Commits
    action: str
    tool: str
    action_class: str
    fence: int
    effect: str
    codes: Sequence[str]
    revision: str
    engine: str
    #: The request's digest; the body holds a commitment to it
    digest: str
    #: A commitment to the resource that it acts on
    about: str
    #: The action whose effect this one takes back; empty for none
    undoes: str = ""
    #: The bits of what is unread that the planner may be told by how the action ends
    bits: int = 0

    def body(self, state: str) -> Object:
        """Return what the body of every entry on an action says."""
        body: Object = {
            "action": self.action,
            "tool": self.tool,
            "class": self.action_class,
            "state": state,
            "fence": self.fence,
            "effect": self.effect,
            "codes": self.codes,
            "revision": self.revision,
            "engine": self.engine,
            "bind": self._bind,
            "about": self.about,
        }
        if self.undoes:
            body["undoes"] = self.undoes
        if self.bits:
            body["bits"] = self.bits
        return body

    @cached_property
    def _bind(self) -> str:
        """The commitment to the request's digest; the same in every entry."""
        return self.key.commit(self.digest.encode())


@dataclass(frozen=True, kw_only=True, slots=True)
class _OfAction:
    """An event of one action; log and run are those of the action."""

    ruling: Ruling
    #: What the action's row holds from now on; columns that are not named stay as they are
    sealed: Sealed

    @property
    def log(self) -> str:
        """The log of the action's tenant."""
        return self.ruling.log

    @property
    def run_id(self) -> str:
        """The action's run."""
        return self.ruling.run_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided(_OfAction):
    """The policy was asked and the action does not start: it is denied or waits for a person."""

    event: ClassVar[str] = "decision"
    state: str
    #: Principal, arguments, resource, context and reasons
    asked: Object
    #: Whether the denial counts against the run's number of refusals
    counted: bool = False
    #: What the denial or the question cost, and what is set aside until a person has answered
    spent: Counts = field(default_factory=dict)
    reserved: Counts = field(default_factory=dict)

    def body(self) -> Object:
        """Return the public part."""
        return self.ruling.body(self.state) | {
            "counted": self.counted,
            "spent": self.spent,
            "reserved": self.reserved,
            "sealed": digests(self.sealed),
        }

    def payload(self) -> Object | None:
        """Return what was asked and why it was decided so."""
        return self.asked


@dataclass(frozen=True, kw_only=True, slots=True)
class Intended(_OfAction):
    """The action may start: its cost is set aside, and the approval it needs is used."""

    event: ClassVar[str] = "intent"
    approval: str | None
    idempotent: bool
    reserved: Counts
    #: From when on nobody is at work on the action, in Unix seconds
    until: int
    #: Principal, arguments, resource, context and reasons
    asked: Object
    #: The process that begins the action, as `claim.taker` names it
    worker: str

    def body(self) -> Object:
        """Return the public part."""
        return self.ruling.body("started") | {
            "approval": self.approval,
            "idempotent": self.idempotent,
            "reserved": self.reserved,
            "until": self.until,
            "sealed": digests(self.sealed),
        }

    def payload(self) -> Object | None:
        """Return what was asked, why it was permitted, and who begins it."""
        return {**self.asked, "worker": self.worker}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished(_OfAction):
    """What became of an action.

    An "outcome" follows an intent and repeats nothing that the intent says. A "step" is the only
    entry of an action that needed no intent, so the step carries what was *asked*.
    """

    state: str
    spent: Counts
    #: From when on nobody is at work on the action, in Unix seconds; 0 for now
    until: int = 0
    #: What was used and not charged, because the limit did not allow it
    overrun: Counts = field(default_factory=dict)
    #: The run's label from now on, as it is stored; None when the label stays
    label: str | None = None
    #: The label of a result that the planner is not shown, as it is stored; None for any other
    unread: str | None = None
    #: A code, and words for people
    failure: tuple[str, str] | None = None
    #: What was seen of what the effect should have left; empty where nobody looked
    readback: str = ""
    #: Principal, arguments, resource, context and reasons
    asked: Object | None = None
    finding: Finding | None = None

    @property
    def event(self) -> str:
        """The name of the entry: "step" or "outcome"."""
        return "outcome" if self.asked is None else "step"

    def body(self) -> Object:
        """Return the public part."""
        key = self.ruling.key
        body = self.ruling.body(self.state)
        body["spent"] = self.spent
        body["sealed"] = digests(self.sealed)
        body["until"] = self.until
        if self.overrun:
            body["overrun"] = self.overrun
        if self.label is not None:
            body["label"] = key.commit(self.label.encode())
        if self.unread is not None:
            body["unread"] = key.commit(self.unread.encode())
        if self.failure is not None:
            body["failure"] = self.failure[0]
        if self.readback:
            body["readback"] = self.readback
        if self.finding is not None:
            body["reviewer"] = key.commit(self.finding.reviewer.encode())
            body["requester"] = key.commit(self.finding.requester.encode())
        return body

    def payload(self) -> Object | None:
        """Return what was asked, why it failed and who found out, as far as there is any."""
        payload = dict(self.asked or {})
        if self.unread is not None:
            payload["unread"] = self.unread
        if self.failure is not None:
            payload["failure"] = self.failure[1]
        if self.finding is not None:
            payload["reviewer"] = self.finding.reviewer
            payload["roles"] = self.finding.roles
            payload["note"] = self.finding.note
        return payload or None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportedLate(_OfAction):
    """A worker that has lost the run reports what became of the action; no state changes."""

    event: ClassVar[str] = "late_outcome"
    #: As the worker reports it
    state: str
    #: The code of a failure
    failure: str | None

    def body(self) -> Object:
        """Return the public part; there is no other."""
        body = self.ruling.body(self.state)
        if self.failure is not None:
            body["failure"] = self.failure
        return body

    def payload(self) -> None:
        """Return None: nothing is sealed, for the run's data key may be gone."""
