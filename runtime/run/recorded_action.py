"""Recorded actions: the row of one action, read back."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import orjson
from sqlalchemy import Connection, select

from interlock.runtime.policy.decision import Reason
from interlock.runtime.record.store import tables
from interlock.runtime.record.store.statement import Row
from interlock.runtime.record.vault import DataKey

State: TypeAlias = Literal["denied", "waiting", "started", "done", "failed", "unknown"]

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


def found(row: Row, key: DataKey) -> RecordedAction | None:
    """Return the action in *row*, which has `COLUMNS`, or None when they are empty: it was never proposed."""
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
    reasons = orjson.loads(key.open(row["reasons"], place=f"action/{row['id']}/reasons"))
    return tuple(Reason(**reason) for reason in reasons)


def _opened(row: Row, key: DataKey) -> RecordedAction:
    result = row["result"]
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
        result=None if result is None else key.open(result, place=f"action/{row['id']}"),
    )
