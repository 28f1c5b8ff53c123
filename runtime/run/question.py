"""Questions: approvals as they stand in their rows, opened for those who may see them."""

from dataclasses import asdict, dataclass

import orjson
from sqlalchemy import Connection, RowMapping, select

from interlock.runtime.canonical import Json, digest
from interlock.runtime.errors import NotFound, Tampered
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run.approval import State, person


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
    role: str
    revision: str
    created: int
    expires: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval(ApprovalSummary):
    """One approval as it stands, with the evidence its reviewer is shown."""

    reviewer: str
    evidence: dict[str, Json]
    evidence_digest: str


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


def opened(row: RowMapping, key: DataKey, now: int) -> Approval:
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
    return Approval(
        **asdict(summary(row, key, now)),
        reviewer=person(key, row, "reviewer"),
        evidence=evidence,
        evidence_digest=row["evidence_digest"],
    )


def summary(row: RowMapping, key: DataKey, now: int) -> ApprovalSummary:
    """Return the approval without its evidence."""
    return ApprovalSummary(
        id=row["id"],
        run_id=row["run_id"],
        action_id=row["action_id"],
        tenant=row["tenant"],
        tool=row["tool"],
        state=_state(row, now),
        requester=person(key, row, "requester"),
        role=row["role"],
        revision=row["revision"],
        created=row["created"],
        expires=row["expires"],
    )


def _state(row: RowMapping, now: int) -> State:
    state: State = row["state"]
    return "expired" if state == "waiting" and row["expires"] <= now else state
