"""Recorded actions: the row of one action, read back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import orjson
from sqlalchemy import Connection, RowMapping, select

from interlock.runtime.errors import NotFound
from interlock.runtime.policy.decision import Reason
from interlock.runtime.record.events import Ruling
from interlock.runtime.record.store import tables
from interlock.runtime.record.store.statement import Row
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run.refusal import refused

State: TypeAlias = Literal[
    "denied", "waiting", "expired", "started", "done", "failed", "unknown"
]
#: What was seen of what an effect should have left; empty where nobody looked
Readback: TypeAlias = Literal["", "confirmed", "contradicted", "not_read"]
#: The columns that `found` needs
COLUMNS: Final = (
    tables.action.c.id,
    tables.action.c.run_id,
    tables.action.c.tool,
    tables.action.c.action_class,
    tables.action.c.state,
    tables.action.c.fence,
    tables.action.c.effect,
    tables.action.c.reasons,
    tables.action.c.result,
    tables.action.c.revision,
    tables.action.c.until,
    tables.action.c.late,
    tables.action.c.readback,
    tables.action.c.undo,
    tables.action.c.undoes,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedAction:
    """One recorded action."""

    id: str
    run_id: str
    tool: str
    action_class: str
    state: State
    fence: int
    effect: str
    reasons: tuple[Reason, ...]
    #: Of the policy that decided
    revision: str
    #: What the tool gave back, or why it did not
    result: bytes | None
    #: Until when whoever started it may be at work on it, in Unix seconds
    until: int
    #: The state that a worker reported after it had lost the run; empty for none
    late: str
    readback: Readback
    #: The call that takes its effect back as JSON; None where nothing does
    undo: bytes | None
    #: The action whose effect this one takes back; empty for none
    undoes: str


def found(row: Row, key: DataKey) -> RecordedAction | None:
    """Return the action in *row*, which has `COLUMNS`, or None when it was never proposed."""
    return None if row["id"] is None else _opened(row, key)


def of_run(connection: Connection, run_id: str, key: DataKey) -> list[RecordedAction]:
    """Return every action of the run in the order in which they were proposed."""
    query = (
        select(*COLUMNS)
        .where(tables.action.c.run_id == run_id)
        .order_by(tables.action.c.ordinal, tables.action.c.id)
    )
    return [_opened(row, key) for row in connection.execute(query).mappings()]


def reasons_of(row: Row, key: DataKey) -> tuple[Reason, ...]:
    """Return the reasons of the decision on the action in *row*."""
    reasons = orjson.loads(
        key.open(row["reasons"], place=f"action/{row['id']}/reasons")
    )
    return tuple(Reason(**reason) for reason in reasons)


def _opened(row: Row, key: DataKey) -> RecordedAction:
    result = row["result"]
    undo = row["undo"]
    return RecordedAction(
        id=row["id"],
        run_id=row["run_id"],
        tool=row["tool"],
        action_class=row["action_class"],
        state=row["state"],
        fence=row["fence"],
        effect=row["effect"],
        reasons=reasons_of(row, key),
        revision=row["revision"],
        result=None
        if result is None
        else key.open(result, place=f"action/{row['id']}"),
        until=row["until"],
        late=row["late"],
        readback=row["readback"],
        undo=None if undo is None else key.open(undo, place=f"action/{row['id']}/undo"),
        undoes=row["undoes"],
    )


def of_beginning(connection: Connection, run_id: str, beginning: str) -> RowMapping:
    """Return the row of the run's only action whose id begins so.

    Raises `NotFound`, and `BadInput` when several actions do ("ambiguous").
    """
    missing = NotFound(
        kind="action",
        name=beginning,
        next_step="Look with `interlock run show`.",
    )
    if not beginning:
        raise missing
    query = (
        select(tables.action)
        .where(tables.action.c.run_id == run_id)
        .where(tables.action.c.id.startswith(beginning, autoescape=True))
    )
    rows = connection.execute(query).mappings().all()
    if not rows:
        raise missing
    if len(rows) > 1:
        raise refused("ambiguous", what=f"action {beginning}", count=len(rows))
    return rows[0]


def ruling_of(
    row: RowMapping, key: DataKey, *, tenant: str, codes: Sequence[str]
) -> Ruling:
    """Return what a ledger entry on the action in *row* says when no engine was asked."""
    return Ruling(
        log=tenant,
        run_id=row["run_id"],
        key=key,
        action=row["id"],
        tool=row["tool"],
        action_class=row["action_class"],
        fence=row["fence"],
        effect=row["effect"],
        codes=codes,
        revision=row["revision"],
        engine="record",
        digest=row["digest"],
        about=row["about"],
    )
