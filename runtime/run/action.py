"""The state of each action, and the transactions that move it.

    proposed -> denied
             -> waiting -> started | denied -> started -> done | failed | unknown -> done | failed
             (pure and read actions: one transaction with the step's checkpoint)
    unknown  -> done | failed            (by a person: `interlock.runtime.run.settlement`) denied
    -> as proposed              (only by a later claim, and only when the engine had failed to
    answer)

Every move is one compare-and-set together with its ledger entry; a move whose row is not in the
expected state fails and nothing is written. "unknown" is shown to a person and never retried by
itself.
"""

import time
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias

import orjson
from sqlalchemy import Connection, bindparam, insert, select, update

from interlock.runtime.canonical import canonical
from interlock.runtime.errors import GuardFailed
from interlock.runtime.policy.decision import Reason
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Amounts
from interlock.runtime.record.events import Decided, Finished, Intended
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import approval, budget, kill_switch
from interlock.runtime.run.attempt import Attempt, Ending, State
from interlock.runtime.run.run import check, hold, label_of

#: Where an action stands in a transaction: None before it is recorded, "reopened" when an engine's
#: refusal is over
Standing: TypeAlias = State | Literal["reopened"] | None
_c = tables.action.c
_UNDECIDED: Final[tuple[Standing, ...]] = (None, "waiting", "reopened")
_STATE: Final = select(_c.state, _c.fence).where(_c.id == bindparam("action")).with_for_update()
_CHANGE: Final = update(tables.action).where(_c.id == bindparam("action"))
_MOVE: Final = _CHANGE.where(_c.state == bindparam("from_state"))
#: What `found` reads
COLUMNS: Final = (
    _c.id,
    _c.run_id,
    _c.tool,
    _c.action_class,
    _c.state,
    _c.fence,
    _c.effect,
    _c.reasons,
    _c.result,
    _c.revision,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """One recorded action."""

    id: str
    run_id: str
    tool: str
    action_class: str
    state: State
    fence: int
    effect: str
    reasons: tuple[Reason, ...]
    #: Of the policy that decided
    revision: str
    #: What the tool gave back, or why it did not
    result: bytes | None


def found(row: Row, key: DataKey) -> Action | None:
    """Return the action in *row*, which has `COLUMNS`, or None when they are empty: it was never proposed."""
    return None if row["id"] is None else _of(row, key)


def of_run(connection: Connection, run_id: str, key: DataKey) -> list[Action]:
    """Return every action of the run in the order they were proposed."""
    rows = connection.execute(select(*COLUMNS).where(_c.run_id == run_id).order_by(_c.ordinal))
    return [_of(row, key) for row in rows.mappings()]


def deny(tx: Tx, step: Attempt) -> None:
    """Record a refusal and count it against the run.

    One that stands for an engine failure holds the run instead, and leaves an action that may have
    acted as it is.
    """
    check(tx, step.run, closing=True)
    failed = step.decision.unanswered
    if failed:
        hold(tx, step.run)
    before = _moving(tx, step, *_UNDECIDED, *(("started",) if failed else ()))
    if before == "started":
        tx.events.append(_decided(step, "started"))
        return
    _put(tx, step, "denied", before=before)
    budget.release(tx, action_id=step.id)
    refusals = tables.run.c.refusals + (0 if failed else 1)
    tx.connection.execute(
        update(tables.run)
        .where(tables.run.c.id == step.run.id)
        .values(refusals=refusals, updated=step.now)
    )
    tx.events.append(_decided(step, "denied", counted=not failed))


def wait(tx: Tx, step: Attempt) -> None:
    """Record that the action waits for a person."""
    check(tx, step.run)
    _put(tx, step, "waiting", before=_moving(tx, step, *_UNDECIDED))
    tx.events.append(_decided(step, "waiting"))


def start(tx: Tx, step: Attempt, *, approval_id: str | None) -> str | None:
    """Record the intent, durable before the act; return a reason code instead when it may not start after all.

    Reserves the cost and spends the approval in the same transaction.
    """
    check(tx, step.run)
    state = _standing(tx, step)
    again = state == "started"
    if state not in _UNDECIDED and not (again and step.idempotent):
        return "already_started"
    tool = step.request.action.tool
    if kill_switch.covered(tx.connection, tenant=step.run.tenant, tool=tool, run_id=step.run.id):
        return "killed"  # engaged since the policy was asked
    if not budget.reserve(
        tx, budget_id=step.run.budget_id, action_id=step.id, cost=step.request.context.cost
    ):
        return "budget_exceeded"
    if (
        approval_id is not None
        and not again
        and not approval.use(tx, approval_id=approval_id, action_id=step.id)
    ):
        return "approval_gone"
    _put(tx, step, "started", before=state)
    tx.events.append(
        Intended(
            ruling=step.ruling,
            approval=approval_id,
            idempotent=step.idempotent,
            reserved=asdict(step.request.context.cost),
            asked=step.asked,
        )
    )
    return None


def finish(tx: Tx, step: Attempt, *, ending: Ending, actual: Amounts, label: Label) -> None:
    """Record the outcome of a started action, settle its cost and join its label to the run."""
    check(tx, step.run, closing=True)
    values = {"state": ending.state, "result": _sealed(step, ending.kept), "updated": step.now}
    if (
        tx.connection.execute(_MOVE, {"action": step.id, "from_state": "started"} | values).rowcount
        != 1
    ):
        raise _elsewhere(step)
    budget.charge_reserved(tx, action_id=step.id, actual=actual)
    tx.events.append(
        Finished(
            ruling=step.ruling,
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
    before = _moving(tx, step, *_UNDECIDED)
    if not budget.charge(
        tx, budget_id=step.run.budget_id, cost=step.request.context.cost, actual=actual
    ):
        hold(tx, step.run)
        return
    _put(tx, step, ending.state, before=before, result=ending.kept)
    tx.events.append(
        Finished(
            ruling=step.ruling,
            state=ending.state,
            spent=asdict(actual),
            label=_join(tx, step, label),
            failure=ending.failure,
            asked=step.asked,
        )
    )


def _decided(step: Attempt, state: State, *, counted: bool = False) -> Decided:
    return Decided(ruling=step.ruling, state=state, counted=counted, asked=step.asked)


def _standing(tx: Tx, step: Attempt) -> Standing:
    """Return where the action stands; holds its row until the transaction ends."""
    row = tx.connection.execute(_STATE, {"action": step.id}).one_or_none()
    if row is None:
        return None
    if row.state == "denied" and step.afresh and row.fence < step.run.fence:
        return "reopened"
    state: State = row.state
    return state


def _moving(tx: Tx, step: Attempt, *states: Standing) -> Standing:
    """Return where the action moves from; raises `GuardFailed` when that is none of *states* (fails closed)."""
    if (state := _standing(tx, step)) not in states:
        raise _elsewhere(step)
    return state


def _elsewhere(step: Attempt) -> GuardFailed:
    why = "it is not in the state it was to be moved from"
    return GuardFailed(
        guard=f"action {step.id}", why=why, next_step="Look with `interlock run show`."
    )


def _put(
    tx: Tx, step: Attempt, state: State, *, before: Standing, result: bytes | None = None
) -> None:
    reasons = canonical(step.reasons)
    values: dict[str, Any] = {
        "state": state,
        "fence": step.run.fence,
        "effect": step.decision.effect,
        "result": _sealed(step, result),
        "revision": step.decision.revision,
        "reasons": step.key.seal(reasons, place=f"action/{step.id}/reasons"),
        "updated": step.now,
    }
    if before is not None:
        tx.connection.execute(_CHANGE, {"action": step.id} | values)
        return
    action = step.request.action
    values |= {
        "id": step.id,
        "run_id": step.run.id,
        "tool": action.tool,
        "action_class": action.action_class,
        "digest": step.request.digest,
        "created": step.now,
        "ordinal": time.time_ns() // 1000,
    }
    tx.connection.execute(insert(tables.action), values)


def _sealed(step: Attempt, result: bytes | None) -> bytes | None:
    return None if result is None else step.key.seal(result, place=f"action/{step.id}")


def _join(tx: Tx, step: Attempt, label: Label) -> str | None:
    """Join *label* to the run's and return the run's new label as it is stored, or None when it stays."""
    if step.held.join(label) == step.held:
        return None  # labels only grow, so what was held then is held now
    run = step.run
    held = tx.connection.execute(
        select(tables.run.c.label).where(tables.run.c.id == run.id)
    ).scalar_one()
    joined = canonical(asdict(label_of(held).join(label))).decode()
    if joined == held:
        return None
    tx.connection.execute(update(tables.run).where(tables.run.c.id == run.id).values(label=joined))
    return joined


def _of(row: Row, key: DataKey) -> Action:
    def opened(column: str, place: str) -> bytes | None:
        return None if row[column] is None else key.open(row[column], place=place)

    reasons = orjson.loads(opened("reasons", f"action/{row['id']}/reasons") or b"[]")
    kept = {
        name: row[name]
        for name in ("id", "run_id", "tool", "action_class", "state", "fence", "effect", "revision")
    }
    result = opened("result", f"action/{row['id']}")
    return Action(**kept, reasons=tuple(Reason(**each) for each in reasons), result=result)
