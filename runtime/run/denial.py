"""Denials: what the refusal of an action costs its run, and whether it still stands."""

from collections.abc import Mapping

from sqlalchemy import update

from interlock.runtime.canonical import Json
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row
from interlock.runtime.record.store.tables import KINDS
from interlock.runtime.run import budget
from interlock.runtime.run.attempt import Attempt
from interlock.runtime.run.movement import levels


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
    """Whether nobody but a person who changes a limit makes room for what was refused.

    Whoever changes a limit later finds the run held, and wakes it: both hold the head of the log.
    What others only set aside, they may give back: then nobody wakes the run, so it stays awake.
    """
    rows = levels(tx, step.run.budget_id)
    return all(
        _is_used_up(rows.get(str(given["level"])), given, step)
        for given in (reason.parameters for reason in step.decision.reasons)
    )


def _is_used_up(
    row: Row | None,
    given: Mapping[str, Json],
    step: Attempt,
) -> bool:
    """Whether the limit is the one that was *given*, and what is spent leaves too little of it."""
    kind = str(given.get("kind"))
    if row is None or kind not in KINDS:
        return False
    limit = row[f"limit_{kind}"]
    cost = max(getattr(step.reserved, kind), getattr(step.kept_ready, kind))
    is_short: bool = row[f"spent_{kind}"] + cost > limit
    return is_short and given.get("limit") == limit
