"""Pins: what a run keeps to from its start, wherever it is resumed."""

from sqlalchemy import update

from interlock.runtime.errors import AnotherPolicy
from interlock.runtime.record.events import RunRepinned
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.run import approval, claim
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import Run, row_of


def keep_to(run: Run, *, revision: str) -> None:
    """Raise `AnotherPolicy` unless the run is pinned to *revision* (fails closed)."""
    if run.revision != revision:
        raise AnotherPolicy(run_id=run.id, pinned=run.revision, in_force=revision)


def repin(
    tx: Tx,
    run_id: str,
    *,
    revision: str,
    by: str,
) -> None:
    """Pin an open run that nobody works on to *revision*, and record who did.

    Whatever was asked of a person under the old revision is withdrawn, verdicts that are not used
    too, so the next claim is decided anew and asks anew. Raises `NotFound`, and `BadInput` for a
    run that has ended ("ended"), that a live claim holds ("claimed") or that is pinned so
    ("pinned_already").
    """
    row = row_of(tx.connection, run_id, lock=True)
    claim.refuse_taken(row, now=tx.now)
    previous = row["revision"]
    if previous == revision:
        raise refused(
            "pinned_already",
            what=f"run {run_id}",
            pinned=revision[:12],
        )
    pinned = update(tables.run).where(tables.run.c.id == run_id)
    tx.connection.execute(pinned.values(revision=revision, updated=tx.now))
    approval.withdraw(tx, run_id=run_id, states=("waiting", "approved"))
    tx.events.append(
        RunRepinned(
            log=row["tenant"],
            run_id=run_id,
            revision=revision,
            previous=previous,
            by=by,
        )
    )
