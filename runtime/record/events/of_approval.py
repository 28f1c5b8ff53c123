"""Events of one approval: it was asked for, people did something about it, or its time is up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from interlock.runtime.canonical import Document, Json
from interlock.runtime.record.events.event import (
    Commits,
    Counts,
    Finding,
    Object,
    Of,
    Sealed,
    digests,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalAsked(Of):
    """A request was put before the reviewers."""

    event: ClassVar[str] = "approval_requested"
    key: Commits
    approval: str
    action: str
    tool: str
    #: Who is asked first, and whose verdicts it takes, as the row holds them
    role: str
    quorum: str
    revision: str
    #: The digest of the request, and of the evidence that is shown
    digest: str
    evidence: str
    overdue: int
    expires: int
    #: Commits to whether it is a canary
    nature: str
    sealed: Sealed

    def body(self) -> Object:
        """Return the public part."""
        return {
            "approval": self.approval,
            "action": self.action,
            "tool": self.tool,
            "nature": self.nature,
            "role": self.role,
            "quorum": self.quorum,
            "revision": self.revision,
            "bind": self.key.commit(self.digest.encode()),
            "evidence": self.key.commit(self.evidence.encode()),
            "overdue": self.overdue,
            "expires": self.expires,
            "sealed": digests(self.sealed),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalDecided(Of):
    """A reviewer gave a verdict on one request, on the evidence that was shown."""

    event: ClassVar[str] = "approval"
    key: Commits
    approval: str
    action: str
    #: Where the approval stands with this verdict, and the verdict itself
    state: str
    kind: str
    number: int
    #: The role that was needed, and the one it was given in
    seat: str
    role: str
    #: The role that is asked first from now on
    next: str
    revision: str
    #: The digest of the request, and of the evidence that was shown
    digest: str
    evidence: str
    #: Who decides and who asked, in the form in which one person has one name
    person: str
    requester: str
    finding: Finding
    #: The arguments that the person would agree to, of a rejection that proposes some
    proposal: Mapping[str, Document] | None
    sealed: Sealed
    #: Work or a canary, and what opens its promise; empty while verdicts are missing
    nature: str = ""
    opening: str = ""
    #: Of a canary who met it: the mark of each person, when, and whether he or she caught it
    met: Sequence[Mapping[str, Json]] = ()
    #: Of what the question set aside for people: what this one took, and what is given back
    spent: Counts = field(default_factory=dict)
    freed: Counts = field(default_factory=dict)
    #: What this one took beyond that, which nobody is charged
    overrun: Counts = field(default_factory=dict)

    def body(self) -> Object:
        """Return the public part."""
        return {
            "approval": self.approval,
            "action": self.action,
            "state": self.state,
            "spent": self.spent,
            "freed": self.freed,
            "overrun": self.overrun,
            "nature": self.nature,
            "opening": self.opening,
            "met": list(self.met),
            "kind": self.kind,
            "number": self.number,
            "seat": self.seat,
            "role": self.role,
            "next": self.next,
            "until": 0,
            "revision": self.revision,
            "bind": self.key.commit(self.digest.encode()),
            "evidence": self.key.commit(self.evidence.encode()),
            "reviewer": self.key.commit(self.person.encode()),
            "requester": self.key.commit(self.requester.encode()),
            "sealed": digests(self.sealed),
        }

    def payload(self) -> Object | None:
        """Return who decided, in which roles, and why."""
        return {
            "reviewer": self.finding.reviewer,
            "roles": self.finding.roles,
            "note": self.finding.note,
            "proposal": self.proposal,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalStepped(Of):
    """Somebody did something about an approval that is no verdict; it waits on."""

    event: ClassVar[str] = "approval_step"
    approval: str
    action: str
    kind: str
    number: int
    #: Until when a claim lasts; 0 for any other step
    until: int
    #: The role that is asked first from now on, and whose verdicts it takes
    next: str
    quorum: str
    #: Who did it, in which roles
    person: str
    roles: Sequence[str]
    #: To whom it was passed, and the words
    to: str
    text: str
    sealed: Sealed

    def body(self) -> Object:
        """Return the public part."""
        return {
            "approval": self.approval,
            "action": self.action,
            "kind": self.kind,
            "number": self.number,
            "seat": "",
            "role": "",
            "until": self.until,
            "next": self.next,
            "quorum": self.quorum,
            "sealed": digests(self.sealed),
        }

    def payload(self) -> Object | None:
        """Return who did it, to whom it was passed, and the words."""
        return {
            "reviewer": self.person,
            "roles": self.roles,
            "to": self.to,
            "note": self.text,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalExpired(Of):
    """Nobody decided in time; written once, by whoever looked next."""

    event: ClassVar[str] = "approval_expired"
    approval: str
    action: str
    #: Work or a canary, and what opens its promise; empty where the door meets the expiry
    nature: str = ""
    opening: str = ""

    def body(self) -> Object:
        """Return the public part; there is no other."""
        return {
            "approval": self.approval,
            "action": self.action,
            "state": "expired",
            "nature": self.nature,
            "opening": self.opening,
        }
