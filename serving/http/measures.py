"""Measures: what `/metrics` tells, in a registry of our own.

The counts are of the caller's tenant. How this process does is for the operator alone: latencies,
which name routes and never ids, and defects. They are of all tenants.
"""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from sqlalchemy import Connection, func, select

from interlock.runtime.record.store import Store, tables
from interlock.runtime.run.delivery import STATES
from interlock.runtime.run.jobs import STATUSES

_RUN: Final = tables.run.c
_ACTION: Final = tables.action.c
_APPROVAL: Final = tables.approval.c
_DELIVERY: Final = tables.delivery.c
_EDGES: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Measures:
    """What one process has measured; lives as long as its application."""

    def __init__(self) -> None:
        self._own = CollectorRegistry()
        self._seconds = Histogram(
            "interlock_http_request_seconds",
            "How long requests took, by route, method and status.",
            ["route", "method", "status"],
            buckets=_EDGES,
            registry=self._own,
        )
        self._defects = Gauge(
            "interlock_worker_defects",
            "Defects that the worker of this process met and went on after.",
            registry=self._own,
        )

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request that ended."""
        named = (route or "none", method if route else "any", str(status))
        self._seconds.labels(*named).observe(seconds)

    def watch(self, defects: Callable[[], int]) -> None:
        """Tell from now on how many *defects* there were."""
        self._defects.set_function(defects)

    async def text(self, store: Store, *, tenant: str, is_operator: bool) -> bytes:
        """Return the tenant's counts as they are now, in Prometheus' text format.

        The operator is told how this process does as well.
        """
        counted = CollectorRegistry()

        def look(connection: Connection) -> None:
            now = store.now(connection)
            _count_runs(connection, counted, tenant=tenant, now=now)
            _count_decisions(connection, counted, tenant=tenant)
            _count_approvals(connection, counted, tenant=tenant, now=now)
            _count_deliveries(connection, counted, tenant=tenant)

        await store.read(look)
        of_process = generate_latest(self._own) if is_operator else b""
        return generate_latest(counted) + of_process


def _count_runs(
    connection: Connection, into: CollectorRegistry, *, tenant: str, now: int
) -> None:
    runs = Gauge("interlock_runs", "Runs by status.", ["status"], registry=into)
    oldest = Gauge(
        "interlock_queue_age_seconds",
        "For how long the oldest queued run has been ready.",
        registry=into,
    )
    for status in STATUSES:
        runs.labels(status).set(0)
    of_tenant = select(_RUN.status, func.count()).where(
        _RUN.tenant == tenant, tables.WORK
    )
    for status, number in connection.execute(of_tenant.group_by(_RUN.status)):
        runs.labels(status).set(number)
    ready = select(func.min(_RUN.ready_at)).where(
        _RUN.tenant == tenant,
        tables.WORK,
        _RUN.status == "queued",
        _RUN.paused == 0,
    )
    first = connection.execute(ready).scalar_one()
    oldest.set(0 if first is None else max(now - first, 0))


def _count_decisions(
    connection: Connection, into: CollectorRegistry, *, tenant: str
) -> None:
    decisions = Gauge(
        "interlock_decisions",
        "Actions of agents by what was decided about them.",
        ["effect"],
        registry=into,
    )
    query = (
        select(_ACTION.effect, func.count())
        .join(tables.run, _RUN.id == _ACTION.run_id)
        .where(_RUN.tenant == tenant, tables.WORK)
    )
    for effect in ("permit", "deny"):
        decisions.labels(effect).set(0)
    for effect, number in connection.execute(query.group_by(_ACTION.effect)):
        decisions.labels(effect).set(number)


def _count_approvals(
    connection: Connection, into: CollectorRegistry, *, tenant: str, now: int
) -> None:
    waiting = Gauge(
        "interlock_approvals_waiting", "Questions that wait for people.", registry=into
    )
    query = (
        select(func.count())
        .select_from(tables.approval)
        .where(
            _APPROVAL.tenant == tenant,
            _APPROVAL.state == "waiting",
            _APPROVAL.expires > now,
        )
    )
    waiting.set(connection.execute(query).scalar_one())


def _count_deliveries(
    connection: Connection, into: CollectorRegistry, *, tenant: str
) -> None:
    deliveries = Gauge(
        "interlock_webhook_messages",
        "Messages to webhooks by state.",
        ["state"],
        registry=into,
    )
    query = select(_DELIVERY.state, func.count()).where(_DELIVERY.tenant == tenant)
    for state in STATES:
        deliveries.labels(state).set(0)
    for state, number in connection.execute(query.group_by(_DELIVERY.state)):
        deliveries.labels(state).set(number)
