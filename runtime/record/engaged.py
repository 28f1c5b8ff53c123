"""The kill switches that a log says are engaged, whatever stands in their table."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from interlock.runtime.errors import NotAsRecorded
from interlock.runtime.record.entry_values import body_of
from interlock.runtime.record.events import SwitchTurned
from interlock.runtime.record.spend import Values
from interlock.runtime.record.store import tables
from interlock.runtime.record.store.statement import Statement

_ENTRIES: Final = tables.ledger_entry.c
_TURNED: Final = Statement(
    select(_ENTRIES.body)
    .where(
        _ENTRIES.run_id == "",
        _ENTRIES.log == bindparam("of_log"),
        _ENTRIES.seq >= bindparam("first"),
        _ENTRIES.seq < bindparam("end"),
        _ENTRIES.event == SwitchTurned.event,
    )
    .order_by(_ENTRIES.seq)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Engaged:
    """The engaged switches of one log up to `size`, as (scope, id)."""

    log: str
    size: int = 0
    switches: frozenset[tuple[str, str]] = frozenset()

    def at(self, connection: Connection, *, size: int) -> "Engaged":
        """Read on to the log's *size*, and return the switches there."""
        if size == self.size:
            return self
        place = {"of_log": self.log, "first": self.size, "end": size}
        rows = _TURNED.all(connection, place)
        switches = turned(self.switches, [body_of(row["body"]) for row in rows])
        return Engaged(
            log=self.log,
            size=size,
            switches=switches,
        )


def turned(
    switches: Iterable[tuple[str, str]], bodies: Iterable[Values]
) -> frozenset[tuple[str, str]]:
    """Return the engaged switches after the entries with *bodies*."""
    engaged = set(switches)
    for body in bodies:
        switch = (str(body.get("scope")), str(body.get("id")))
        engaged.discard(switch)
        if body.get("engaged"):
            engaged.add(switch)
    return frozenset(engaged)


def refuse_killed(
    switches: Iterable[tuple[str, str]], intent: Values, *, log: str
) -> None:
    """Raise `NotAsRecorded` when one of the engaged *switches* covers the intent of *log*."""
    covering = {
        ("tenant", log),
        ("tool", str(intent.get("tool"))),
        ("run", str(intent.get("run"))),
    }
    for scope, name in sorted(switches):
        if scope == "all" or (scope, name) in covering:
            raise NotAsRecorded(
                code="killed",
                table="kill_switch",
                row=f"{scope}/{name}",
                why="the ledger says that the switch is engaged, and its row is gone",
            )


def bodies_of(entries: Iterable[Any]) -> list[Values]:
    """Return the bodies of those new *entries* that turn a switch."""
    return [
        body_of(entry["body"])
        for entry in entries
        if entry["event"] == SwitchTurned.event
    ]
