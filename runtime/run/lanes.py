"""Lanes: runs for workers with the same pins, tenant and priority, in the order of their turns.

A point of priority is worth a minute of waiting: a run goes before those that became ready up to a
minute a point earlier, and after all others. So whatever its priority, a run's turn comes.

All lanes are read by stepping from one to the next in an index, so a million runs in a lane cost as
much as one.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count
from typing import Final

from sqlalchemy import Connection, bindparam, func, select, text

from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row, Statement

_RUN: Final = tables.run.c
#: Seconds of waiting that a point of priority is worth
POINT_S: Final = 60
_LANES: Final = Statement(
    text("""
    WITH RECURSIVE
      tenants (tenant) AS (
        SELECT (SELECT min(tenant) FROM run
                WHERE pinned = :pinned AND ready_at IS NOT NULL
                  AND paused = 0)
        UNION ALL
        SELECT (SELECT min(run.tenant) FROM run
                WHERE run.pinned = :pinned AND run.ready_at IS NOT NULL AND run.paused = 0
                  AND run.tenant > tenants.tenant)
        FROM tenants WHERE tenants.tenant IS NOT NULL),
      lanes (tenant, priority) AS (
        SELECT tenant, (SELECT max(run.priority) FROM run
                        WHERE run.pinned = :pinned AND run.ready_at IS NOT NULL AND run.paused = 0
                          AND run.tenant = tenants.tenant)
        FROM tenants WHERE tenant IS NOT NULL
        UNION ALL
        SELECT tenant, (SELECT max(run.priority) FROM run
                        WHERE run.pinned = :pinned AND run.ready_at IS NOT NULL AND run.paused = 0
                          AND run.tenant = lanes.tenant
                          AND run.priority < lanes.priority)
        FROM lanes WHERE priority IS NOT NULL)
    SELECT tenant, priority, (SELECT min(run.ready_at) FROM run
                              WHERE run.pinned = :pinned
                                AND run.ready_at IS NOT NULL AND run.paused = 0
                                AND run.tenant = lanes.tenant
                                AND run.priority = lanes.priority) AS ready_at
    FROM lanes WHERE priority IS NOT NULL
    """)
)
#: Those that no live claim holds
_NEXT: Final = Statement(
    select(tables.run)
    .where(
        _RUN.pinned == bindparam("of_pins"),
        _RUN.tenant == bindparam("of_tenant"),
        _RUN.priority == bindparam("of_priority"),
        _RUN.ready_at <= bindparam("at"),
        _RUN.paused == text("0"),
        _RUN.lease_until <= bindparam("at"),
    )
    .order_by(
        _RUN.ready_at,
        _RUN.id,
    )
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_AT_WORK: Final = Statement(
    select(_RUN.tenant, func.count().label("runs"))
    .where(_RUN.status == "running", _RUN.lease_until > bindparam("at"))
    .group_by(_RUN.tenant)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """One lane that is not empty."""

    pinned: str
    tenant: str
    priority: int
    #: From when its first run may be claimed, in Unix seconds
    ready_at: int

    @property
    def order(self) -> tuple[int, int, str]:
        """Its place among the lanes of its tenant: by when its first run is due."""
        due = self.ready_at - POINT_S * self.priority
        return due, -self.priority, self.pinned


def lanes(connection: Connection, pinned: Collection[str]) -> list[Lane]:
    """Return every lane of runs with one of the pins, also those that are not ready yet."""
    return [
        Lane(
            pinned=pins,
            tenant=row["tenant"],
            priority=row["priority"],
            ready_at=row["ready_at"],
        )
        for pins in sorted(pinned)
        for row in _LANES.all(connection, {"pinned": pins})
    ]


def in_turn(tx: Tx, own: Collection[Lane], *, most: int) -> Iterator[Row]:
    """Yield the rows of the next runs of lanes of one tenant, whichever is due first.

    Of each lane come *most* at most; a lane is not looked at before its turn. The rows stay locked
    until the transaction ends.
    """
    due: list[tuple[tuple[int, int, str], int, Row]] = []
    number = count()
    for lane in sorted(own, key=lambda lane: lane.order):
        while due and due[0][0] <= lane.order:
            yield heappop(due)[2]
        for row in _following(tx, lane, most=most):
            order = replace(lane, ready_at=row["ready_at"]).order
            heappush(due, (order, next(number), row))
    while due:
        yield heappop(due)[2]


def _following(tx: Tx, lane: Lane, *, most: int) -> Sequence[Row]:
    place = {
        "of_pins": lane.pinned,
        "of_tenant": lane.tenant,
        "of_priority": lane.priority,
        "at": tx.now,
        "most": most,
    }
    return _NEXT.all(
        tx.connection,
        place,
    )


def at_work(connection: Connection, *, now: int) -> dict[str, int]:
    """Return how many runs of each tenant a live claim is at work on."""
    rows = _AT_WORK.all(
        connection,
        {"at": now},
    )
    return {row["tenant"]: row["runs"] for row in rows}
