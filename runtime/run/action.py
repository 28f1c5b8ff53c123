"""The states of an action, and the transactions that move it; nothing else changes the row of one.

    proposed -> denied
             -> waiting -> started | denied
             -> started -> done | failed | unknown
             -> done | failed               pure and read actions, with the step's checkpoint
    unknown  -> done | failed               by a person
    denied   -> as proposed                 by a later claim, when the engine had failed to answer

Each move is one compare-and-set together with its ledger entry; a move whose row is not in the
expected state fails and nothing is written. "unknown" is shown to a person and never retried.
"""

from dataclasses import replace
from typing import Final

from sqlalchemy import RowMapping, select, update

from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Amounts, Principal
from interlock.runtime.record.events import Decided, Finding, Finished, Intended, Sealed
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import approval, budget, kill_switch
from interlock.runtime.run.action_row import (
    UNDECIDED,
    elsewhere,
    expect,
    move,
    put,
    seal,
    stage_of,
)
from interlock.runtime.run.attempt import Attempt, Ending
from interlock.runtime.run.recorded_action import (
    State,
    of_beginning,
    reasons_of,
    ruling_of,
)
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import (
    Run,
    check,
    hold,
    join_label,
    principal_of,
    requester_of,
)

#: The role of those who may say what became of an unknown action
RESOLVER: Final = "reviewer"
#: The code of an outcome that a person found out
RESOLVED: Final = "resolved"


def deny(tx: Tx, step: Attempt) -> None:
    """Record a refusal and count it against the run.

    A refusal that stands for an engine failure is not counted: it holds the run, and leaves an
    action that may have acted as it is.
    """
    check(tx, step.run, closing=True)
    unanswered = step.decision.unanswered
    expected = UNDECIDED
    if unanswered:
        hold(tx, step.run)
        expected = (*UNDECIDED, "started")
    stage = expect(tx, step, expected)
    if stage == "started":
        tx.events.append(_decided(step, "started", {}))
        return
    sealed = put(tx, step, "denied", stage=stage)
    budget.release(tx, action_id=step.id)
    denied = _decided(step, "denied", sealed)
    if not unanswered:
        denied = replace(denied, counted=True, spent=_counted(tx, step.run))
    tx.events.append(denied)


def _counted(tx: Tx, run: Run) -> dict[str, int]:
    """Count one refusal of the run, and return what it cost: a step, as long as there is one."""
    refusals = tables.run.c.refusals + 1
    counted = update(tables.run).where(tables.run.c.id == run.id)
    tx.connection.execute(counted.values(refusals=refusals, updated=tx.now))
    one = budget.ONE_STEP
    is_paid = budget.charge(tx, budget_id=run.budget_id, cost=one, actual=one)
    return one.counts() if is_paid else {}


def wait(tx: Tx, step: Attempt) -> str | None:
    """Record that the action waits for a person: a step is spent, and the effect set aside.

    Returns a reason code instead when nobody may be asked.
    """
    check(tx, step.run)
    stage = expect(tx, step, UNDECIDED)
    if approval.is_crowded(tx, run=step.run, action_id=step.id, bounds=step.bounds):
        return "too_many_questions"
    ready = step.kept_ready
    one = budget.ONE_STEP
    place = step.run.budget_id
    cost = one if stage == "waiting" else replace(ready, steps=one.steps)
    if not budget.charge(tx, budget_id=place, cost=cost, actual=one):
        return "budget_exceeded"
    budget.reserve(tx, budget_id=place, action_id=step.id, cost=ready)
    sealed = put(tx, step, "waiting", stage=stage)
    waiting = _decided(step, "waiting", sealed)
    tx.events.append(replace(waiting, spent=one.counts(), reserved=ready.counts()))
    return None


def start(tx: Tx, step: Attempt, *, approval_id: str | None) -> str | None:
    """Record the intent, durable before the act, with the cost set aside and the approval used.

    Returns a reason code instead when the action may not start after all.
    """
    check(tx, step.run)
    stage = stage_of(tx, step)
    is_repeated = stage == "started" and step.idempotent
    if stage not in UNDECIDED and not is_repeated:
        return "already_started"
    if _is_killed(tx, step):
        return "killed"  # engaged since the policy was asked
    reserved = step.reserved
    place = step.run.budget_id
    if not budget.reserve(tx, budget_id=place, action_id=step.id, cost=reserved):
        return budget.lacking(tx, budget_id=place, cost=reserved)
    if (
        approval_id is not None
        and not is_repeated
        and not approval.use(tx, approval_id=approval_id, action_id=step.id)
    ):
        return "approval_gone"
    sealed = put(tx, step, "started", stage=stage)
    tx.events.append(
        Intended(
            ruling=step.ruling,
            sealed=sealed,
            approval=approval_id,
            idempotent=step.idempotent,
            reserved=reserved.counts(),
            asked=step.asked,
        )
    )
    return None


def finish(
    tx: Tx,
    step: Attempt,
    *,
    ending: Ending,
    actual: Amounts,
    label: Label,
) -> None:
    """Record the outcome of a started action, charge its cost and join its label to the run."""
    check(tx, step.run, closing=True)
    result = seal(step, ending.kept)
    if not move(tx, step.id, "started", ending.state, result=result):
        raise elsewhere(step)
    charged = budget.charge_reserved(tx, action_id=step.id, actual=actual)
    grown = join_label(tx, step.run, label, run_label=step.run_label)
    finished = _finished(step, ending, charged, {"result": result}, label=grown)
    overrun = budget.beyond(charged, actual)
    tx.events.append(replace(finished, overrun=overrun))


def complete(
    tx: Tx,
    step: Attempt,
    *,
    ending: Ending,
    actual: Amounts,
    label: Label,
) -> None:
    """Record a pure or read action whole.

    When parallel steps have used up what it was to cost, the run is held instead: nothing of the
    action is recorded, and no checkpoint that knows its result can be.
    """
    check(tx, step.run, closing=True)
    stage = expect(tx, step, UNDECIDED)
    cost = step.request.context.cost
    if not budget.charge(
        tx,
        budget_id=step.run.budget_id,
        cost=cost,
        actual=actual,
    ):
        hold(tx, step.run)
        return
    sealed = put(tx, step, ending.state, stage=stage, result=ending.kept)
    grown = join_label(tx, step.run, label, run_label=step.run_label)
    finished = _finished(step, ending, actual, sealed, label=grown)
    tx.events.append(replace(finished, asked=step.asked))


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
    ("ambiguous"), when the action is not unknown ("wrong_state"), and as `approval.four_eyes` does.
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
    if not move(tx, row["id"], "unknown", state):
        raise refused(
            "wrong_state",
            what=what,
            state=row["state"],
            wanted="unknown",
        )
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


def abandon(tx: Tx, *, run_id: str, tenant: str, key: DataKey) -> None:
    """Record of each started action of a cancelled run that nobody knows what became of the action.

    The action is charged what was set aside for it.
    """
    in_flight = select(tables.action).where(
        tables.action.c.run_id == run_id, tables.action.c.state == "started"
    )
    for row in tx.connection.execute(in_flight.with_for_update()).mappings().all():
        cost = budget.charge_reserved(tx, action_id=row["id"], actual=None)
        move(tx, row["id"], "started", "unknown")
        codes = [reason.code for reason in reasons_of(row, key)]
        tx.events.append(
            Finished(
                ruling=ruling_of(row, key, tenant=tenant, codes=codes),
                sealed={"result": None},
                state="unknown",
                spent=cost.counts(),
            )
        )


def blank(tx: Tx, *, run_id: str) -> None:
    """Take away what no key seals and yet says what the actions of an erased run were."""
    actions = update(tables.action).where(tables.action.c.run_id == run_id)
    tx.connection.execute(actions.values(digest=""))


def _decided(step: Attempt, state: State, sealed: Sealed) -> Decided:
    return Decided(
        ruling=step.ruling,
        sealed=sealed,
        state=state,
        asked=step.asked,
    )


def _finished(
    step: Attempt,
    ending: Ending,
    actual: Amounts,
    sealed: Sealed,
    *,
    label: str | None,
) -> Finished:
    return Finished(
        ruling=step.ruling,
        sealed=sealed,
        state=ending.state,
        spent=actual.counts(),
        label=label,
        failure=ending.failure,
    )


def _is_killed(tx: Tx, step: Attempt) -> bool:
    return kill_switch.covered(
        tx.connection,
        tenant=step.run.tenant,
        tool=step.request.action.tool,
        run_id=step.run.id,
    )
