"""Erasure: a run's data key is destroyed, and with it all that it seals; the ledger still verifies.

With the key goes what could be compared with a guess: unsalted digests of what was asked and shown,
the names of the documents read, and the rows in which tools kept something of the run. Ids of
actions stay, for the ledger names them. What was written outside the database (mails sent, exports,
older copies of the database) is not reached.
"""

from sqlalchemy import Connection, delete, update

from interlock.runtime.errors import Erased
from interlock.runtime.record.audit import erased
from interlock.runtime.record.events import RunErased
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run import progress
from interlock.runtime.run.refusal import refused


def key_of(connection: Connection, vault: Vault, run_id: str) -> DataKey:
    """Return the run's data key.

    Raises `BadInput` ("erased") when the run was erased, and `Erased` when its key is gone and the
    ledger has no record of an erasure.
    """
    try:
        return vault.key(connection, run_id)
    except Erased as error:
        if run_id in erased(connection):
            raise refused("erased", what=f"run {run_id}") from error
        raise


def erase(
    tx: Tx,
    vault: Vault,
    *,
    run_id: str,
    tenant: str,
    by: str,
) -> None:
    """Erase the run and record that the person *by* did; raises as `key_of` does.

    A run whose data key was put back since its erasure can be erased again.
    """
    key_of(tx.connection, vault, run_id)
    vault.erase(tx.connection, run_id)
    _blank(tx, run_id)
    tx.connection.execute(
        update(tables.run).where(tables.run.c.id == run_id).values(label="")
    )
    tx.connection.execute(delete(tables.record).where(tables.record.c.run_id == run_id))
    progress.forget(tx.connection, run_id)
    tx.events.append(
        RunErased(
            log=tenant,
            of=run_id,
            by=by,
        )
    )


def _blank(tx: Tx, run_id: str) -> None:
    """Take away what no key seals and yet says what was asked for."""
    actions = update(tables.action).where(tables.action.c.run_id == run_id)
    tx.connection.execute(actions.values(digest=""))
    approvals = update(tables.approval).where(tables.approval.c.run_id == run_id)
    tx.connection.execute(approvals.values(digest="", evidence_digest=""))
