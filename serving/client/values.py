"""Values: what the client returns; a field that the API adds later does no harm."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict

#: A run in one of these goes on no more by itself
SETTLED: Final = frozenset({"waiting", "held", "dead", "done", "failed", "cancelled"})


class Answer(BaseModel):
    """One object of the API."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Run(Answer):
    """One run; what else the API shows of it stands in further fields."""

    run_id: str
    status: str

    @property
    def is_settled(self) -> bool:
        """Whether nothing happens before a person does something, or ever."""
        return self.status in SETTLED


class Approval(Answer):
    """What waits, or waited, for a person; the evidence only where one approval was asked for."""

    id: str
    run_id: str
    tool: str
    state: str
    role: str
    expires: int
    evidence: dict[str, Any] | None = None
    evidence_digest: str = ""


class Document(Answer):
    """A document that was handed in by itself; *digest* names it to runs and jobs."""

    digest: str
    name: str
    kind: str
    size: int


class Quality(Answer):
    """How people review; whole in further fields."""

    days: int
    people: list[dict[str, Any]]


class Release(Answer):
    """One release; its manifest and its approvals stand in further fields."""

    release: str
    in_force: bool
    by: str
    parts: dict[str, str]


class Rollout(Answer):
    """One decision about a rollout; the figures stand in further fields."""

    rollout: str
    candidate: str
    control: str
    status: str
    how: str
    percent: int
    shares: list[dict[str, Any]]


class Job(Answer):
    """One job of many documents."""

    job: str
    status: str = ""


class Event(Answer):
    """One event of a run, as the ledger has it; *id* is its place there."""

    id: int
    event: str
    data: dict[str, Any]
