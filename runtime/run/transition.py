"""The one compare-and-set by which a recorded action changes its state."""

from typing import Final

from sqlalchemy import bindparam, update

from interlock.runtime.errors import GuardFailed
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.bulk import Bulk, listed
from interlock.runtime.record.store.of_many import OfMany
from interlock.runtime.run.recorded_action import Readback, State

_COLUMNS: Final = tables.action.c
#: Where an action stands
ACTIONS: Final = OfMany(
    tables.action,
    _COLUMNS.id,
    only=(_COLUMNS.id, _COLUMNS.state, _COLUMNS.fence, _COLUMNS.until),
    lock=True,
)
_CHANGED: Final = ("state", "result", "readback", "undo", "until", "updated")
_MOVE: Final = Bulk(
    tables.action,
    one=update(tables.action).where(
        _COLUMNS.id == bindparam("action"),
        _COLUMNS.state == bindparam("from_state"),
        _COLUMNS.until <= bindparam("at_most"),
    ),
    served=(
        f"UPDATE action SET {listed(_CHANGED, '{0} = given.{0}')} FROM given "  # noqa: S608 - names of ours
        "WHERE action.id = given.action AND action.state = given.from_state "
        "AND action.until <= given.at_most"
    ),
    given={
        "action": _COLUMNS.id,
        "from_state": _COLUMNS.state,
        "at_most": _COLUMNS.until,
        **{name: _COLUMNS[name] for name in _CHANGED},
    },
    key=("action",),
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
    row = tx.row(ACTIONS, action_id)
    if row is None or row["state"] != before or row["until"] > at_most:
        return False
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
    tx.forget(ACTIONS, action_id)
    tx.put(_MOVE, values)
    return True


def elsewhere(action_id: str) -> GuardFailed:
    """Return the failure of a move whose action is not in the state that it expects."""
    return GuardFailed(
        guard=f"action {action_id}",
        why="it is not in the state it was to be moved from",
        next_step="Look with `interlock run show`.",
    )
