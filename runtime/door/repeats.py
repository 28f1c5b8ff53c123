"""Repeats: in which arguments a call equals the effects that its run had by the same tool before.

Which arguments make it the same effect is the policy's to say. What was asked for before is read
from the ledger's sealed entries. An effect whose entry is not there equals every call (fails
closed).
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from sqlalchemy import Connection, bindparam, literal, select, union_all

from interlock.runtime.canonical import Json
from interlock.runtime.door.proposal import Proposal
from interlock.runtime.policy.sameness import is_same
from interlock.runtime.record.logs import kept_at
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import done
from interlock.runtime.run.run import Run

_ENTRIES: Final = tables.ledger_entry.c
#: The ids of the effects, and the entries of what the run began
_EARLIER: Final = union_all(
    select(
        done.EFFECTS_OF_TOOL.c.id.label("name"),
        literal(0).label("seq"),
        literal(b"").label("body"),
        literal(b"").label("sealed"),
    ),
    select(
        _ENTRIES.event,
        _ENTRIES.seq,
        _ENTRIES.body,
        _ENTRIES.payload,
    ).where(
        _ENTRIES.run_id == bindparam("run"),
        _ENTRIES.log == bindparam("in_log"),
        _ENTRIES.event == "intent",
    ),
)


def repeats(
    connection: Connection,
    run: Run,
    proposal: Proposal,
    *,
    key: DataKey,
) -> tuple[tuple[str, ...], ...]:
    """Return for each earlier effect by the same tool the arguments in which the two are equal.

    A call whose arguments do not fit its tool equals none. One statement; raises `Tampered` for
    what was not sealed there under the run's key.
    """
    if proposal.arguments is None:
        return ()
    rows = connection.execute(
        _EARLIER,
        {
            "run": run.id,
            "in_log": run.tenant,
            "action": proposal.id,
            "of_tool": proposal.action.tool,
        },
    ).mappings()
    asked: dict[str, Mapping[str, Any] | None] = {}
    entries = []
    for row in rows:
        if row["seq"]:
            entries.append(row)
        else:
            asked[row["name"]] = None
    for row in entries:
        action = orjson.loads(row["body"])["action"]
        if action in asked and row["sealed"] is not None:
            opened = key.open(row["sealed"], place=kept_at(run.tenant, row["seq"]))
            asked[action] = orjson.loads(opened)["arguments"]
    now = proposal.action.arguments
    return tuple(sorted(_equal(now, before) for before in asked.values()))


def _equal(
    now: Mapping[str, Json],
    before: Mapping[str, Any] | None,
) -> tuple[str, ...]:
    """Return the arguments of *now* that said the same *before*."""
    if before is None:
        return tuple(sorted(now))
    return tuple(
        sorted(name for name, value in now.items() if is_same(value, before.get(name)))
    )
