"""Expiry: that nobody decided in time is a state of its own, and no refusal.

Time alone writes nothing. Whoever looks next records the expiry, once: the door when the run goes
on, a person who opens the approval or comes too late, the application that asked, or a worker.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, and_, func, or_, select, update

from interlock.runtime.record.events import ApprovalExpired
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.run import budget
from interlock.runtime.run.canary import Opened

_APPROVALS: Final = tables.approval.c


#: How many of one tenant a worker records at a time
_MOST: Final = 100


def expire(tx: Tx, *, approval_id: str, told: Opened | None = None) -> str | None:
    """Record that the time of an approval is up; return its run if this was the first to do so.

    What was set aside for its action is given back. The run is ready since the time was up. *told*
    is what the approval was, where whoever looks can open that.
    """
    told = told or Opened()
    due = (
        _APPROVALS.id == approval_id,
        _APPROVALS.state == "waiting",
        _APPROVALS.expires <= tx.now,
    )
    query = select(tables.approval).where(*due).with_for_update()
    row = tx.connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    expired = update(tables.approval).where(*due)
    tx.connection.execute(
        expired.values(state="expired", decided=tx.now, **told.columns)
    )
    budget.release(tx, action_id=row["action_id"])
    tx.events.append(
        ApprovalExpired(
            log=row["tenant"],
            run_id=row["run_id"],
            approval=row["id"],
            action=row["action_id"],
            nature=told.nature or "",
            opening=told.opening,
        )
    )
    return str(row["run_id"])


def unrecorded(connection: Connection, *, now: int) -> Mapping[str, Sequence[str]]:
    """Return the approvals whose time is up and of which that is not recorded, by tenant.

    The oldest of each tenant: those of which it cannot be recorded keep out no other tenant's.
    """
    place = func.row_number().over(
        partition_by=_APPROVALS.tenant, order_by=(_APPROVALS.expires, _APPROVALS.id)
    )
    due = (
        select(_APPROVALS.tenant, _APPROVALS.id, place.label("place"))
        .where(_APPROVALS.state == "waiting", _APPROVALS.expires <= now)
        .subquery()
    )
    query = (
        select(due.c.tenant, due.c.id)
        .where(due.c.place <= _MOST)
        .order_by(due.c.tenant, due.c.place)
    )
    overdue: defaultdict[str, list[str]] = defaultdict(list)
    for tenant, approval_id in connection.execute(query):
        overdue[tenant].append(approval_id)
    return overdue


def lapsed(connection: Connection, *, action_id: str, now: int) -> str:
    """Return the id of the approval on which nobody decided in time, or an empty string."""
    is_over = and_(_APPROVALS.state == "waiting", _APPROVALS.expires <= now)
    query = select(_APPROVALS.id).where(
        _APPROVALS.action_id == action_id, or_(_APPROVALS.state == "expired", is_over)
    )
    return connection.execute(query).scalar() or ""
