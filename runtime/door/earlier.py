"""Earlier: the effects that a run has begun before, and in what a call says the same as each.

Which arguments make two of them the same effect is the policy's to say. What was asked for before
is read from the ledger's sealed entries. An effect whose entry is not there is told as one of which
nothing is known, begun after whatever people were asked (fails closed in the policy).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson
from sqlalchemy import Connection, RowMapping, bindparam, literal, select, union_all

from interlock.runtime.canonical import Json
from interlock.runtime.door.proposal import Proposal
from interlock.runtime.door.remembered import remembered
from interlock.runtime.policy.request import EarlierEffect
from interlock.runtime.policy.sameness import is_same, says_something
from interlock.runtime.record.logs import kept_at
from interlock.runtime.record.store import tables
from interlock.runtime.record.store.statement import Row
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import done
from interlock.runtime.run.run import Run

_ENTRIES: Final = tables.ledger_entry.c
_BEGUN: Final = "intent"
_ASKED: Final = "approval_requested"
#: The effects, and the entries of what the run began and of what people were asked
_EARLIER: Final = union_all(
    select(
        done.EFFECTS.c.id.label("name"),
        done.EFFECTS.c.tool.label("tool"),
        done.EFFECTS.c.state.label("state"),
        literal(0).label("seq"),
        literal(b"").label("body"),
        literal(b"").label("sealed"),
    ),
    select(
        _ENTRIES.event,
        _ENTRIES.event,
        _ENTRIES.event,
        _ENTRIES.seq,
        _ENTRIES.body,
        _ENTRIES.payload,
    ).where(
        _ENTRIES.run_id == bindparam("run"),
        _ENTRIES.log == bindparam("in_log"),
        _ENTRIES.event.in_((_BEGUN, _ASKED)),
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entries:
    """What the ledger has of the effects, and of the questions about one call."""

    #: Effect -> what it was asked with
    said: Mapping[str, Mapping[str, Any]]
    #: Effect -> where the log says that it was begun, the last time
    begun: Mapping[str, int]
    #: Approval of the call -> where the log says that it was asked for
    questions: Mapping[str, int]

    def overtook(self, effect: str) -> tuple[str, ...]:
        """Return the approvals that were asked for before the effect was begun, in order."""
        begun = self.begun.get(effect)
        return tuple(
            approval
            for approval, asked in sorted(self.questions.items())
            if begun is None or asked < begun
        )


def done_before(
    connection: Connection,
    run: Run,
    proposal: Proposal,
    row: Row,
    key: DataKey,
) -> dict[str, Any]:
    """Return what the run may do and has done, by the names of the facts.

    An effect of a run with words is told beside each of the others.
    """
    facts = done.facts_for(row)
    has_effect = proposal.tool is not None and proposal.tool.has_effect
    if facts["intent"].spoken and has_effect and facts["done"]:
        facts["earlier"] = _earlier(connection, run, proposal, key=key)
    return facts


def _earlier(
    connection: Connection,
    run: Run,
    proposal: Proposal,
    *,
    key: DataKey,
) -> tuple[EarlierEffect, ...]:
    """Return the other effects of the run, each beside the call that is proposed.

    A call whose arguments do not fit its tool has none. One statement; raises `Tampered` for what
    was not sealed there under the run's key.
    """
    if proposal.arguments is None:
        return ()
    rows = connection.execute(
        _EARLIER,
        {
            "run": run.id,
            "in_log": run.tenant,
            "action": proposal.id,
        },
    ).mappings()
    effects: dict[str, RowMapping] = {}
    entries: list[RowMapping] = []
    for row in rows:
        if row["seq"]:
            entries.append(row)
        else:
            effects[row["name"]] = row
    read = _read(entries, proposal.id, run, key)
    now = proposal.action.arguments
    beside = [_beside(now, row, read) for row in effects.values()]
    return tuple(sorted(beside, key=repr))


def _read(
    entries: list[RowMapping],
    call: str,
    run: Run,
    key: DataKey,
) -> _Entries:
    """Return what the entries say of the effects, and of the questions about *call*."""
    said: dict[str, Mapping[str, Any]] = {}
    begun: dict[str, int] = {}
    questions: dict[str, int] = {}
    for row in entries:
        body = orjson.loads(row["body"])
        action = body["action"]
        if row["tool"] == _ASKED:
            if action == call:
                questions[body["approval"]] = row["seq"]
            continue
        begun[action] = max(row["seq"], begun.get(action, 0))
        if row["sealed"] is not None:
            said[action] = remembered(
                key,
                f"intent {row['seq']}",
                row["sealed"],
                partial(_opened, row, run, key),
            )
    return _Entries(
        said=said,
        begun=begun,
        questions=questions,
    )


def _opened(
    row: RowMapping,
    run: Run,
    key: DataKey,
) -> Mapping[str, Any]:
    opened = key.open(row["sealed"], place=kept_at(run.tenant, row["seq"]))
    arguments: Mapping[str, Any] = orjson.loads(opened)["arguments"]
    return arguments


def _beside(
    now: Mapping[str, Json],
    row: RowMapping,
    read: _Entries,
) -> EarlierEffect:
    """Return one effect beside the arguments of *now*."""
    is_settled = row["state"] == "done"
    overtook = read.overtook(row["name"])
    before = read.said.get(row["name"])
    if before is None:
        return EarlierEffect(
            tool=row["tool"],
            settled=is_settled,
            said=None,
            overtook=overtook,
        )
    said = sorted(name for name, value in before.items() if says_something(value))
    same = {
        name: tuple(one for one in said if is_same(value, before[one]))
        for name, value in sorted(now.items())
        if says_something(value)
    }
    return EarlierEffect(
        tool=row["tool"],
        settled=is_settled,
        said=tuple(said),
        same=same,
        overtook=overtook,
    )
