"""Kept: an unread result as it was recorded, with its label and what the ledger says of its bytes.

A handle is no new truth: the result is the sealed one of the action's row, the label stands with
the action's outcome in the ledger, and both go with the run's key when the run is erased.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson
from sqlalchemy import Connection, bindparam, select

from interlock.runtime.errors import Tampered
from interlock.runtime.policy.label import Label
from interlock.runtime.record.logs import kept_at
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run.run import Run, label_of

_ACTIONS: Final = tables.action.c
_ENTRIES: Final = tables.ledger_entry.c
_RESULT: Final = select(_ACTIONS.result).where(
    _ACTIONS.id == bindparam("action"),
    _ACTIONS.run_id == bindparam("of_run"),
    _ACTIONS.state == "done",
)
_OUTCOMES: Final = select(_ENTRIES.seq, _ENTRIES.body, _ENTRIES.payload).where(
    _ENTRIES.run_id == bindparam("of_run"),
    _ENTRIES.log == bindparam("in_log"),
    _ENTRIES.event.in_(("step", "outcome")),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One unread result of a run."""

    label: Label
    #: The result as JSON
    result: bytes


def read_kept(
    connection: Connection,
    run: Run,
    action: str,
    *,
    key: DataKey,
) -> Kept | None:
    """Return what the action gave; None where the run has no unread result of that action.

    Raises `Tampered` where the row does not hold what the ledger says (fails closed).
    """
    place = {"action": action, "of_run": run.id}
    sealed = connection.execute(_RESULT, place).scalar()
    if sealed is None:
        return None
    place = {"of_run": run.id, "in_log": run.tenant}
    for row in connection.execute(_OUTCOMES, place).mappings():
        body: Any = orjson.loads(row["body"])
        if body["action"] == action and "unread" in body:
            if body["sealed"]["result"] != sha256(sealed).hexdigest():
                raise Tampered(
                    what=f"action {action}", why="its result is not the recorded one"
                )
            payload = key.open(row["payload"], place=kept_at(run.tenant, row["seq"]))
            return Kept(
                label=label_of(orjson.loads(payload)["unread"]),
                result=key.open(sealed, place=f"action/{action}"),
            )
    return None
