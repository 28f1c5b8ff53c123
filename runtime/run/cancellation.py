"""Cancelling a run: it ends for good, and what was in flight is shown to a person."""

from dataclasses import asdict

import orjson
from sqlalchemy import RowMapping, select, update

from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Amounts
from interlock.runtime.record.events import Finished, RunEnded
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.store.tables import KINDS
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run import budget
from interlock.runtime.run.run import OPEN, row_of
from interlock.runtime.run.settlement import ruling_of


async def cancel(store: Store, vault: Vault, run_id: str, *, by: str) -> None:
    """End the run for good: the fence moves on, so whoever works on it can write nothing more.

    What waits for a person is withdrawn. What has started may have acted, so it becomes unknown and
    is charged what was set aside for it. Raises `NotFound`, and `BadInput` for a run that has
    ended.
    """

    def work(tx: Tx) -> None:
        tx.connection.execute(
            select(tables.run.c.id).where(tables.run.c.id == run_id).with_for_update()
        )  # whoever claims it waits
        row = row_of(tx.connection, run_id)
        if row["status"] not in OPEN:
            raise BadInput(
                what=f"run {run_id}", why=f"it is {row['status']}", next_step="Nothing to cancel."
            )
        key = vault.key(tx.connection, run_id)
        values = {"status": "cancelled", "fence": row["fence"] + 1, "updated": tx.now}
        tx.connection.execute(update(tables.run).where(tables.run.c.id == run_id).values(values))
        tx.checked.clear()
        open_approval = (tables.approval.c.run_id == run_id) & (
            tables.approval.c.state == "waiting"
        )
        tx.connection.execute(
            update(tables.approval).where(open_approval).values(state="withdrawn")
        )
        in_flight = select(tables.action).where(
            tables.action.c.run_id == run_id, tables.action.c.state == "started"
        )
        for each in tx.connection.execute(in_flight.with_for_update()).mappings().all():
            _unsure(tx, each, key, log=row["tenant"])
        tx.events.append(
            RunEnded(
                log=row["tenant"],
                run_id=run_id,
                status="cancelled",
                fence=row["fence"] + 1,
                by=by,
            )
        )

    await store.write(work)


def _unsure(tx: Tx, row: RowMapping, key: DataKey, *, log: str) -> None:
    """Record that nobody knows what became of an action in flight."""
    action_id, c = row["id"], tables.reservation.c
    held = (
        tx.connection.execute(select(tables.reservation).where(c.action_id == action_id))
        .mappings()
        .one_or_none()
    )
    cost = Amounts() if held is None else Amounts(**{kind: held[kind] for kind in KINDS})
    budget.charge_reserved(tx, action_id=action_id, actual=cost)
    tx.connection.execute(
        update(tables.action)
        .where(tables.action.c.id == action_id)
        .values(state="unknown", updated=tx.now)
    )
    reasons = orjson.loads(key.open(row["reasons"], place=f"action/{action_id}/reasons"))
    tx.events.append(
        Finished(
            ruling=ruling_of(row, key, log=log, codes=[reason["code"] for reason in reasons]),
            state="unknown",
            spent=asdict(cost),
        )
    )
