"""Rehearsals: what a run of a canary does so that it looks as work looks, and acts on nothing.

Whoever rehearses claims such a run without a graph, so no agent ever goes on with it.
"""

from typing import Any, Final, Protocol

from sqlalchemy import Connection, select, update

from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import canary
from interlock.runtime.run.approvals import Approvals
from interlock.runtime.run.claim import take_over, taken
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import LEASE_S, Run, row_of
from interlock.runtime.run.runs import Runs

_RUN: Final = tables.run.c


class Rehearsing(Protocol):
    """What a rehearsal needs of a home."""

    @property
    def store(self) -> Store:
        """The database."""
        ...

    @property
    def vault(self) -> Vault:
        """The keys."""
        ...

    @property
    def runs(self) -> Runs:
        """The runs."""
        ...

    @property
    def approvals(self) -> Approvals:
        """What waits for a person."""
        ...


def is_due(vault: Vault, run: Run) -> bool:
    """Whether it is the run of a canary that waits, which nobody may drive."""
    return run.status == "waiting" and canary.is_canary(vault, run.id)


async def claim(
    store: Store,
    vault: Vault,
    run_id: str,
    *,
    tenant: str,
    by: str | None = None,
) -> Run:
    """Claim the run of a canary, as the worker *by* or as a person.

    Raises `NotFound`, and `BadInput` for a run that has ended or is no canary's ("ended") or that a
    live claim holds ("claimed").
    """

    def work(tx: Tx) -> Run:
        row = row_of(
            tx.connection,
            run_id,
            lock=True,
        )
        if not canary.is_canary(vault, run_id):
            raise refused(
                "ended",
                what=f"run {run_id}",
                status=row["status"],
            )
        run = take_over(
            tx,
            vault,
            row,
            token=token,
            by=by,
            rehearses=True,
        )
        never = update(tables.run).where(tables.run.c.id == run_id)
        tx.connection.execute(never.values(canary.unready(vault, run_id)))
        return run

    with taken() as token:
        return await store.write(
            work,
            logs=(tenant,),
        )


async def wait_on(
    storage: Rehearsing,
    run: Run,
) -> dict[str, Any]:
    """Do what comes of work that waits still: nothing, under one more claim.

    Return how the claim ended, as `Ended` says it; raises as `claim` does.
    """
    runs = storage.runs
    asked = await storage.approvals.list(run=run.id)
    waiting = tuple(row.id for row in asked)
    outcome = await runs.outcome(run.id) or {}
    claimed = await claim(
        storage.store,
        storage.vault,
        run.id,
        tenant=run.tenant,
    )
    try:
        await runs.end(
            claimed,
            "waiting",
            outcome,
            waiting=waiting,
        )
    finally:
        runs.give_back(claimed)
    return {
        "run_id": run.id,
        "status": "waiting",
        "waiting": waiting,
        "outcome": outcome,
    }


async def end_abandoned(storage: Rehearsing, *, by: str) -> None:
    """End the runs of canaries whose placing died on the way: no worker would ever take them up."""

    def look(connection: Connection) -> list[str]:
        dead_since = storage.store.now(connection) - LEASE_S
        query = select(_RUN.id).where(
            _RUN.status.in_(("queued", "running")),
            _RUN.ready_at.is_(None),
            _RUN.lease_until <= dead_since,
            _RUN.updated <= dead_since,
        )
        names = connection.execute(query).scalars()
        return [name for name in names if canary.is_canary(storage.vault, name)]

    for run_id in await storage.store.read(look):
        await storage.runs.cancel(run_id, by=by)
