"""Questions: approvals as they stand in their rows, opened for those who may see them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import assert_never

import orjson
from sqlalchemy import Connection, RowMapping, select

from interlock.runtime.canonical import Json, digest
from interlock.runtime.errors import NotFound, Tampered
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import approval_step, quorum
from interlock.runtime.run.approval import State, requester
from interlock.runtime.run.approval_step import Step
from interlock.runtime.run.quorum import Filled, Quorum
from interlock.runtime.run.refusal import refused


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalSummary:
    """One approval in a list, without the evidence."""

    id: str
    run_id: str
    action_id: str
    tenant: str
    tool: str
    state: State
    requester: str
    #: The role that is asked first of those whose verdicts are missing
    role: str
    #: Whose verdicts it takes, and those that are still to be given
    quorum: Quorum
    unfilled: Quorum
    revision: str
    created: int
    overdue: int
    expires: int
    #: When the last verdict was given, or the expiry recorded; 0 before
    decided: int
    #: Who looks at it now, and until when; empty and 0 for nobody
    claimed_by: str
    claimed_until: int
    #: Who was asked by name to decide; empty for nobody
    delegated_to: str
    #: Whether whoever asked for it has a question to answer
    is_questioned: bool
    #: Whether it was a canary, which nobody is told before it is decided
    canary: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval(ApprovalSummary):
    """One approval as it stands, with the evidence its reviewer is shown."""

    evidence: dict[str, Json]
    evidence_digest: str
    #: Who gave the last verdict; empty for nobody
    reviewer: str
    #: What people did about it, in order
    steps: tuple[Step, ...]

    @property
    def verdicts(self) -> tuple[Step, ...]:
        """The steps that are verdicts."""
        return tuple(step for step in self.steps if step.verdict)


def row_named(
    connection: Connection, approval_id: str, *, lock: bool = False
) -> RowMapping:
    """Return the row of the approval, locked until the transaction ends if *lock*; `NotFound`."""
    query = select(tables.approval).where(tables.approval.c.id == approval_id)
    if lock:
        query = query.with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(
            kind="approval",
            name=approval_id,
            next_step="List them with `interlock approvals list`.",
        )
    return row


def opened(
    row: RowMapping, key: DataKey, now: int, *, steps: tuple[Step, ...]
) -> Approval:
    """Return the approval with its evidence; `Tampered` when that is another than was put."""
    evidence = orjson.loads(key.open(row["evidence"], place=f"approval/{row['id']}"))
    if (
        digest(evidence) != row["evidence_digest"]
        or evidence["digest"] != row["digest"]
    ):
        raise Tampered(
            what=f"approval {row['id']}",
            why="its evidence is not what was put before the reviewer",
        )
    listed = summary(row, key, now, steps=steps)
    return Approval(
        **{name.name: getattr(listed, name.name) for name in fields(listed)},
        reviewer=next(
            (step.person for step in reversed(steps) if step.verdict is not None), ""
        ),
        steps=steps,
        evidence=evidence,
        evidence_digest=row["evidence_digest"],
    )


def open_now(approval: ApprovalSummary) -> None:
    """Raise `BadInput` where nobody can do anything about it any more.

    The codes are "expired", "not_waiting" and "decided_already".
    """
    what = f"approval {approval.id}"
    match approval.state:
        case "waiting":
            return
        case "expired":
            raise refused("expired", what=what)
        case "withdrawn":
            raise refused("not_waiting", what=what, state=approval.state)
        case "approved" | "rejected" | "used":
            raise refused("decided_already", what=what, state=approval.state)
        case _:
            assert_never(approval.state)


def filled(steps: Iterable[Step]) -> list[Filled]:
    """Return the seats that the verdicts among *steps* fill."""
    return [(step.seat, step.role) for step in steps if step.kind == "approved"]


def summary(
    row: RowMapping, key: DataKey, now: int, *, steps: Sequence[Step]
) -> ApprovalSummary:
    """Return the approval without its evidence."""
    seats = quorum.read(row["quorum"])
    claim = approval_step.claim(steps, now=now)
    return ApprovalSummary(
        id=row["id"],
        run_id=row["run_id"],
        action_id=row["action_id"],
        tenant=row["tenant"],
        tool=row["tool"],
        state=_state(row, now),
        requester=requester(key, row),
        role=row["role"],
        quorum=seats,
        unfilled=quorum.unfilled(seats, filled(steps)),
        revision=row["revision"],
        created=row["created"],
        overdue=row["overdue"],
        expires=row["expires"],
        decided=row["decided"],
        claimed_by=claim.person if claim else "",
        claimed_until=claim.until if claim else 0,
        delegated_to=approval_step.delegate(steps),
        is_questioned=approval_step.inquiry(steps) is not None,
        canary=row["canary"] == 1,
    )


def _state(row: RowMapping, now: int) -> State:
    state: State = row["state"]
    return "expired" if state == "waiting" and row["expires"] <= now else state
