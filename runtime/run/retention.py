"""Retention: how long deliveries that are over are kept. Their entries in the ledger stay."""

from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, select

from interlock.runtime.record.events import DeliveriesPruned
from interlock.runtime.record.store import Tx, tables

#: Rows that one transaction takes away, more or less
_MOST: Final = 1_000
_DELIVERY: Final = tables.delivery.c


def tenants_of_old(connection: Connection, *, before: int) -> list[str]:
    """Return the tenants with a delivery that was over *before* that time."""
    query = select(_DELIVERY.tenant).where(*_old(before)).distinct()
    return sorted(connection.execute(query).scalars())


def prune(tx: Tx, tenant: str, *, before: int) -> bool:
    """Take away the *tenant*'s oldest deliveries that were over *before* that time.

    Returns whether there may be more. What waits is never taken away, however old. The caller
    holds the tenant's log.
    """
    old = (*_old(before), _DELIVERY.tenant == tenant)
    query = select(_DELIVERY.updated).where(*old).order_by(_DELIVERY.updated)
    times = tx.connection.execute(query.limit(_MOST).with_for_update()).scalars().all()
    if not times:
        return False
    end = times[-1] + 1
    gone = delete(tables.delivery).where(*old, _DELIVERY.updated < end)
    tx.connection.execute(gone)
    tx.events.append(DeliveriesPruned(log=tenant, before=end))
    return len(times) == _MOST


def _old(before: int) -> tuple[ColumnElement[bool], ...]:
    return _DELIVERY.state != "waiting", _DELIVERY.updated < before
