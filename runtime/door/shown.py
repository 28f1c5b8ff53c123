"""What was seen in a run: the objects that its tools showed, and what its actions sent.

Everything is read from what is recorded: results from the rows of done actions, and what was sent
from the ledger's sealed entries.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy import Connection, RowMapping, bindparam, select, union_all

from interlock.runtime.canonical import LARGEST_INTEGER
from interlock.runtime.door.fields import Fields, ShownObject, objects_of
from interlock.runtime.door.tool import Tools
from interlock.runtime.policy.boundary import folded
from interlock.runtime.record.logs import kept_at
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
class Sent:
    """What one action sent: all of it, and what of it was proved by nothing."""

    action: str
    seq: int
    #: The action changes something, so what it sent may come back in any later result
    has_effect: bool
    texts: frozenset[str]
    unproved: frozenset[str]
    #: What the action was given, without what was left out
    arguments: Mapping[str, Any] = field(default_factory=dict)


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


def read_seen(
    connection: Connection,
    run: Run,
    *,
    key: DataKey,
    tools: Tools,
) -> Seen:
    """Return what was seen in the run, in one statement; nothing where no tool declares fields.

    Raises `Tampered` for what was not sealed there under the run's key.
    """
    declared = _declared(tools)
    if not declared:
        return Seen()
    rows = _rows(connection, {"of_run": run.id, "in_log": run.tenant})
    entries = [_entry(row, run, key) for row in rows if row["what"] != "done"]
    ended = {action: seq for action, seq, _ in sorted(entries, key=_seq)}
    asked = {action: sent for action, _, sent in entries if sent is not None}
    shown: list[Shown] = []
    unclear: set[str] = set()
    for fields, row in _results(declared, rows):
        records = _records(fields, row, key)
        if records is None:
            unclear.add(fields.kind)
        whole = _whole(fields, asked.get(row["name"]))
        shown += _shown(row, records or (), ended, whole)
    return Seen(
        shown=shown,
        sent=[sent for _, _, sent in entries if sent is not None],
        unclear=frozenset(unclear),
    )


def _rows(connection: Connection, place: Mapping[str, str]) -> Sequence[RowMapping]:
    return connection.execute(_SEEN, place).mappings().all()


def _results(
    declared: Mapping[str, Fields], rows: Sequence[RowMapping]
) -> Iterator[tuple[Fields, RowMapping]]:
    """Yield each result of a tool that declares fields."""
    for row in rows:
        fields = declared.get(row["tool"]) if row["what"] == "done" else None
        if fields is not None and row["sealed"] is not None:
            yield fields, row


def _records(fields: Fields, row: RowMapping, key: DataKey) -> list[ShownObject] | None:
    """Return the records of a result; None where it is too large."""
    result = key.open(row["sealed"], place=f"action/{row['name']}")
    if len(result) > LARGEST:
        return None
    return objects_of(fields, orjson.loads(result))


def _declared(tools: Tools) -> dict[str, Fields]:
    return {
        name: tool.fields for name, tool in tools.items() if tool.fields is not None
    }


def _shown(
    row: RowMapping,
    records: Sequence[ShownObject],
    ended: Mapping[str, int],
    whole: frozenset[str] | None,
) -> Iterator[Shown]:
    for record in records:
        yield Shown(
            tool=row["tool"],
            action=row["name"],
            seq=ended.get(row["name"], LARGEST_INTEGER),
            record=record,
            whole=whole,
        )


def _whole(fields: Fields, sent: Sent | None) -> frozenset[str] | None:
    """Return the names of which a call showed every object; None for all names there are."""
    if fields.finds is None or sent is None or sent.has_effect:
        return frozenset()
    if not sent.arguments and not fields.finds:
        return None
    names = [sent.arguments.get(name) for name in fields.finds]
    looked = [name for name in names if isinstance(name, str)]
    return frozenset(map(folded, looked)) if len(sent.arguments) == 1 else frozenset()


def _seq(entry: tuple[str, int, Sent | None]) -> int:
    return entry[1]


def _entry(row: Any, run: Run, key: DataKey) -> tuple[str, int, Sent | None]:
    """Return of a ledger entry the action, the place in the log, and what was sent by then."""
    action = orjson.loads(row["body"])["action"]
    seq = row["seq"]
    if row["what"] == "outcome" or row["sealed"] is None:
        return action, seq, None
    asked = key.open(row["sealed"], place=kept_at(run.tenant, seq))
    return action, seq, _sent(row, action, orjson.loads(asked))


def _sent(row: Any, action: str, asked: Mapping[str, Any]) -> Sent:
    labels = asked["context"]["labels"]
    arguments = asked["arguments"]
    unproved = [
        value
        for name, value in arguments.items()
        if labels.get(name, {}).get("integrity") != "trusted"
    ]
    return Sent(
        action=action,
        seq=row["seq"],
        has_effect=row["what"] == "intent",
        texts=frozenset(map(folded, _texts(list(arguments.values())))),
        unproved=frozenset(map(folded, _texts(unproved))),
        arguments={
            name: value
            for name, value in arguments.items()
            if value not in (None, "", [])
        },
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield name
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
