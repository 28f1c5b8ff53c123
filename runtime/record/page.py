"""Pages: what one transaction adds to one log, and the log as this process left it."""

from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from interlock.runtime.record import logs
from interlock.runtime.record.events import HOME, Event, SwitchTurned
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.tlog import Frontier, Signer, leaf_hash

_ENTRIES: Final = tables.ledger_entry.c
_LAST: Final = Statement(
    select(_ENTRIES.leaf)
    .where(_ENTRIES.log == bindparam("of_log"), _ENTRIES.run_id == bindparam("of_run"))
    .order_by(_ENTRIES.seq.desc())
    .limit(1)
)


@dataclass(kw_only=True, slots=True)
class Page:
    """What one transaction adds to one log."""

    log: str
    #: The tree to which the entries are added, and what it grows to
    before: Frontier
    frontier: Frontier
    #: The last leaf of each run
    chain: dict[str, bytes]
    #: Whether the log goes on from an older state than was witnessed
    is_recovery: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list)
    root: bytes = b""
    note: str = ""

    def append(self, event: Event, body: bytes, payload: bytes | None) -> None:
        """Add one entry, given as its canonical body and its sealed payload."""
        leaf = leaf_hash(body)
        self.rows.append(
            {
                "log": self.log,
                "seq": self.frontier.size,
                "run_id": event.run_id,
                "event": event.event,
                "body": body,
                "leaf": leaf,
                "payload": payload,
                "note": None,
            }
        )
        self.frontier = self.frontier.append(leaf)
        self.chain[event.run_id] = leaf

    def sign(self, signer: Signer) -> None:
        """Sign the new root; the last entry carries the note."""
        self.root = self.frontier.root()
        self.note = signer.sign(size=self.frontier.size, root=self.root)
        self.rows[-1]["note"] = self.note

    def previous(self, connection: Connection, run_id: str) -> bytes:
        """Return the leaf of the run's newest entry in the log, or nothing when it has none."""
        previous = self.chain.get(run_id)
        if previous is not None:
            return previous
        last = _LAST.one(connection, {"of_log": self.log, "of_run": run_id})
        return b"" if last is None else last["leaf"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """One log as this process left it."""

    frontier: Frontier
    note: str
    #: The last leaf of each run
    chain: dict[str, bytes]


def by_log(tx: Tx) -> dict[str, list[Event]]:
    """Return the events of each log, in order."""
    events: dict[str, list[Event]] = {}
    others: list[str] | None = None
    for event in tx.events:
        events.setdefault(event.log, []).append(event)
        if isinstance(event, SwitchTurned):
            # Each log says by itself which switches stop its runs.
            if others is None:
                others = [log for log in logs.names(tx.connection) if log != HOME]
            for log in others:
                if event.tenant in {None, log}:
                    events.setdefault(log, []).append(replace(event, log=log))
    return events
