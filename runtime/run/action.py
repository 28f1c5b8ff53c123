"""The states of an action, and the transactions that move it; nothing else changes the row of one.

    proposed -> denied
             -> waiting -> started | denied | expired
             -> started -> done | failed | unknown
             -> done | failed               pure and read actions, with the step's checkpoint
    unknown  -> done | failed               by a person (`interlock.runtime.run.settlement`)
    denied   -> as proposed                 by a later claim, when the engine had failed to answer
                                            or a budget above was used up

Each move is one compare-and-set together with its ledger entry; a move whose row is not in the
expected state fails and nothing is written. "unknown" is shown to a person and never retried.
"""

import time
from dataclasses import replace
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import bindparam, update

from interlock.runtime.policy.decision import Reason, by_runtime
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Amounts
from interlock.runtime.record.events import Decided, Finished, Intended, Sealed
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.bulk import inserted
from interlock.runtime.record.store.lines import Need
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.run import (
    approval,
    budget,
    denial,
    done,
    expiry,
    kill_switch,
    unread,
)
from interlock.runtime.run.attempt import Attempt, Ending
from interlock.runtime.run.claim import taker
from interlock.runtime.run.movement import BUDGETS, Shortage
from interlock.runtime.run.recorded_action import (
    State,
)
from interlock.runtime.run.run import (
    CLAIMS,
    check,
    hold,
)
from interlock.runtime.run.transition import ACTIONS, elsewhere, move

#: Where an action stands within a transaction: None before it is recorded, "reopened" when the
#: engine's failure to answer binds it no more
Stage: TypeAlias = State | Literal["reopened"] | None
UNDECIDED: Final[tuple[Stage, ...]] = (None, "waiting", "reopened")
_ROW: Final = tables.action.c.id == bindparam("action")
_NEW: Final = inserted(tables.action, key=("id",))
#: What a row holds of what was not yet seen and not yet done
_UNSEEN: Final[dict[str, Any]] = {"late": "", "readback": "", "undo": None}
_CHANGE: Final = Statement(update(tables.action).where(_ROW))


def needs(step: Attempt) -> tuple[Need, ...]:
    """Return the rows that each move of the action asks for."""
    return (
        (CLAIMS, step.run.id),
        (ACTIONS, step.id),
        (budget.RESERVED, step.id),
        (BUDGETS, step.run.budget_id),
    )


def deny(
    tx: Tx,
    step: Attempt,
) -> None:
    """Record a refusal and count it against the run.

    A refusal that stands for an engine failure is not counted: it holds the run, and leaves an
    action that may have acted as it is. Nor is one for a used-up budget above the run, which holds
    the run until that is raised. Both leave an action that waits for people as it is: the question
    stays open, with what is set aside for it.
    """
    check(tx, step.run, closing=True)
    unanswered = step.decision.unanswered
    is_held = unanswered or step.waits_for_budget
    expected = UNDECIDED
    if unanswered:
        hold(tx, step.run, because="engine")
        expected = (*UNDECIDED, "started")
    elif is_held:
        hold(
            tx,
            step.run,
            because="budget_above",
            until_raised=denial.stands(tx, step),
        )
    stage = _expect(tx, step, expected)
    match stage:
        case "started" | "waiting" if is_held:
            tx.events.append(_decided(step, stage, {}))
            return
    sealed = _put(tx, step, "denied", stage=stage)
    budget.release(tx, action_id=step.id)
    denied = _decided(step, "denied", sealed)
    if not is_held:
        denied = replace(
            denied,
            counted=denial.is_counted(step),
            spent=denial.counted(tx, step),
        )
    tx.events.append(denied)


def wait(
    tx: Tx,
    step: Attempt,
) -> Reason | None:
    """Record that the action waits for people: a step is spent, and the effect set aside.

    So is the time of the people. Returns why instead when nobody may be asked.
    """
    check(tx, step.run)
    stage = _expect(tx, step, UNDECIDED)
    if approval.is_crowded(tx, run=step.run, action_id=step.id, bounds=step.bounds):
        return by_runtime("too_many_questions")
    shortage = budget.reserve_question(
        tx,
        budget_id=step.run.budget_id,
        action_id=step.id,
        tenant=step.run.tenant,
        cost=step.kept_ready,
    )
    if shortage is not None:
        return shortage.reason
    sealed = _put(tx, step, "waiting", stage=stage)
    waiting = _decided(step, "waiting", sealed)
    tx.events.append(
        replace(
            waiting,
            spent=budget.ONE_STEP.counts(),
            reserved=step.kept_ready.counts(),
        )
    )
    return None


def expire(
    tx: Tx,
    step: Attempt,
) -> None:
    """Record that nobody decided on the action in time; silence is no refusal, and not counted."""
    check(tx, step.run, closing=True)
    stage = _expect(tx, step, ("waiting",))
    expiry.expire(tx, approval_id=step.lapsed)
    sealed = _put(tx, step, "expired", stage=stage)
    tx.events.append(_decided(step, "expired", sealed))


def start(
    tx: Tx,
    step: Attempt,
    *,
    approval_id: str | None,
) -> Reason | None:
    """Record the intent, durable before the act, with the cost set aside and the approval used.

    Returns why instead when the action may not start after all.
    """
    check(tx, step.run)
    stage = _stage(tx, step)
    is_repeated = stage == "started" and step.idempotent
    if stage not in UNDECIDED and not is_repeated:
        return by_runtime("already_started")
    if _is_killed(tx, step):
        return by_runtime("killed")  # engaged since the policy was asked
    if done.is_outdated(tx, step):
        return done.MOVED
    reserved = step.reserved
    shortage = _set_aside(tx, step, reserved, is_new=stage is None)
    if shortage is not None:
        return shortage.reason
    if (
        approval_id is not None
        and not is_repeated
        and not approval.use(tx, approval_id=approval_id, action_id=step.id)
    ):
        return by_runtime("approval_gone")
    until = step.until(tx.now)
    sealed = _put(tx, step, "started", stage=stage, until=until)
    tx.events.append(
        Intended(
            ruling=step.ruling,
            sealed=sealed,
            approval=approval_id,
            idempotent=step.idempotent,
            reserved=reserved.counts(),
            until=until,
            asked=step.asked,
            worker=taker(),
        )
    )
    return None


def _set_aside(
    tx: Tx,
    step: Attempt,
    cost: Amounts,
    *,
    is_new: bool,
) -> Shortage | None:
    return budget.reserve(
        tx,
        budget_id=step.run.budget_id,
        action_id=step.id,
        tenant=step.run.tenant,
        cost=cost,
        is_new=is_new,
    )


def finish(
    tx: Tx,
    step: Attempt,
    *,
    ending: Ending,
    actual: Amounts,
    label: Label,
    until: int = 0,
) -> None:
    """Record the outcome of a started action, charge its cost and join its label to the run.

    *until* is when whoever started the action can be at work on it no more: 0 from that worker.
    """
    check(tx, step.run, closing=True)
    sealed = {"result": step.sealed(ending.kept)}
    if ending.undo is not None:
        sealed["undo"] = step.sealed(ending.undo, part="/undo")
    if not move(
        tx,
        step.id,
        "started",
        ending.state,
        until=until,
        readback=ending.readback,
        result=sealed["result"],
        undo=sealed.get("undo"),
    ):
        raise elsewhere(step.id)
    charged = budget.charge_reserved(tx, action_id=step.id, actual=actual)
    kept = unread.labels(tx, step, label)
    tx.events.append(
        Finished(
            ruling=step.ruling,
            sealed=sealed,
            state=ending.state,
            spent=charged.counts(),
            until=until,
            overrun=budget.beyond(charged, actual),
            label=kept["label"],
            unread=kept["unread"],
            failure=ending.failure,
            readback=ending.readback,
        )
    )


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
    action is recorded, and no checkpoint that knows its result can be. Where others have only set
    that aside, the run is tried again by itself.
    """
    check(tx, step.run, closing=True)
    stage = _expect(tx, step, UNDECIDED)
    cost = step.request.context.cost
    shortage = budget.charge(
        tx,
        budget_id=step.run.budget_id,
        cost=cost,
        actual=actual,
    )
    if shortage is not None:
        hold(
            tx,
            step.run,
            because=shortage.held,
            until_raised=shortage.is_used_up,
        )
        return
    sealed = _put(tx, step, ending.state, stage=stage, result=ending.kept)
    kept = unread.labels(tx, step, label)
    tx.events.append(
        Finished(
            ruling=step.ruling,
            sealed=sealed,
            state=ending.state,
            spent=actual.counts(),
            label=kept["label"],
            unread=kept["unread"],
            failure=ending.failure,
            asked=step.asked,
        )
    )


def _decided(
    step: Attempt,
    state: State,
    sealed: Sealed,
) -> Decided:
    return Decided(
        ruling=step.ruling,
        sealed=sealed,
        state=state,
        asked=step.asked_in_short,
    )


def _is_killed(
    tx: Tx,
    step: Attempt,
) -> bool:
    return kill_switch.covered(
        tx,
        tenant=step.run.tenant,
        tool=step.request.action.tool,
        run_id=step.run.id,
    )


def _stage(
    tx: Tx,
    step: Attempt,
) -> Stage:
    """Return where the action stands; its row is locked until the transaction ends."""
    row = tx.row(ACTIONS, step.id)
    if row is None:
        return None
    state: State = row["state"]
    if state == "denied" and step.afresh and row["fence"] < step.run.fence:
        return "reopened"
    return state


def _expect(
    tx: Tx,
    step: Attempt,
    expected: tuple[Stage, ...],
) -> Stage:
    """Return where the action stands; fails closed (`GuardFailed`) for none of *expected*."""
    stage = _stage(tx, step)
    if stage not in expected:
        raise elsewhere(step.id)
    return stage


def _put(
    tx: Tx,
    step: Attempt,
    state: State,
    *,
    stage: Stage,
    result: bytes | None = None,
    until: int = 0,
) -> Sealed:
    """Write the row of an action that stood at *stage* and is in *state* from now on.

    Returns what was sealed into the row.
    """
    place = f"action/{step.id}/reasons"
    sealed: Sealed = {
        "reasons": step.key.seal(step.reasons.text, place=place),
        "result": step.sealed(result),
    }
    values: dict[str, Any] = {
        "state": state,
        "fence": step.run.fence,
        "effect": step.decision.effect,
        "revision": step.decision.revision,
        "until": until,
        "updated": tx.now,
        **sealed,
    }
    if stage is not None:
        _CHANGE.run(tx.connection, {"action": step.id} | values)
        return sealed
    times = {"created": tx.now, "ordinal": time.time_ns() // 1000}
    tx.forget(ACTIONS, step.id)
    tx.put(_NEW, _UNSEEN | step.proposal | times | values)
    return sealed
