"""Lapses: the time of a question is up, and a canary that nobody decided ends with that."""

from interlock.runtime.record.store import Tx
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import canary, expiry
from interlock.runtime.run.cancellation import cancel


def lapse(tx: Tx, vault: Vault, approval_id: str, *, run_id: str) -> None:
    """Record that nobody decided in time, and what was asked; what is over already stays.

    A canary has measured nobody then, and leaves every list with its run.
    """
    told = canary.opened(vault, approval_id=approval_id, run_id=run_id)
    is_first = expiry.expire(tx, approval_id=approval_id, told=told)
    if is_first and told.nature == "canary":
        cancel(tx, vault, run_id, by=None, undo=False)
