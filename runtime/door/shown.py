"""What was seen in a run: the objects that its tools showed, and what its actions sent.

Everything is read from what is recorded: results from the rows of done actions, and what was sent
from the ledger's sealed entries.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import orjson
from sqlalchemy import Connection, RowMapping, bindparam, select, union_all

from interlock.runtime.canonical import LARGEST_INTEGER
from interlock.runtime.door.fields import Fields, ShownObject, objects_of
from interlock.runtime.door.plan.plan import Plan
from interlock.runtime.door.plan.stated import literals, stated
from interlock.runtime.door.remembered import remembered
from interlock.runtime.door.sent import Entry, Sent, entry_of
from interlock.runtime.door.tool import Tools
from interlock.runtime.policy.boundary import folded
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run.run import Run

_ACTIONS: Final = tables.action.c
_ENTRIES: Final = tables.ledger_entry.c
#: Bytes of the largest result that proves anything
LARGEST: Final = 262_144
_SEEN: Final = union_all(
    select(
        _ACTIONS.state.label("what"),
        _ACTIONS.id.label("name"),
        _ACTIONS.tool.label("tool"),
        _ACTIONS.until.label("seq"),
        _ACTIONS.result.label("sealed"),
        _ACTIONS.result.label("body"),
    ).where(_ACTIONS.run_id == bindparam("of_run"), _ACTIONS.state == "done"),
    select(
        _ENTRIES.event,
        _ENTRIES.log,
        _ENTRIES.event,
        _ENTRIES.seq,
        _ENTRIES.payload,
        _ENTRIES.body,
    ).where(
        _ENTRIES.run_id == bindparam("of_run"),
        _ENTRIES.log == bindparam("in_log"),
        _ENTRIES.event.in_(("intent", "step", "outcome")),
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One record, by which action of which tool it was shown, and when in the ledger."""

    tool: str
    action: str
    seq: int
    record: ShownObject
    #: The names of which the call showed every object; None for all names there are
    whole: frozenset[str] | None = frozenset()

    @property
    def names(self) -> list[str]:
        """What the principal can call the object: nobody can hide another one of that name."""
        record = self.record
        return [
            name
            for name in record.names
            if name in record.steady or self.whole is None or folded(name) in self.whole
        ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What a run's tools showed and its actions sent, in no order."""

    shown: Sequence[Shown] = ()
    sent: Sequence[Sent] = ()
    #: Kinds of which not every record could be looked through
    unclear: frozenset[str] = frozenset()
    #: The last entry of each action
    ended: Mapping[str, Entry] = field(default_factory=dict)
    #: The names of which each call showed every object; None for all names there are
    whole: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    #: What the planner stated in advance, where that counts
    plan: Plan | None = None
    #: What each done action gave as JSON, looked at when it is asked for; None for too much
    results: Mapping[str, Callable[[], Any]] = field(default_factory=dict)


def read_seen(
    connection: Connection,
    run: Run,
    *,
    key: DataKey,
    tools: Tools,
    is_planned: bool = False,
) -> Seen:
    """Return what was seen in the run, in one statement.

    That is nothing where no tool declares fields and the run has stated no plan. Raises `Tampered`
    for what was not sealed there under the run's key.
    """
    declared = _declared(tools)
    if not declared and not is_planned:
        return Seen()
    rows = _rows(connection, {"of_run": run.id, "in_log": run.tenant})
    entries = [entry_of(row, run, key) for row in rows if row["what"] != "done"]
    ended = {entry.action: entry for entry in sorted(entries, key=_seq)}
    sent = [entry.sent for entry in entries if entry.sent is not None]
    results = {
        row["name"]: partial(_result, row, key) for row in rows if row["what"] == "done"
    }
    plan = stated(sent, ended, results) if is_planned else None
    whole = _whole(declared, sent, plan)
    shown, unclear = _objects(declared, rows, whole, ended, results, key=key)
    return Seen(
        shown=shown,
        sent=sent,
        unclear=unclear,
        ended=ended,
        whole=whole,
        plan=plan,
        results=results,
    )


def _objects(
    declared: Mapping[str, Fields],
    rows: Sequence[RowMapping],
    whole: Mapping[str, frozenset[str] | None],
    ended: Mapping[str, Entry],
    results: Mapping[str, Callable[[], Any]],
    *,
    key: DataKey,
) -> tuple[list[Shown], frozenset[str]]:
    """Return what the tools showed, and the kinds of which not all could be looked through."""
    shown: list[Shown] = []
    unclear: set[str] = set()
    for fields, row in _declaring(declared, rows):
        records = remembered(
            key,
            f"{row['tool']} {row['name']}",
            row["sealed"],
            partial(_records, fields, results[row["name"]]),
        )
        if records is None:
            unclear.add(fields.kind)
        names = whole.get(row["name"], frozenset())
        shown += _shown(row, records or (), ended, names)
    return shown, frozenset(unclear)


def _records(
    fields: Fields,
    result: Callable[[], Any],
) -> list[ShownObject] | None:
    """Return the objects in a result; None where it is too large."""
    opened = result()
    return None if opened is None else objects_of(fields, opened)


def _seq(entry: Entry) -> int:
    return entry.seq


def _rows(
    connection: Connection,
    place: Mapping[str, str],
) -> Sequence[RowMapping]:
    return connection.execute(_SEEN, place).mappings().all()


def _declaring(
    declared: Mapping[str, Fields],
    rows: Sequence[RowMapping],
) -> Iterator[tuple[Fields, RowMapping]]:
    """Yield each result of a tool that declares fields."""
    for row in rows:
        fields = declared.get(row["tool"]) if row["what"] == "done" else None
        if fields is not None and row["sealed"] is not None:
            yield fields, row


def _declared(tools: Tools) -> dict[str, Fields]:
    return {
        name: tool.fields for name, tool in tools.items() if tool.fields is not None
    }


def _shown(
    row: RowMapping,
    records: Sequence[ShownObject],
    ended: Mapping[str, Entry],
    whole: frozenset[str] | None,
) -> Iterator[Shown]:
    for record in records:
        yield Shown(
            tool=row["tool"],
            action=row["name"],
            seq=ended[row["name"]].seq if row["name"] in ended else LARGEST_INTEGER,
            record=record,
            whole=whole,
        )


def _whole(
    declared: Mapping[str, Fields],
    sent: Sequence[Sent],
    plan: Plan | None,
) -> dict[str, frozenset[str] | None]:
    return {
        one.action: _whole_names(declared[one.tool], one, plan)
        for one in sent
        if one.tool in declared
    }


def _whole_names(
    fields: Fields,
    sent: Sent,
    plan: Plan | None,
) -> frozenset[str] | None:
    """Return the names of which a call showed every object; None for all names there are.

    A call that the plan says letter by letter may narrow the search: by what was planned.
    """
    if fields.finds is None or sent.has_effect:
        return frozenset()
    if not sent.arguments and not fields.finds:
        return None
    names = [sent.arguments.get(name) for name in fields.finds]
    looked = [name for name in names if isinstance(name, str)]
    narrowing = literals(plan, sent).intersection(fields.narrows) - {*fields.finds}
    is_all = len(sent.arguments.keys() - narrowing) == 1
    return frozenset(map(folded, looked)) if is_all else frozenset()


def _result(
    row: RowMapping,
    key: DataKey,
) -> Any:
    """Return a result as JSON; None where it is too large, or is none."""
    if row["sealed"] is None:
        return None
    result = key.open(row["sealed"], place=f"action/{row['name']}")
    return None if len(result) > LARGEST else orjson.loads(result)
