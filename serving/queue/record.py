"""The tenant's log as people look at it: its head, its newest entries, and whether it verifies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from interlock.runtime.record.entry_values import body_of
from interlock.runtime.record.ledger import Head
from interlock.runtime.record.store import tables
from interlock.serving.queue.visitor import Visitor

NEWEST: Final = 100
_ENTRIES: Final = tables.ledger_entry.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry as the list shows it: codes and states, never what is sealed."""

    seq: int
    at: int
    event: str
    run: str
    tool: str
    state: str
    codes: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Log:
    """One log."""

    log: str
    origin: str
    head: Head
    #: The public key that its checkpoints are signed with, in hex
    key: str
    #: The newest checkpoint outside the database; empty for none
    checkpoint: str
    entries: Sequence[Entry]
    #: The number below which the next page begins; 0 for none
    older: int


async def record(visitor: Visitor, *, below: int) -> Log:
    """Return the visitor's log with the entries before the number *below*; 0 means the newest."""
    ledger = visitor.home.ledger
    entries = await visitor.home.store.read(
        lambda connection: _entries(connection, visitor.tenant, below)
    )
    return Log(
        log=visitor.tenant,
        origin=ledger.origin(visitor.tenant),
        head=await ledger.head(visitor.tenant),
        key=ledger.public_key.hex(),
        checkpoint=ledger.witness.newest(visitor.tenant) or "",
        entries=entries[:NEWEST],
        older=entries[NEWEST - 1].seq if len(entries) > NEWEST else 0,
    )


def _entries(connection: Connection, log: str, below: int) -> list[Entry]:
    query = (
        select(_ENTRIES.seq, _ENTRIES.run_id, _ENTRIES.event, _ENTRIES.body)
        .where(_ENTRIES.log == log)
        .order_by(_ENTRIES.seq.desc())
        .limit(NEWEST + 1)
    )
    if below:
        query = query.where(_ENTRIES.seq < below)
    return [
        _entry(row, body_of(row["body"]) or {})
        for row in connection.execute(query).mappings()
    ]


def _entry(row: Any, body: dict[str, Any]) -> Entry:
    return Entry(
        seq=row["seq"],
        at=int(body.get("at", 0)),
        event=row["event"],
        run=row["run_id"],
        tool=str(body.get("tool", "")),
        state=str(body.get("state") or body.get("status") or body.get("effect") or ""),
        codes=[str(code) for code in body.get("codes", ())],
    )
