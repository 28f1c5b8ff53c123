"""Lapses: the time of a question is up, and what was only this question ends with that."""

from interlock.runtime.record.store import Tx
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import canary, expiry, opening
from interlock.runtime.run.cancellation import cancel, unanswered


def lapse(tx: Tx, vault: Vault, approval_id: str, *, run_id: str) -> None:
    """Record that nobody decided in time, and what was asked; what is over already stays.

    A canary has measured nobody then, and leaves every list with its run.
    """
    told = canary.opened(
        vault,
        approval_id=approval_id,
        run_id=run_id,
    )
    if expiry.expire(tx, approval_id=approval_id, told=told) is None:
        return
    opening.forget(tx.connection, approval_id)
    if told.nature == "canary":
        cancel(
            tx,
            vault,
            run_id,
            by=None,
            undo=False,
        )
    else:
        unanswered(tx, vault, run_id)
