"""Which expiries a worker is told of."""

from typing import Any

from sqlalchemy import create_engine

from interlock.runtime.record.store import tables
from interlock.runtime.run import expiry


def test_no_tenant_keeps_out_another() -> None:
    """A tenant with more overdue questions than are recorded at a time hides nobody else's."""
    engine = create_engine("sqlite://")
    rows = [row("many", number) for number in range(101)]
    with engine.begin() as connection:
        tables.approval.create(connection)
        connection.execute(tables.approval.insert(), [*rows, row("other", 900)])
        overdue = expiry.unrecorded(connection, now=1_000)

    counts = {tenant: len(approvals) for tenant, approvals in overdue.items()}
    assert counts == {"many": 100, "other": 1}


def row(tenant: str, expires: int) -> dict[str, Any]:
    """Return a waiting approval, empty but for what is asked about it."""
    empty = {
        column.name: column.type.python_type() for column in tables.approval.columns
    }
    name = f"{tenant}-{expires}"
    return empty | {
        "id": name,
        "tenant": tenant,
        "state": "waiting",
        "expires": expires,
        "action_id": name,
        "run_id": name,
    }
