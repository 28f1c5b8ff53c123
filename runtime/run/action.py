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

import time
from dataclasses import replace
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import RowMapping, bindparam, insert, select, update

from interlock.runtime.errors import GuardFailed
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Amounts, Principal
from interlock.runtime.record.events import Decided, Finding, Finished, Intended, Sealed
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import approval, budget, kill_switch
from interlock.runtime.run.attempt import Attempt, Ending
from interlock.runtime.run.recorded_action import (
    State,
    of_beginning,
    reasons_of,
    ruling_of,
)
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import (
    check,
    hold,
    join_label,
    principal_of,
    requester_of,
)

#: Where an action stands within a transaction: None before it is recorded, "reopened" when the
#: engine's failure to answer binds it no more
Stage: TypeAlias = State | Literal["reopened"] | None
UNDECIDED: Final[tuple[Stage, ...]] = (None, "waiting", "reopened")
#: The role of those who may say what became of an unknown action
RESOLVER: Final = "reviewer"
#: The code of an outcome that a person found out
RESOLVED: Final = "resolved"
_SHOW: Final = "Look with `interlock run show`."
_ROW: Final = tables.action.c.id == bindparam("action")
_STATE: Final = Statement(
    select(tables.action.c.state, tables.action.c.fence).where(_ROW).with_for_update()
)
_NEW: Final = Statement(insert(tables.action))
_CHANGE: Final = Statement(update(tables.action).where(_ROW))
_MOVE: Final = Statement(
    update(tables.action).where(_ROW, tables.action.c.state == bindparam("from_state"))
)


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
    stage = _expect(tx, step, expected)
    if stage == "started":
        tx.events.append(_decided(step, "started", {}))
        return
    sealed = _put(tx, step, "denied", stage=stage)
    budget.release(tx, action_id=step.id)
    if not unanswered:
        refusals = tables.run.c.refusals + 1
        counted = update(tables.run).where(tables.run.c.id == step.run.id)
        tx.connection.execute(counted.values(refusals=refusals, updated=tx.now))
    tx.events.append(_decided(step, "denied", sealed, counted=not unanswered))


def wait(tx: Tx, step: Attempt) -> None:
    """Record that the action waits for a person."""
    check(tx, step.run)
    stage = _expect(tx, step, UNDECIDED)
    sealed = _put(tx, step, "waiting", stage=stage)
    tx.events.append(_decided(step, "waiting", sealed))


def start(tx: Tx, step: Attempt, *, approval_id: str | None) -> str | None:
    """Record the intent, durable before the act, with the cost set aside and the approval used.

    Returns a reason code instead when the action may not start after all.
    """
    check(tx, step.run)
    stage = _stage(tx, step)
    is_repeated = stage == "started" and step.idempotent
    if stage not in UNDECIDED and not is_repeated:
        return "already_started"
    if _is_killed(tx, step):
        return "killed"  # engaged since the policy was asked
    cost = step.request.context.cost
    if not budget.reserve(
        tx,
        budget_id=step.run.budget_id,
        action_id=step.id,
        cost=cost,
    ):
        return "budget_exceeded"
    if (
        approval_id is not None
        and not is_repeated
        and not approval.use(tx, approval_id=approval_id, action_id=step.id)
    ):
        return "approval_gone"
    sealed = _put(tx, step, "started", stage=stage)
    tx.events.append(
        Intended(
            ruling=step.ruling,
            sealed=sealed,
            approval=approval_id,
            idempotent=step.idempotent,
            reserved=cost.counts(),
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
    result = _sealed(step, ending.kept)
    if not _move(tx, step.id, "started", ending.state, result=result):
        raise _elsewhere(step)
    budget.charge_reserved(tx, action_id=step.id, actual=actual)
    grown = join_label(tx, step.run, label, run_label=step.run_label)
    tx.events.append(_finished(step, ending, actual, {"result": result}, label=grown))


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
    stage = _expect(tx, step, UNDECIDED)
    cost = step.request.context.cost
    if not budget.charge(
        tx,
        budget_id=step.run.budget_id,
        cost=cost,
        actual=actual,
    ):
        hold(tx, step.run)
        return
    sealed = _put(tx, step, ending.state, stage=stage, result=ending.kept)
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
    if not _move(tx, row["id"], "unknown", state):
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


def abandon(
    tx: Tx, *, run_id: str, tenant: str, key: DataKey, states: tuple[State, ...]
) -> None:
    """Record of each action of an ended run that nobody knows what became of the action.

    Those are the actions in *states*. An action is charged what was set aside for it.
    """
    in_flight = select(tables.action).where(
        tables.action.c.run_id == run_id, tables.action.c.state.in_(states)
    )
    for row in tx.connection.execute(in_flight.with_for_update()).mappings().all():
        cost = budget.charge_reserved(tx, action_id=row["id"], actual=None)
        _move(tx, row["id"], row["state"], "unknown")
        tx.events.append(
            Finished(
                ruling=ruling_of(
                    row,
                    key,
                    tenant=tenant,
                    codes=[reason.code for reason in reasons_of(row, key)],
                ),
                sealed={"result": None},
                state="unknown",
                spent=cost.counts(),
            )
        )


def blank(tx: Tx, *, run_id: str) -> None:
    """Take away what no key seals and yet says what the actions of an erased run were."""
    actions = update(tables.action).where(tables.action.c.run_id == run_id)
    tx.connection.execute(actions.values(digest=""))


def _decided(
    step: Attempt, state: State, sealed: Sealed, *, counted: bool = False
) -> Decided:
    return Decided(
        ruling=step.ruling,
        sealed=sealed,
        state=state,
        counted=counted,
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


def _stage(tx: Tx, step: Attempt) -> Stage:
    """Return where the action stands; its row is locked until the transaction ends."""
    row = _STATE.one(tx.connection, {"action": step.id})
    if row is None:
        return None
    state: State = row["state"]
    if state == "denied" and step.afresh and row["fence"] < step.run.fence:
        return "reopened"
    return state


def _expect(tx: Tx, step: Attempt, expected: tuple[Stage, ...]) -> Stage:
    """Return where the action stands; fails closed (`GuardFailed`) for none of *expected*."""
    stage = _stage(tx, step)
    if stage not in expected:
        raise _elsewhere(step)
    return stage


def _move(
    tx: Tx,
    action_id: str,
    before: State,
    after: State,
    *,
    result: bytes | None = None,
) -> bool:
    """Move an action that is in the state *before*, and say whether it was."""
    values = {
        "action": action_id,
        "from_state": before,
        "state": after,
        "result": result,
        "updated": tx.now,
    }
    return _MOVE.run(tx.connection, values) == 1


def _elsewhere(step: Attempt) -> GuardFailed:
    return GuardFailed(
        guard=f"action {step.id}",
        why="it is not in the state it was to be moved from",
        next_step=_SHOW,
    )


def _put(
    tx: Tx,
    step: Attempt,
    state: State,
    *,
    stage: Stage,
    result: bytes | None = None,
) -> Sealed:
    """Write the row of an action that stood at *stage* and is in *state* from now on.

    Returns what was sealed into the row.
    """
    place = f"action/{step.id}/reasons"
    sealed: Sealed = {
        "reasons": step.key.seal(step.reasons.text, place=place),
        "result": _sealed(step, result),
    }
    values: dict[str, Any] = {
        "state": state,
        "fence": step.run.fence,
        "effect": step.decision.effect,
        "revision": step.decision.revision,
        "updated": tx.now,
        **sealed,
    }
    if stage is not None:
        _CHANGE.run(tx.connection, {"action": step.id} | values)
        return sealed
    action = step.request.action
    proposed = {
        "id": step.id,
        "run_id": step.run.id,
        "tool": action.tool,
        "action_class": action.action_class,
        "digest": step.request.digest,
        "created": tx.now,
        "ordinal": time.time_ns() // 1000,
    }
    _NEW.run(tx.connection, proposed | values)
    return sealed


def _sealed(step: Attempt, result: bytes | None) -> bytes | None:
    return None if result is None else step.key.seal(result, place=f"action/{step.id}")
