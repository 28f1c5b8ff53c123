"""Settling: what becomes of an action whose worker did not record the end of the action.

    started -> unknown        the run was cancelled, or a later claim met the action
    unknown -> done | failed  a person found out, once nobody can be at work on the action any more

An action is begun with a deadline, so from a stated time on nobody is at work on the action; the
worker that began it may say so earlier. A worker that lost its run in the meantime still reports
what became of the action. Such a late outcome changes no state and moves no money: it is recorded
and shown, beside whatever a person has found.
"""

from typing import Final

from sqlalchemy import RowMapping, bindparam, case, select, update

from interlock.runtime.errors import BadInput, Fenced
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Amounts, Principal
from interlock.runtime.record.events import Finding, Finished, ReportedLate
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import action, approval, budget
from interlock.runtime.run.attempt import Attempt, Ending
from interlock.runtime.run.recorded_action import (
    State,
    of_beginning,
    reasons_of,
    ruling_of,
)
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import principal_of, requester_of
from interlock.runtime.run.transition import move

#: The role of those who may say what became of an unknown action
RESOLVER: Final = "reviewer"
#: The code of an outcome that a person found out
RESOLVED: Final = "resolved"
_COLUMNS: Final = tables.action.c
#: Of another claim of the run that has begun the action again nothing is known
_LATE: Final = Statement(
    update(tables.action)
    .where(_COLUMNS.id == bindparam("action"))
    .values(
        late=bindparam("reported"),
        until=case((_COLUMNS.fence == bindparam("of_fence"), 0), else_=_COLUMNS.until),
        updated=bindparam("at"),
    )
)


def resolve(
    tx: Tx,
    *,
    run: RowMapping,
    key: DataKey,
    beginning: str,
    person: Principal,
    happened: bool,
    note: str,
) -> None:
    """Record that the unknown action whose id starts with *beginning* did or did not happen.

    A resolved action never acts again. No money moves: the action was charged what it was expected
    to cost, and that stays spent. Raises `NotFound`, and `BadInput` when several actions begin so
    ("ambiguous"), when the action is not unknown ("wrong_state"), while whoever started the action
    may still be at work on it ("may_still_act"), and as `approval.four_eyes` does.
    """
    row = of_beginning(tx.connection, run["id"], beginning)
    what = f"action {row['id'][:12]}"
    requester = requester_of(principal_of(run, key))
    approval.four_eyes(
        person,
        what=what,
        requester=requester,
        role=RESOLVER,
        tenant=run["tenant"],
        note=note,
    )
    state: State = "done" if happened else "failed"
    if not move(tx, row["id"], "unknown", state, until=0, at_most=tx.now):
        raise _unsettled(row, what=what, now=tx.now)
    tx.events.append(
        Finished(
            ruling=ruling_of(row, key, tenant=run["tenant"], codes=[RESOLVED]),
            sealed={"result": None},
            state=state,
            spent=Amounts().counts(),
            finding=Finding(
                reviewer=person.id,
                roles=person.roles,
                requester=requester,
                note=note,
            ),
        )
    )


def abandon(
    tx: Tx,
    *,
    run: RowMapping,
    key: DataKey,
    worker_until: int | None,
    states: tuple[State, ...] = ("started",),
) -> None:
    """Record of each action of a run that ended that nobody knows what became of the action.

    Those are the actions in *states*. *run* is the run's row as it was. The action is charged what
    was set aside for it. The worker of the newest claim may be at work until *worker_until*; None
    says that this worker is gone.
    """
    in_flight = select(tables.action).where(
        tables.action.c.run_id == run["id"], tables.action.c.state.in_(states)
    )
    for row in tx.connection.execute(in_flight.with_for_update()).mappings().all():
        cost = budget.charge_reserved(tx, action_id=row["id"], actual=None)
        until = max(row["until"], worker_until or 0)
        if worker_until is None and row["fence"] == run["fence"]:
            until = 0
        move(tx, row["id"], row["state"], "unknown", until=until)
        codes = [reason.code for reason in reasons_of(row, key)]
        tx.events.append(
            Finished(
                ruling=ruling_of(row, key, tenant=run["tenant"], codes=codes),
                sealed={"result": None},
                state="unknown",
                spent=cost.counts(),
                until=until,
            )
        )


def finish(
    tx: Tx, step: Attempt, *, ending: Ending, actual: Amounts, label: Label
) -> Fenced | None:
    """Record the outcome of a started action, or a late outcome when the worker has lost the run.

    Of a late outcome the error is returned: what is recorded stands, and nobody is told that the
    action is done.
    """
    try:
        action.finish(tx, step, ending=ending, actual=actual, label=label)
    except Fenced as error:
        _late(tx, step, ending)
        return error
    return None


def doubt(tx: Tx, step: Attempt, *, why: str) -> None:
    """Record that nobody knows whether a started action happened; its whole cost is charged."""
    action.finish(
        tx,
        step,
        ending=Ending(state="unknown", failure=("interrupted", why)),
        actual=step.request.context.cost,
        label=step.label,
        until=step.still_until,
    )


def _late(tx: Tx, step: Attempt, ending: Ending) -> None:
    reported = {
        "action": step.id,
        "reported": ending.state,
        "of_fence": step.run.fence,
        "at": tx.now,
    }
    if not _LATE.run(tx.connection, reported):
        return
    tx.events.append(
        ReportedLate(
            ruling=step.ruling,
            sealed={},
            state=ending.state,
            failure=None if ending.failure is None else ending.failure[0],
        )
    )


def _unsettled(row: RowMapping, *, what: str, now: int) -> BadInput:
    if row["state"] == "unknown" and row["until"] > now:
        return refused("may_still_act", what=what, seconds=row["until"] - now)
    return refused(
        "wrong_state",
        what=what,
        state=row["state"],
        wanted="unknown",
    )
