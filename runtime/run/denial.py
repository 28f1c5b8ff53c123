"""Denials: what the refusal of an action costs its run, and whether it still stands."""

from sqlalchemy import update

from interlock.runtime.record.store import Tx, tables
from interlock.runtime.run import budget
from interlock.runtime.run.attempt import Attempt
from interlock.runtime.run.movement import limits


def is_counted(step: Attempt) -> bool:
    """Whether the refusal counts against the run: that a shadow acts on nothing does not."""
    return not step.decision.unanswered and not step.is_of_shadow


def counted(
    tx: Tx,
    step: Attempt,
) -> dict[str, int]:
    """Charge the run for one refusal, and return what that cost: a step, where there is one."""
    run = step.run
    if is_counted(step):
        changed = update(tables.run).where(tables.run.c.id == run.id)
        refusals = tables.run.c.refusals + 1
        tx.connection.execute(changed.values(refusals=refusals, updated=tx.now))
    one = budget.ONE_STEP
    shortage = budget.charge(tx, budget_id=run.budget_id, cost=one, actual=one)
    return {} if shortage else one.counts()


def stands(
    tx: Tx,
    step: Attempt,
) -> bool:
    """Whether no limit that the refusal names was changed since.

    Whoever changes one later finds the run held, and wakes it: both hold the head of the log.
    """
    now = limits(tx, step.run.budget_id)
    return all(
        now.get((str(given["level"]), str(given["kind"]))) == given["limit"]
        for given in (reason.parameters for reason in step.decision.reasons)
    )
