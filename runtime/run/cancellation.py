"""Cancellation: a run ends for good, at once or after its effects were undone.

A run that has ended is opened again where a person wants its effects undone and some can be.
"""

from typing import Any

from sqlalchemy import RowMapping, update

from interlock.runtime.canonical import canonical
from interlock.runtime.policy.request import EXTERNAL
from interlock.runtime.record.events import RunEnded
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import canary, progress, recorded_action, settlement
from interlock.runtime.run.claim import is_gone
from interlock.runtime.run.erasure import key_of
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import OPEN, Status, row_of
from interlock.runtime.run.undo import is_left


def cancel(tx: Tx, vault: Vault, run_id: str, *, by: str | None, undo: bool) -> None:
    """End the run: the fence moves on, so its worker writes nothing more.

    An approval that is waited for is withdrawn, and the graph goes on no more. An action that has
    started may have acted, so it becomes unknown and is charged what was set aside. With *undo* the
    run is queued for whoever undoes its effects, and ends after that. Of a run that is being undone
    a second such wish changes nothing, and a cancellation without *undo* ends the undoing. A
    canary has no effects, and no worker may take it, so it ends at once. Without *by* nobody wished
    it: its time was up. Raises `NotFound`, `BadInput` ("ended"), and as `_refuse_ended` does.
    """
    row = row_of(tx.connection, run_id, lock=True)
    is_canary = canary.is_canary(vault, run_id)
    if row["status"] not in OPEN:
        _refuse_ended(tx, vault, row, undo=undo and not is_canary)
    elif undo and row["undoing"]:
        return
    undo = undo and not is_canary
    status: Status = "queued" if undo else "cancelled"
    values = {"status": status, "fence": row["fence"] + 1, "updated": tx.now}
    values |= _undoing(row) if undo else {"ready_at": None}
    values["canary"] = int(is_canary)
    ended = update(tables.run).where(tables.run.c.id == run_id)
    tx.connection.execute(ended.values(values))
    tx.checked.clear()
    progress.end(tx, run_id)
    _abandon(tx, vault, row)
    tx.events.append(
        RunEnded(
            log=row["tenant"],
            run_id=run_id,
            status=status,
            fence=values["fence"],
            by=by,
            undoing=undo,
            canary=is_canary,
        )
    )


def unanswered(tx: Tx, vault: Vault, run_id: str) -> None:
    """End the run of an application outside for whose question the time is up; change no other.

    An agent's run goes on by itself and hears that nobody decided; nothing carries this one on.
    """
    row = row_of(tx.connection, run_id, lock=True)
    if row["agent"] != EXTERNAL or row["status"] not in OPEN:
        return
    outcome = canonical({"error": "approval_expired"})
    key = vault.key(tx.connection, run_id)
    sealed = {
        "outcome": key.seal(
            outcome,
            place=f"run/{run_id}/outcome",
        )
    }
    values = {
        "status": "failed",
        "fence": row["fence"] + 1,
        "updated": tx.now,
        "ready_at": None,
        **sealed,
    }
    ended = update(tables.run).where(tables.run.c.id == run_id)
    tx.connection.execute(ended.values(values))
    tx.checked.clear()
    progress.end(tx, run_id)
    tx.events.append(
        RunEnded(
            log=row["tenant"],
            run_id=run_id,
            status="failed",
            fence=values["fence"],
            error="approval_expired",
            sealed=sealed,
        )
    )


def _refuse_ended(tx: Tx, vault: Vault, row: RowMapping, *, undo: bool) -> None:
    """Refuse to cancel a run that has ended, unless it is to be undone and an undo is left to try.

    Raises `BadInput`: "ended" without *undo*, "nothing_to_undo", and "erased".
    """
    run_id = row["id"]
    what = f"run {run_id}"
    if not undo:
        raise refused("ended", what=what, status=row["status"])
    key = key_of(tx.connection, vault, run_id)
    if not is_left(recorded_action.of_run(tx.connection, run_id, key)):
        raise refused("nothing_to_undo", what=what, status=row["status"])


def _abandon(tx: Tx, vault: Vault, row: RowMapping) -> None:
    settlement.abandon(
        tx,
        run=row,
        key=vault.key(tx.connection, row["id"]),
        worker_until=None if is_gone(row) else row["lease_until"],
    )


def _undoing(row: RowMapping) -> dict[str, Any]:
    return {
        "undoing": 1,
        "paused": 0,
        "tries": 0,
        "outages": 0,
        "ready_at": row["created"],
    }
