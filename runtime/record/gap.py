"""Gaps: what the witness knows of a log and the database has not, so that nothing may be added.

A log in the database is the one that was witnessed when it holds the witnessed checkpoint byte for
byte, or an entry by which a person recovered the log from exactly that checkpoint; and when its
newest checkpoint is one of ours. Everything else is a gap (fails closed).
"""

import time
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import orjson
from sqlalchemy import Connection, bindparam, select

from interlock.runtime.errors import RolledBack, Tampered
from interlock.runtime.record import logs
from interlock.runtime.record.events import HOME, Recovered
from interlock.runtime.record.store import tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.tlog import Checkpoint, Frontier, attested, leaf_hash
from interlock.runtime.record.witness import Witness

#: rolled_back: the witnessed checkpoint is not in the database
#: unwitnessed: there are entries, and nothing outside says that they are the newest
Code: TypeAlias = Literal["rolled_back", "unwitnessed"]
_ENTRIES: Final = tables.ledger_entry.c
_NOTED: Final = Statement(
    select(_ENTRIES.note).where(
        _ENTRIES.log == bindparam("of_log"), _ENTRIES.seq == bindparam("at")
    )
)
_LEAVES: Final = (
    select(_ENTRIES.leaf)
    .where(_ENTRIES.log == bindparam("of_log"))
    .order_by(_ENTRIES.seq)
)
_RECOVERIES: Final = select(_ENTRIES.body, _ENTRIES.leaf).where(
    _ENTRIES.log == bindparam("of_log"), _ENTRIES.event == Recovered.event
)
_SEVERAL: Final = 2
_CHECKPOINTS: Final = (
    select(_ENTRIES.seq)
    .where(_ENTRIES.log == bindparam("of_log"), _ENTRIES.note.is_not(None))
    .limit(_SEVERAL)
)
#: Seconds for another process between its commit and its note
_NOTE_WAIT_S: Final = 1.0
_WHY: Final = {
    "rolled_back": "the database was put back: it has {here} entries, {known} were witnessed",
    "unwitnessed": "nothing outside the database says that its {here} entries are the newest",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """What is known of one log outside the database, and what the database has of it."""

    code: Code
    log: str
    #: The size and root that were witnessed; 0 and an empty text for none
    known_size: int = 0
    known_root: str = ""
    size: int
    root: str

    def is_named_by(self, recovery: Recovered) -> bool:
        """Whether the recovery is one from exactly this gap."""
        named = (recovery.known_size, recovery.known_root, recovery.size, recovery.root)
        return named == (self.known_size, self.known_root, self.size, self.root)

    def error(self) -> RolledBack:
        """Return what whoever wants to add to the log is told."""
        why = _WHY[self.code].format(here=self.size, known=self.known_size)
        return RolledBack(log=self.log, why=why)


def gaps(
    connection: Connection, witness: Witness, *, public: bytes, trusting: bool
) -> list[Gap]:
    """Return every gap, of the logs in the database and of those that are only witnessed."""
    # The notes first: a log may grow meanwhile, but a note newer than its log is a gap.
    notes: dict[str, str | None] = dict(witness.logs())
    names = {HOME, *notes, *logs.names(connection)}
    one_by_one = (
        gap(
            connection,
            log,
            logs.frontier(connection, log) or Frontier(),
            note=notes[log] if log in notes else witness.begun(log),
            witness=witness,
            public=public,
            trusting=trusting,
        )
        for log in sorted(names)
    )
    return [gap for gap in one_by_one if gap is not None]


def gap(
    connection: Connection,
    log: str,
    frontier: Frontier,
    *,
    note: str | None,
    witness: Witness,
    public: bytes,
    trusting: bool,
) -> Gap | None:
    """Return the gap of one log whose tree in the database is *frontier*, or None.

    *note* is what `witness.newest` said. Where *trusting*, a log that was never witnessed is taken
    as it stands. Raises `Tampered` when the newest checkpoint is none of ours, or of another tree.
    """
    if note == "" and not trusting and _is_emptied(connection, log, witness):
        note = None
    _check_head(connection, log, frontier, public)
    if note is None:
        is_known = log != HOME and not frontier.size
        if trusting or is_known:
            return None
        return Gap(
            code="unwitnessed",
            log=log,
            size=frontier.size,
            root=frontier.root().hex(),
        )
    known = Checkpoint.parse(note) if note else Checkpoint("", 0, b"")
    if known is None or known.size == 0:
        return None
    if _note(connection, log, known.size) == note:
        return None
    if _is_recovered(connection, log, known, frontier):
        return None
    return Gap(
        code="rolled_back",
        known_size=known.size,
        known_root=known.root.hex(),
        log=log,
        size=frontier.size,
        root=frontier.root().hex(),
    )


def _is_emptied(connection: Connection, log: str, witness: Witness) -> bool:
    """Whether the notes of a log are gone: the log has many checkpoints, and nothing says so.

    Only the first commit of a log may find no note. Other processes that begin the log write theirs
    just after they commit, so they are given a moment (fails closed when it is over).
    """
    if len(connection.execute(_CHECKPOINTS, {"of_log": log}).all()) < _SEVERAL:
        return False
    deadline = time.monotonic() + _NOTE_WAIT_S
    while witness.newest(log) == "":
        if time.monotonic() > deadline:
            return True
        time.sleep(0.02)
    return False


def _note(connection: Connection, log: str, size: int) -> str | None:
    row = _NOTED.one(connection, {"of_log": log, "at": size - 1})
    return None if row is None else row["note"]


def _check_head(
    connection: Connection, log: str, frontier: Frontier, public: bytes
) -> None:
    if not frontier.size:
        return
    note = _note(connection, log, frontier.size)
    signed = attested(note, public) if isinstance(note, str) else None
    if signed is None or (signed.size, signed.root) != (frontier.size, frontier.root()):
        why = "its newest checkpoint is not ours, or not of the tree that stands there"
        raise Tampered(what=f"log {log}", why=why)


def _is_recovered(
    connection: Connection, log: str, known: Checkpoint, frontier: Frontier
) -> bool:
    """Whether a signed entry of the log recovers it from exactly what is *known*."""
    wanted = {"size": known.size, "root": known.root.hex()}
    place = {"of_log": log}
    for body, leaf in connection.execute(_RECOVERIES, place):
        if leaf_hash(body) == leaf and _known(body) == wanted:
            return _root(connection, log) == frontier.root()
    return False


def _known(body: bytes) -> Any:
    return orjson.loads(body).get("known")


def _root(connection: Connection, log: str) -> bytes:
    """Return the root over every leaf; only after a recovery, before the witness knows of it."""
    tree = Frontier()
    for leaf in connection.execute(_LEAVES, {"of_log": log}).scalars():
        tree = tree.append(leaf)
    return tree.root()
