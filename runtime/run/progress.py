"""How far the graph of a run has come: its checkpoints, their writes and pieces.

Only `interlock.runtime.graph` reads and writes them. No later claim needs those of a run that has
ended.
"""

from typing import Final

from sqlalchemy import Connection, delete

from interlock.runtime.record.store import Tx, tables
from interlock.runtime.run import approval, budget

#: Every table with something of how far a run has come
PROGRESS: Final = (
    tables.checkpoint,
    tables.checkpoint_write,
    tables.checkpoint_piece,
)


def forget(connection: Connection, run_id: str) -> None:
    """Delete how far the run has come, in the caller's transaction."""
    for table in PROGRESS:
        connection.execute(delete(table).where(table.c.thread_id == run_id))


def end(tx: Tx, run_id: str) -> None:
    """End what only an open run has: questions to people, what is set aside, its checkpoints."""
    approval.withdraw(
        tx,
        run_id=run_id,
    )
    budget.release_waiting(
        tx,
        run_id=run_id,
    )
    forget(
        tx.connection,
        run_id,
    )
