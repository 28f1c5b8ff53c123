"""Recovery: a person lets logs go on from an older state, and nothing of the lost time acts again.

What the lost entries said is not known any more. So every run that was open in the older state
ends, what it waited for is withdrawn, and each of its actions that may have acted is unknown. The
home's own log holds the kill switches: when part of it is lost, everything is stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import RowMapping, select, update

from interlock.runtime.record.events import HOME, Finished, Recovered, RunEnded
from interlock.runtime.record.gap import Gap
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import approval, kill_switch, progress, settlement
from interlock.runtime.run.run import LEASE_S, OPEN

#: Why the run ended
LOST: Final = "record_lost"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovery:
    """What became of what was lost."""

    gaps: tuple[Gap, ...]
    #: Runs that were ended, by id
    ended: tuple[str, ...]
    #: Actions of which nobody knows whether they happened, by id
    unknown: tuple[str, ...]
    #: Whether everything is stopped until a person who looked releases the switch
    is_stopped: bool


def recover(
    tx: Tx, vault: Vault, gaps: Sequence[Gap], *, by: str, note: str
) -> Recovery:
    """Let the logs go on that have *gaps*, in the caller's transaction.

    The ledger refuses the transaction unless the gaps are exactly those that stand there (fails
    closed).
    """
    names = {gap.log for gap in gaps}
    for gap in gaps:
        tx.events.append(_recovered(gap, by=by, note=note))
    is_stopped = HOME in names
    if is_stopped:
        kill_switch.engage(tx, "all", "", by=by)
    ended = _open_runs(tx, names)
    for row in ended:
        _end(tx, vault, row, by=by)
    unknown = [event for event in tx.events if isinstance(event, Finished)]
    return Recovery(
        gaps=tuple(gaps),
        ended=tuple(row["id"] for row in ended),
        unknown=tuple(event.ruling.action for event in unknown),
        is_stopped=is_stopped,
    )


def _recovered(gap: Gap, *, by: str, note: str) -> Recovered:
    return Recovered(
        log=gap.log,
        known_size=gap.known_size,
        known_root=gap.known_root,
        size=gap.size,
        root=gap.root,
        by=by,
        note=note,
    )


def _open_runs(tx: Tx, names: set[str]) -> Sequence[RowMapping]:
    query = (
        select(tables.run)
        .where(tables.run.c.status.in_(OPEN), tables.run.c.tenant.in_(names))
        .order_by(tables.run.c.id)
        .with_for_update()
    )
    return tx.connection.execute(query).mappings().all()


def _end(tx: Tx, vault: Vault, row: RowMapping, *, by: str) -> None:
    """End one run whose later record is lost."""
    run_id = row["id"]
    fence = row["fence"] + 1
    ended = update(tables.run).where(tables.run.c.id == run_id)
    tx.connection.execute(
        ended.values(
            status="cancelled",
            fence=fence,
            lease_until=0,
            ready_at=None,
            updated=tx.now,
        )
    )
    tx.checked.clear()
    approval.withdraw(tx, run_id=run_id)
    progress.forget(tx.connection, run_id)
    # Whoever claimed the run in the lost time may still be at work for as long as a lease.
    settlement.abandon(
        tx,
        run=row,
        key=vault.key(tx.connection, run_id),
        worker_until=tx.now + LEASE_S,
        states=("started", "waiting"),
    )
    tx.events.append(
        RunEnded(
            log=row["tenant"],
            run_id=run_id,
            status="cancelled",
            fence=fence,
            error=LOST,
            by=by,
        )
    )
