"""Denials: what the refusal of an action costs its run."""

from sqlalchemy import update

from interlock.runtime.record.store import Tx, tables
from interlock.runtime.run import budget
from interlock.runtime.run.run import Run


def counted(
    tx: Tx,
    run: Run,
) -> dict[str, int]:
    """Count one refusal of the run, and return what it cost: a step, as long as there is one."""
    refusals = tables.run.c.refusals + 1
    changed = update(tables.run).where(tables.run.c.id == run.id)
    tx.connection.execute(changed.values(refusals=refusals, updated=tx.now))
    one = budget.ONE_STEP
    shortage = budget.charge(tx, budget_id=run.budget_id, cost=one, actual=one)
    return {} if shortage else one.counts()
