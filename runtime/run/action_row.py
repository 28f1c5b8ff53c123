"""The row of one action: locked, compared, written and moved within a transaction."""

import time
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import bindparam, insert, select, update

from interlock.runtime.errors import GuardFailed
from interlock.runtime.record.events import Sealed
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.run.attempt import Attempt
from interlock.runtime.run.recorded_action import State

#: Where an action stands within a transaction: None before it is recorded, "reopened" when the
#: engine's failure to answer binds it no more
Stage: TypeAlias = State | Literal["reopened"] | None
UNDECIDED: Final[tuple[Stage, ...]] = (None, "waiting", "reopened")
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


def stage_of(tx: Tx, step: Attempt) -> Stage:
    """Return where the action stands; its row is locked until the transaction ends."""
    row = _STATE.one(tx.connection, {"action": step.id})
    if row is None:
        return None
    state: State = row["state"]
    if state == "denied" and step.afresh and row["fence"] < step.run.fence:
        return "reopened"
    return state


def expect(tx: Tx, step: Attempt, expected: tuple[Stage, ...]) -> Stage:
    """Return where the action stands; fails closed (`GuardFailed`) for none of *expected*."""
    stage = stage_of(tx, step)
    if stage not in expected:
        raise elsewhere(step)
    return stage


def move(
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


def elsewhere(step: Attempt) -> GuardFailed:
    """Return the error for an action that is not where it was to be moved from."""
    why = "it is not in the state it was to be moved from"
    return GuardFailed(
        guard=f"action {step.id}",
        why=why,
        next_step=_SHOW,
    )


def put(
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
        "result": seal(step, result),
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


def seal(step: Attempt, result: bytes | None) -> bytes | None:
    """Return the result as the row holds it."""
    return None if result is None else step.key.seal(result, place=f"action/{step.id}")
