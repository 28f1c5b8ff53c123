"""Events of a job: it was submitted, stopped or let go on, and what became of each document."""

from dataclasses import dataclass
from typing import ClassVar

from interlock.runtime.record.events.event import Counts, Object, Of, Sealed, digests


@dataclass(frozen=True, kw_only=True, slots=True)
class JobSubmitted(Of):
    """A person named the documents of a job."""

    event: ClassVar[str] = "job"
    job: str
    agent: str
    priority: int
    #: By kind; a kind that is not named has no limit
    limits: Counts
    items: int
    by: str
    sealed: Sealed

    def body(self) -> Object:
        """Return the public part."""
        return {
            "job": self.job,
            "agent": self.agent,
            "priority": self.priority,
            "limits": self.limits,
            "items": self.items,
            "sealed": digests(self.sealed),
        }

    def payload(self) -> Object | None:
        """Return who submitted it."""
        return {"by": self.by}


@dataclass(frozen=True, kw_only=True, slots=True)
class JobStatusSet(Of):
    """A person paused a job, let it go on or cancelled it."""

    event: ClassVar[str] = "job_status"
    job: str
    status: str
    by: str

    def body(self) -> Object:
        """Return the public part."""
        return {"job": self.job, "status": self.status}

    def payload(self) -> Object | None:
        """Return who did it."""
        return {"by": self.by}


@dataclass(frozen=True, kw_only=True, slots=True)
class JobItemTaken(Of):
    """A document of a job has a run (*of*), or is refused; the newest entry counts."""

    event: ClassVar[str] = "job_item"
    job: str
    seq: int
    of: str
    document: str
    refused: str
    sealed: Sealed

    def body(self) -> Object:
        """Return the public part."""
        return {
            "job": self.job,
            "number": self.seq,
            "of": self.of,
            "document": self.document,
            "refused": self.refused,
            "sealed": digests(self.sealed),
        }
