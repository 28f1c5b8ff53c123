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
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import RowMapping, bindparam, insert, select, update

from interlock.runtime.canonical import canonical
from interlock.runtime.errors import GuardFailed, NotFound
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Amounts, Principal
from interlock.runtime.record.events import Decided, Finding, Finished, Intended, Ruling, Sealed
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import approval, budget, kill_switch
from interlock.runtime.run.attempt import Attempt, Ending
from interlock.runtime.run.recorded_action import State, reasons_of
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import check, hold, label_of, principal_of, requester_of

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
    """Record the intent, durable before the act; return a reason code when it may not start after all.

    Reserves the cost and uses the approval in the same transaction.
    """
    check(tx, step.run)
    stage = _stage(tx, step)
    is_repeated = stage == "started" and step.idempotent
    if stage not in UNDECIDED and not is_repeated:
        return "already_started"
    if _is_killed(tx, step):
        return "killed"  # engaged since the policy was asked
    cost = step.request.context.cost
    if not budget.reserve(tx, budget_id=step.run.budget_id, action_id=step.id, cost=cost):
        return "budget_exceeded"
    if approval_id is not None and not is_repeated:
        if not approval.use(tx, approval_id=approval_id, action_id=step.id):
            return "approval_gone"
    sealed = _put(tx, step, "started", stage=stage)
    tx.events.append(
        Intended(
            ruling=step.ruling,
            sealed=sealed,
            approval=approval_id,
            idempotent=step.idempotent,
            reserved=asdict(cost),
            asked=step.asked,
        )
    )
    return None


def finish(tx: Tx, step: Attempt, *, ending: Ending, actual: Amounts, label: Label) -> None:
    """Record the outcome of a started action, charge its cost and join its label to the run."""
    check(tx, step.run, closing=True)
    sealed = {"result": _sealed(step, ending.kept)}
    values = {
        "action": step.id,
        "from_state": "started",
        "state": ending.state,
        "updated": tx.now,
        **sealed,
    }
    if _MOVE.run(tx.connection, values) != 1:
        raise _elsewhere(step)
    budget.charge_reserved(tx, action_id=step.id, actual=actual)
    tx.events.append(
        Finished(
            ruling=step.ruling,
            sealed=sealed,
            state=ending.state,
            spent=asdict(actual),
            label=_join(tx, step, label),
            failure=ending.failure,
        )
    )


def complete(tx: Tx, step: Attempt, *, ending: Ending, actual: Amounts, label: Label) -> None:
    """Record a pure or read action whole.

    When parallel steps have used up what it was to cost, the run is held instead: nothing of the
    action is recorded, and no checkpoint that knows its result can be.
    """
    check(tx, step.run, closing=True)
    stage = _expect(tx, step, UNDECIDED)
    cost = step.request.context.cost
    if not budget.charge(tx, budget_id=step.run.budget_id, cost=cost, actual=actual):
        hold(tx, step.run)
        return
    sealed = _put(tx, step, ending.state, stage=stage, result=ending.kept)
    tx.events.append(
        Finished(
            ruling=step.ruling,
            sealed=sealed,
            state=ending.state,
            spent=asdict(actual),
            label=_join(tx, step, label),
            failure=ending.failure,
            asked=step.asked,
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
    ("ambiguous"), when the action is not unknown ("wrong_state"), and as `approval.four_eyes` does.
    """
    row = _of_beginning(tx, run["id"], beginning)
    what = f"action {row['id'][:12]}"
    requester = requester_of(principal_of(run, key))
    approval.four_eyes(
        person, what=what, requester=requester, role=RESOLVER, tenant=run["tenant"], note=note
    )
    state: State = "done" if happened else "failed"
    values = {
        "action": row["id"],
        "from_state": "unknown",
        "state": state,
        "result": None,
        "updated": tx.now,
    }
    if _MOVE.run(tx.connection, values) != 1:
        raise refused("wrong_state", what=what, state=row["state"], wanted="unknown")
    tx.events.append(
        Finished(
            ruling=_ruling(row, key, tenant=run["tenant"], codes=[RESOLVED]),
            sealed={"result": None},
            state=state,
            spent=asdict(Amounts()),
            finding=Finding(reviewer=person.id, roles=person.roles, requester=requester, note=note),
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
        values = {
            "action": row["id"],
            "from_state": "started",
            "state": "unknown",
            "result": None,
            "updated": tx.now,
        }
        _MOVE.run(tx.connection, values)
        codes = [reason.code for reason in reasons_of(row, key)]
        tx.events.append(
            Finished(
                ruling=_ruling(row, key, tenant=tenant, codes=codes),
                sealed={"result": None},
                state="unknown",
                spent=asdict(cost),
            )
        )


def blank(tx: Tx, *, run_id: str) -> None:
    """Take away what no key seals and yet says what the actions of an erased run were."""
    actions = update(tables.action).where(tables.action.c.run_id == run_id)
    tx.connection.execute(actions.values(digest=""))


def _of_beginning(tx: Tx, run_id: str, beginning: str) -> RowMapping:
    query = (
        select(tables.action)
        .where(tables.action.c.run_id == run_id)
        .where(tables.action.c.id.startswith(beginning, autoescape=True))
    )
    rows = tx.connection.execute(query).mappings().all()
    if not rows or not beginning:
        raise NotFound(kind="action", name=beginning, next_step=_SHOW)
    if len(rows) > 1:
        raise refused("ambiguous", what=f"action {beginning}", count=len(rows))
    return rows[0]


def _ruling(row: RowMapping, key: DataKey, *, tenant: str, codes: Sequence[str]) -> Ruling:
    """Return what a ledger entry on the action in *row* says when no engine was asked."""
    return Ruling(
        log=tenant,
        run_id=row["run_id"],
        key=key,
        action=row["id"],
        tool=row["tool"],
        action_class=row["action_class"],
        fence=row["fence"],
        effect=row["effect"],
        codes=codes,
        revision=row["revision"],
        engine="record",
        digest=row["digest"],
    )


def _decided(step: Attempt, state: State, sealed: Sealed, *, counted: bool = False) -> Decided:
    return Decided(
        ruling=step.ruling,
        sealed=sealed,
        state=state,
        counted=counted,
        asked=step.asked,
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
    """Return where the action stands; raises `GuardFailed` for none of *expected* (fails closed)."""
    stage = _stage(tx, step)
    if stage not in expected:
        raise _elsewhere(step)
    return stage


def _elsewhere(step: Attempt) -> GuardFailed:
    why = "it is not in the state it was to be moved from"
    return GuardFailed(guard=f"action {step.id}", why=why, next_step=_SHOW)


def _put(
    tx: Tx, step: Attempt, state: State, *, stage: Stage, result: bytes | None = None
) -> Sealed:
    """Write the row of an action that stood at *stage* and is in *state* from now on.

    Returns what was sealed into the row.
    """
    reasons = canonical(step.reasons)
    sealed: Sealed = {
        "reasons": step.key.seal(reasons, place=f"action/{step.id}/reasons"),
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


def _join(tx: Tx, step: Attempt, label: Label) -> str | None:
    """Join *label* to the run's; return the run's new label as it is stored, None when it stays."""
    if step.held.join(label) == step.held:
        return None  # labels only grow, so what was held then is held now
    runs = tables.run.c
    here = runs.id == step.run.id
    stored = tx.connection.execute(select(runs.label).where(here)).scalar_one()
    joined = canonical(asdict(label_of(stored).join(label))).decode()
    if joined == stored:
        return None
    tx.connection.execute(update(tables.run).where(here).values(label=joined))
    return joined
