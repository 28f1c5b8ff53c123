"""Erasure: destroying a run's data key, so that everything sealed under it is gone while the ledger still verifies.

With the key goes what could be compared with a guess: unsalted digests of what was asked and shown,
the names of the documents read, and the rows in which tools kept something of the run. Ids of
actions stay, for the ledger names them. What was written outside the database (mails sent, reports,
exports, older copies of the database) is not reached.
"""

from sqlalchemy import delete, select, update

from interlock.runtime.errors import BadInput
from interlock.runtime.record.events import RunErased
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.run import OPEN, row_of


async def erase(store: Store, vault: Vault, run_id: str, *, by: str) -> None:
    """Erase an ended run for good and record that it was, in one transaction.

    Raises `NotFound` for an unknown run and `BadInput` for one that has not ended.
    """

    def work(tx: Tx) -> None:
        tx.connection.execute(
            select(tables.run.c.id).where(tables.run.c.id == run_id).with_for_update()
        )
        run = row_of(tx.connection, run_id)
        if run["status"] in OPEN:
            raise BadInput(
                what=f"run {run_id}",
                why=f"it is {run['status']}",
                next_step="Cancel it first: `interlock run cancel`.",
            )
        vault.key(tx.connection, run_id)  # one that is gone already is not erased twice
        vault.erase(tx.connection, run_id)
        _blank(tx, run_id)
        tx.events.append(RunErased(log=run["tenant"], of=run_id, by=by))

    await store.write(work)


def _blank(tx: Tx, run_id: str) -> None:
    """Take away what no key seals and yet says what the run was about."""
    actions, approvals = tables.action.c.run_id == run_id, tables.approval.c.run_id == run_id
    tx.connection.execute(update(tables.action).where(actions).values(digest=""))
    tx.connection.execute(
        update(tables.approval).where(approvals).values(digest="", evidence_digest="")
    )
    tx.connection.execute(update(tables.run).where(tables.run.c.id == run_id).values(label=""))
    tx.connection.execute(delete(tables.record).where(tables.record.c.run_id == run_id))
