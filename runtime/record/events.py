"""The events of the ledger: one frozen value for everything that can happen, and nothing else is written there.

An event has two parts. `body()` is signed and exported: codes, states, amounts and commitments,
never personal data. `payload()` is sealed under the run's data key, and the body commits to it.
Together the bodies say enough to derive the working tables again.

Events take plain data, and the run's data key where they commit to something.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import ClassVar, Final, Protocol, TypeAlias

from interlock.runtime.canonical import Json

#: The log of events that belong to no tenant
HOME: Final = "home"
Object: TypeAlias = dict[str, Json]
Counts: TypeAlias = Mapping[str, int]
#: What was sealed into a row, by column; None for a column that holds nothing
Sealed: TypeAlias = Mapping[str, bytes | None]


class Commits(Protocol):
    """What an event needs of the run's data key."""

    def commit(self, value: bytes) -> str:
        """Return the salted commitment to *value*."""


class Event(Protocol):
    """What the ledger needs of an event; every class below is one."""

    @property
    def event(self) -> str:
        """The name of the entry."""

    @property
    def log(self) -> str:
        """The log the event is written to: the tenant's, or `HOME`."""

    @property
    def run_id(self) -> str:
        """The run whose chain the entry continues and whose key seals the payload; empty for none."""

    def body(self) -> Object:
        """Return the public part; the ledger adds version, origin, place and time."""

    def payload(self) -> Object | None:
        """Return the part to be sealed, or None when there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Of:
    """Where an event belongs."""

    log: str
    run_id: str = ""

    def payload(self) -> Object | None:
        """Return None: most events have nothing to seal."""
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class RunStarted(_Of):
    """A run began, with a budget of its own."""

    event: ClassVar[str] = "run_started"
    key: Commits
    agent: str
    revision: str
    autonomy: int
    status: str
    fence: int
    budget: str
    limits: Counts
    #: The run's first label, as it is stored
    label: str
    requester: str
    principal: Object
    request: Object
    sealed: Sealed

    def body(self) -> Object:
        """Return the public part."""
        return {
            "agent": self.agent,
            "revision": self.revision,
            "autonomy": self.autonomy,
            "status": self.status,
            "fence": self.fence,
            "budget": self.budget,
            "limits": self.limits,
            "label": self.key.commit(self.label.encode()),
            "requester": self.key.commit(self.requester.encode()),
            "sealed": _digests(self.sealed),
        }

    def payload(self) -> Object | None:
        """Return for whom the run acts and what was asked."""
        return {"principal": self.principal, "request": self.request}


@dataclass(frozen=True, kw_only=True, slots=True)
class RunResumed(_Of):
    """A worker took the run over under a new fence."""

    event: ClassVar[str] = "run_resumed"
    fence: int

    def body(self) -> Object:
        """Return the public part."""
        return {"fence": self.fence}


@dataclass(frozen=True, kw_only=True, slots=True)
class RunHeld(_Of):
    """This claim of the run may begin nothing more: a guard failed closed."""

    event: ClassVar[str] = "run_held"
    fence: int

    def body(self) -> Object:
        """Return the public part."""
        return {"fence": self.fence}


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEnded(_Of):
    """A claim ended, or a person (*by*) cancelled the run."""

    event: ClassVar[str] = "run_ended"
    status: str
    #: The run's fence from now on
    fence: int
    error: Json = None
    by: str | None = None
    #: Empty for a cancelled run
    sealed: Sealed = field(default_factory=dict)

    def body(self) -> Object:
        """Return the public part."""
        return {
            "status": self.status,
            "fence": self.fence,
            "sealed": _digests(self.sealed),
        }

    def payload(self) -> Object | None:
        """Return why it failed or who cancelled it."""
        if self.by is not None:
            return {"by": self.by}
        return None if self.error is None else {"error": self.error}


@dataclass(frozen=True, kw_only=True, slots=True)
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

    def body(self, state: str) -> Object:
        """Return what the body of every entry on an action says."""
        return {
            "action": self.action,
            "tool": self.tool,
            "class": self.action_class,
            "state": state,
            "fence": self.fence,
            "effect": self.effect,
            "codes": self.codes,
            "revision": self.revision,
            "engine": self.engine,
            "bind": self.key.commit(self.digest.encode()),
        }


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
    """The policy was asked and the action does not start now: it is denied, or waits for a person."""

    event: ClassVar[str] = "decision"
    state: str
    #: Whether the denial counts against the run's number of refusals
    counted: bool
    #: Principal, arguments, resource, context and reasons
    asked: Object

    def body(self) -> Object:
        """Return the public part."""
        return self.ruling.body(self.state) | {
            "counted": self.counted,
            "sealed": _digests(self.sealed),
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
    #: Principal, arguments, resource, context and reasons
    asked: Object

    def body(self) -> Object:
        """Return the public part."""
        return self.ruling.body("started") | {
            "approval": self.approval,
            "idempotent": self.idempotent,
            "reserved": self.reserved,
            "sealed": _digests(self.sealed),
        }

    def payload(self) -> Object | None:
        """Return what was asked and why it was permitted."""
        return self.asked


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a person says became of an action, and who asked for the action."""

    reviewer: str
    roles: Sequence[str]
    requester: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished(_OfAction):
    """What became of an action.

    An "outcome" follows an intent and repeats nothing that the intent says. A "step" is the only
    entry of an action that needed no intent, so the step carries what was *asked*.
    """

    state: str
    spent: Counts
    #: The run's label from now on, as it is stored; None when the label stays
    label: str | None = None
    #: A code, and words for people
    failure: tuple[str, str] | None = None
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
        body["sealed"] = _digests(self.sealed)
        if self.label is not None:
            body["label"] = key.commit(self.label.encode())
        if self.failure is not None:
            body["failure"] = self.failure[0]
        if self.finding is not None:
            body["reviewer"] = key.commit(self.finding.reviewer.encode())
            body["requester"] = key.commit(self.finding.requester.encode())
        return body

    def payload(self) -> Object | None:
        """Return what was asked, why it failed and who found out, as far as there is any."""
        payload = dict(self.asked or {})
        if self.failure is not None:
            payload["failure"] = self.failure[1]
        if self.finding is not None:
            payload["reviewer"] = self.finding.reviewer
            payload["roles"] = self.finding.roles
            payload["note"] = self.finding.note
        return payload or None


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalAsked(_Of):
    """A request was put before the reviewers."""

    event: ClassVar[str] = "approval_requested"
    key: Commits
    approval: str
    action: str
    tool: str
    role: str
    revision: str
    #: The digest of the request, and of the evidence that is shown
    digest: str
    evidence: str
    expires: int
    sealed: Sealed

    def body(self) -> Object:
        """Return the public part."""
        return {
            "approval": self.approval,
            "action": self.action,
            "tool": self.tool,
            "role": self.role,
            "revision": self.revision,
            "bind": self.key.commit(self.digest.encode()),
            "evidence": self.key.commit(self.evidence.encode()),
            "expires": self.expires,
            "sealed": _digests(self.sealed),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalDecided(_Of):
    """A reviewer gave a verdict on one request, on the evidence that was shown."""

    event: ClassVar[str] = "approval"
    key: Commits
    approval: str
    action: str
    state: str
    revision: str
    #: The digest of the request, and of the evidence that was shown
    digest: str
    evidence: str
    finding: Finding
    sealed: Sealed

    def body(self) -> Object:
        """Return the public part."""
        return {
            "approval": self.approval,
            "action": self.action,
            "state": self.state,
            "revision": self.revision,
            "bind": self.key.commit(self.digest.encode()),
            "evidence": self.key.commit(self.evidence.encode()),
            "reviewer": self.key.commit(self.finding.reviewer.encode()),
            "requester": self.key.commit(self.finding.requester.encode()),
            "sealed": _digests(self.sealed),
        }

    def payload(self) -> Object | None:
        """Return who decided, in which roles, and why."""
        return {
            "reviewer": self.finding.reviewer,
            "roles": self.finding.roles,
            "note": self.finding.note,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitRaised(_Of):
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
class SwitchTurned(_Of):
    """A kill switch was engaged or released; the ledger tells every log whose runs it covers."""

    event: ClassVar[str] = "kill_switch"
    scope: str
    id: str
    engaged: bool
    #: The only tenant that is stopped; None for every tenant
    tenant: str | None = None
    #: None in a new log, which is told of the switches that are engaged already
    by: str | None = None

    def body(self) -> Object:
        """Return the public part."""
        return {"scope": self.scope, "id": self.id, "engaged": self.engaged}

    def payload(self) -> Object | None:
        """Return who turned it."""
        return None if self.by is None else {"by": self.by}


@dataclass(frozen=True, kw_only=True, slots=True)
class ActDecided(_Of):
    """A person's act was put to the policy; the act begins afterwards, if it is permitted."""

    event: ClassVar[str] = "act"
    key: Commits
    act: str
    #: What the person wants to do
    tool: str
    action_class: str
    person: str
    digest: str
    effect: str
    codes: Sequence[str]
    revision: str
    engine: str
    #: Principal, arguments, resource, context and reasons
    asked: Object

    def body(self) -> Object:
        """Return the public part."""
        return {
            "act": self.act,
            "tool": self.tool,
            "class": self.action_class,
            "person": self.key.commit(self.person.encode()),
            "bind": self.key.commit(self.digest.encode()),
            "effect": self.effect,
            "codes": self.codes,
            "revision": self.revision,
            "engine": self.engine,
        }

    def payload(self) -> Object | None:
        """Return what was asked and why it was decided so."""
        return self.asked


@dataclass(frozen=True, kw_only=True, slots=True)
class ActFailed(_Of):
    """A person's act that was permitted did not come about."""

    event: ClassVar[str] = "act_failed"
    act: str
    tool: str
    code: str

    def body(self) -> Object:
        """Return the public part."""
        return {"act": self.act, "tool": self.tool, "code": self.code}


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyActivated(_Of):
    """Another policy revision is in force from now on."""

    event: ClassVar[str] = "policy_activated"
    revision: str
    #: The revision in force before; empty for none
    previous: str

    def body(self) -> Object:
        """Return the public part."""
        return {"revision": self.revision, "previous": self.previous}


@dataclass(frozen=True, kw_only=True, slots=True)
class RunErased(_Of):
    """The data key of a run was destroyed; the entry itself belongs to no run, so its payload opens."""

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
class RecordKept(_Of):
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
            "sealed": _digests(self.sealed),
        }


def _digests(sealed: Sealed) -> Object:
    """Return the SHA-256 of each column's sealed bytes: they say nothing, and betray any change."""
    return {
        column: None if value is None else sha256(value).hexdigest()
        for column, value in sealed.items()
    }
