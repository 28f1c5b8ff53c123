"""The budgets that are spent from: some runs alone, the others in jobs, all of one tenant."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, func, select

from interlock.runtime.policy.request import Amounts
from interlock.runtime.record.spend import MOVED, of_tenant
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row
from interlock.runtime.record.store.tables import KINDS
from interlock.runtime.run import limit

TENANT: Final = "default"
#: What spenders move; nothing else is limited
KIND: Final = "tokens"
#: Runs in a job; every fifth run has none
_IN_JOB: Final = 4
#: The fewest runs that are a tree: one job of all of its runs, and one run alone
SMALLEST: Final = _IN_JOB + 1
#: How many times what a run may spend its job may, and the tenant for every job
_OF_JOB: Final = 2.4
_OF_TENANT: Final = 2.9
LEVELS: Final = ("run", "job", "tenant")


def plant(tx: Tx, *, runs: int, room: int) -> None:
    """Make the budgets of so many runs with *room* in each, of their jobs and of the tenant."""
    jobs = -(-runs // SMALLEST)
    for number in range(jobs):
        limit.create_for_job(
            tx,
            job=f"job-{number}",
            tenant=TENANT,
            limits={KIND: int(room * _OF_JOB)},
        )
    for number, run in enumerate(names(runs)):
        job, place = divmod(
            number,
            SMALLEST,
        )
        limit.create(
            tx,
            budget_id=run,
            tenant=TENANT,
            limits=Amounts(
                **dict.fromkeys(
                    KINDS,
                    room,
                )
            ),
            job=f"job-{job}" if place < _IN_JOB else "",
        )
    limit.set_limit(
        tx,
        budget_id=of_tenant(TENANT),
        kind=KIND,
        limit=int(jobs * room * _OF_TENANT),
        soft=False,
        by="operator",
    )


def names(runs: int) -> Sequence[str]:
    """Return the names of so many runs."""
    return [f"run-{number}" for number in range(runs)]


def rows(connection: Connection) -> Sequence[Row]:
    """Return every budget."""
    return connection.execute(select(tables.budget)).mappings().all()


def overshoot(budgets: Iterable[Row]) -> dict[str, int]:
    """Return by how much all budgets of each level together stand beyond their limits."""
    beyond = dict.fromkeys(
        LEVELS,
        0,
    )
    for row in budgets:
        for kind in KINDS:
            taken = sum(row[f"{group}_{kind}"] for group in MOVED)
            beyond[row["level"]] += max(
                0,
                taken - row[f"limit_{kind}"],
            )
    return beyond


def unequal(budgets: Iterable[Row]) -> int:
    """Return how many amounts of jobs and tenants are not the sum of those below."""
    below: Counter[tuple[str, str]] = Counter()
    stated: Counter[tuple[str, str]] = Counter()
    amounts = [f"{group}_{kind}" for group in MOVED for kind in KINDS]
    for row in budgets:
        for name in amounts:
            if row["parent"]:
                below[row["parent"], name] += row[name]
            if row["level"] != "run":
                stated[row["id"], name] = row[name]
    return sum(below[place] != stated[place] for place in below.keys() | stated.keys())


def unreserved(connection: Connection) -> int:
    """Return by how much what runs hold differs from the reservations that are open."""
    reservations = tables.reservation.c
    query = select(
        reservations.budget_id,
        func.sum(reservations[KIND]).label("amount"),
    ).group_by(reservations.budget_id)
    opened = {row.budget_id: int(row.amount) for row in connection.execute(query)}
    return sum(
        abs(
            row[f"reserved_{KIND}"]
            - opened.get(
                row["id"],
                0,
            )
        )
        for row in rows(connection)
        if row["level"] == "run"
    )
