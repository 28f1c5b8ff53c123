"""Results: what the tools of a run have shown so far, as proofs of values.

Everything is read from what is recorded: results from the rows of done actions, and what was sent
from the ledger's sealed entries. So a proof outlives a restart, is sealed under the run's key, and
is erased with the run. A planner can add nothing to either but values of its own, and what the run
sent without proof proves nothing when it comes back (fails closed).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import orjson
from sqlalchemy import Connection, RowMapping, bindparam, select, union_all

from interlock.runtime.canonical import LARGEST_INTEGER, Json
from interlock.runtime.door.fields import Fields, Record, Writer, records_of
from interlock.runtime.door.tool import AnyTool
from interlock.runtime.policy.boundary import folded
from interlock.runtime.policy.label import Confidentiality, Integrity, Label
from interlock.runtime.policy.moments import number_of
from interlock.runtime.policy.words import Words
from interlock.runtime.record.logs import kept_at
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run.run import Run

_ACTIONS: Final = tables.action.c
_ENTRIES: Final = tables.ledger_entry.c
#: Bytes of the largest result that proves anything
LARGEST: Final = 262_144
#: A shorter text says nothing by standing within another
SHORTEST: Final = 4
#: The results of a run, and what it sent and asked for
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
_RANK: Final[tuple[Integrity, ...]] = ("trusted", "unvouched", "untrusted")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """What one action sent: all of it, and what of it was proved by nothing."""

    action: str
    seq: int
    #: The action changes something, so what it sent may come back in any later result
    has_effect: bool
    texts: frozenset[str]
    unproved: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One record, by which action of which tool it was shown, and when in the ledger."""

    tool: str
    action: str
    seq: int
    record: Record


class Results:
    """The proofs of one run, as they were recorded at one moment; asked for by value."""

    def __init__(
        self,
        *,
        words: Words,
        confidentiality: Confidentiality,
        shown: Sequence[Shown],
        sent: Sequence[Sent],
        unclear: frozenset[str],
    ) -> None:
        self._words = words
        self._confidentiality = confidentiality
        self._shown = shown
        self._sent = [one for one in sent if one.unproved]
        #: Kinds of which not every record could be looked through
        self._unclear = unclear

    def label(self, leaf: Json) -> Label | None:
        """Return the best label that a result proves for *leaf*, or None."""
        for key in _keys(leaf):
            if key in self._proofs:
                return self._proofs[key]
        return None

    @cached_property
    def _proofs(self) -> dict[str, Label]:
        proofs: dict[str, Label] = {}
        for one in self._shown:
            sent = [other for other in self._sent if _reaches(other, one)]
            is_chosen = self._is_chosen(one, sent)
            for pattern, writer, leaf in one.record.leaves:
                if not _is_value(leaf) or _is_sent(leaf, sent):
                    continue
                label = Label(
                    integrity=_integrity(writer, is_chosen=is_chosen),
                    confidentiality=self._confidentiality,
                    sources=(f"tool:{one.tool}#{pattern}",),
                )
                key = _key(leaf)
                proofs[key] = min(proofs.get(key, label), label, key=_rank)
        return proofs

    @cached_property
    def _called(self) -> dict[tuple[str, str], set[str]]:
        """Which objects of a kind the run has seen under each name."""
        called: dict[tuple[str, str], set[str]] = defaultdict(set)
        for one in self._shown:
            for name in one.record.names:
                called[one.record.kind, folded(name)].add(one.record.identity)
        return called

    def _is_chosen(self, shown: Shown, sent: list[Sent]) -> bool:
        """Whether the principal chose the record: it is his or hers, or is named, and alone.

        One that the run itself may have changed without proof is not chosen by its name.
        """
        record = shown.record
        if record.of == "principal":
            return True
        if not record.kind or record.kind in self._unclear:
            return False
        if any(_may_have_changed(one, shown) for one in sent):
            return False
        return any(
            self._words.names(name)
            and len(self._called[record.kind, folded(name)]) == 1
            for name in record.names
        )


def read_results(
    connection: Connection,
    run: Run,
    *,
    key: DataKey,
    tools: Mapping[str, AnyTool],
    words: Words,
    run_label: Label,
) -> Results:
    """Return what the run's tools have shown, in one statement.

    Raises `Tampered` for what was not sealed there under the run's key.
    """
    declared = _declared(tools)
    place = {"of_run": run.id, "in_log": run.tenant}
    rows = _rows(connection, place) if declared else ()
    entries = [_entry(row, run, key) for row in rows if row["what"] != "done"]
    ended = {action: seq for action, seq, _ in sorted(entries, key=_seq)}
    shown: list[Shown] = []
    unclear: set[str] = set()
    for row in rows:
        fields = declared.get(row["tool"]) if row["what"] == "done" else None
        if fields is None or row["sealed"] is None:
            continue
        result = key.open(row["sealed"], place=f"action/{row['name']}")
        records = _records(fields, result)
        if records is None:
            unclear.add(fields.kind)
        seq = ended.get(row["name"], LARGEST_INTEGER)
        shown += _shown(row, seq, records or ())
    return Results(
        words=words,
        confidentiality=run_label.confidentiality,
        shown=shown,
        sent=[sent for _, _, sent in entries if sent is not None],
        unclear=frozenset(unclear),
    )


def _declared(tools: Mapping[str, AnyTool]) -> dict[str, Fields]:
    return {
        name: tool.fields for name, tool in tools.items() if tool.fields is not None
    }


def _shown(row: RowMapping, seq: int, records: Sequence[Record]) -> Iterator[Shown]:
    for record in records:
        yield Shown(
            tool=row["tool"],
            action=row["name"],
            seq=seq,
            record=record,
        )


def _rows(connection: Connection, place: Mapping[str, str]) -> Sequence[RowMapping]:
    return connection.execute(_SEEN, place).mappings().all()


def _records(fields: Fields, result: bytes) -> list[Record] | None:
    if len(result) > LARGEST:
        return None
    return records_of(fields, orjson.loads(result))


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
    )


def _reaches(sent: Sent, shown: Shown) -> bool:
    """Whether what was sent may come back in what was shown."""
    if sent.action == shown.action:
        return True
    return sent.has_effect and sent.seq < shown.seq


def _may_have_changed(sent: Sent, shown: Shown) -> bool:
    """Whether an effect was aimed, by a name or by the id, at what was shown after it."""
    record = shown.record
    if not sent.has_effect:
        return False
    if record.of == "created" and sent.action == shown.action:
        return False
    aimed = {folded(name) for name in (record.id, *record.names)}
    return not record.id or not aimed.isdisjoint(sent.texts)


def _is_sent(leaf: Any, sent: list[Sent]) -> bool:
    """Whether the leaf may be what the run itself sent without proof, whole or as a part."""
    text = folded(str(leaf))
    return any(
        text == other
        or (len(text) >= SHORTEST and text in other)
        or (len(other) >= SHORTEST and other in text)
        for one in sent
        for other in one.unproved
    )


def _is_value(leaf: Any) -> bool:
    return leaf is not None and leaf != "" and not isinstance(leaf, bool)


def _integrity(writer: Writer, *, is_chosen: bool) -> Integrity:
    if writer == "anyone":
        return "untrusted"
    return "trusted" if is_chosen else "unvouched"


def _rank(label: Label) -> int:
    return _RANK.index(label.integrity)


def _key(leaf: Any) -> str:
    if isinstance(leaf, int | float):
        return f"number:{Decimal(str(leaf)).normalize()}"
    return f"str:{leaf}"


def _keys(leaf: Json) -> Iterator[str]:
    """Yield how a result may have the leaf; a decimal text may be a number there."""
    if leaf is None or isinstance(leaf, bool):
        return
    yield _key(leaf)
    if isinstance(leaf, str) and "." in leaf:
        number = number_of(leaf)
        if number is not None:
            yield f"number:{number.normalize()}"


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
