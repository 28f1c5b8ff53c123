"""The one compare-and-set by which a recorded action changes its state."""

from typing import Final

from sqlalchemy import bindparam, update

from interlock.runtime.errors import GuardFailed
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.run.recorded_action import Readback, State

_COLUMNS: Final = tables.action.c
_MOVE: Final = Statement(
    update(tables.action).where(
        _COLUMNS.id == bindparam("action"),
        _COLUMNS.state == bindparam("from_state"),
        _COLUMNS.until <= bindparam("at_most"),
    )
)
#: No time is later
EVER: Final = 2**62


def move(
    tx: Tx,
    action_id: str,
    before: State,
    after: State,
    *,
    until: int,
    result: bytes | None = None,
    readback: Readback = "",
    undo: bytes | None = None,
    at_most: int = EVER,
) -> bool:
    """Move an action that is in the state *before*, and say whether it was.

    *until* is when whoever started the action can be at work on it no more. An action at which
    somebody may be at work after *at_most* is not moved.
    """
    values = {
        "action": action_id,
        "from_state": before,
        "at_most": at_most,
        "state": after,
        "result": result,
        "readback": readback,
        "undo": undo,
        "until": until,
        "updated": tx.now,
    }
    return _MOVE.run(tx.connection, values) == 1


def elsewhere(action_id: str) -> GuardFailed:
    """Return the failure of a move whose action is not in the state that it expects."""
    return GuardFailed(
        guard=f"action {action_id}",
        why="it is not in the state it was to be moved from",
        next_step="Look with `interlock run show`.",
    )
