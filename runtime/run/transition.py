"""The one compare-and-set by which a recorded action changes its state, and its erasure."""

from typing import Final

from sqlalchemy import bindparam, update

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


def blank(tx: Tx, *, run_id: str) -> None:
    """Take away what no key seals and yet says what the actions of an erased run were."""
    actions = update(tables.action).where(tables.action.c.run_id == run_id)
    tx.connection.execute(actions.values(digest=""))
