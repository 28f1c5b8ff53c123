"""A log read entry by entry, as far as it was read: what is stored is what was signed.

A scan is the quick part of `interlock.runtime.record.audit_verify`: numbers without gaps, leaves
that are the hashes of the bodies, columns that repeat the bodies, the root, and our signature under
it. It goes on where it stopped, so each entry is read once in the life of a process.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from sqlalchemy import Connection, bindparam, select

from interlock.runtime.errors import LogBroken
from interlock.runtime.record.entry_values import body_of
from interlock.runtime.record.store import tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.tlog import Frontier, leaf_hash, node_hash, opened

_COLUMNS: Final = tables.ledger_entry.c
_ENTRIES: Final = Statement(
    select(
        _COLUMNS.seq,
        _COLUMNS.run_id,
        _COLUMNS.event,
        _COLUMNS.body,
        _COLUMNS.leaf,
    )
    .where(
        _COLUMNS.log == bindparam("of_log"),
        _COLUMNS.seq >= bindparam("first"),
        _COLUMNS.seq < bindparam("end"),
    )
    .order_by(_COLUMNS.seq)
)
_BEYOND: Final = Statement(
    select(_COLUMNS.seq)
    .where(_COLUMNS.log == bindparam("of_log"), _COLUMNS.seq >= bindparam("end"))
    .limit(1)
)
_NOTE: Final = Statement(
    select(_COLUMNS.note).where(
        _COLUMNS.log == bindparam("of_log"), _COLUMNS.seq == bindparam("at")
    )
)
_ENDED: Final = frozenset({"done", "failed", "cancelled"})
#: Rows that are read from the database at a time
_ROWS: Final = 500


@dataclass(kw_only=True, slots=True)
class Scan:
    """What was read of one log; lives as long as the process, on one thread at a time.

    A scan that begins *first* entries into the log knows no root before that, so only the newest
    signature stands for what came before.
    """

    log: str
    origin: str
    public_key: bytes
    first: int = 0
    size: int = 0
    #: The leaf of the last entry of every run that has not ended, or was opened again
    open_runs: dict[str, bytes] = field(default_factory=dict)
    _subtrees: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin where the scan is to begin."""
        self.size = self.first

    def advance(self, connection: Connection, head: Frontier) -> None:
        """Read on to *head*, the tree as the database says it is.

        Raises `LogBroken` for the first entry that is not what was signed (fails closed).
        """
        if head.size < self.size:
            self._broken("rolled_back", f"the log had {self.size} entries", head.size)
        if head.size == self.size:
            return
        while self.size < head.size:
            end = min(self.size + _ROWS, head.size)
            place = {"of_log": self.log, "first": self.size, "end": end}
            self._read(_ENTRIES.all(connection, place))
            if self.size != end:
                self._broken("missing_entry", f"the head says {head.size} entries")
        if not self.first and tuple(self._subtrees) != head.hashes:
            self._broken("head_mismatch", "the entries give another root than the head")
        self._end_at(connection, head)
        place = {"of_log": self.log, "at": head.size - 1}
        last = _NOTE.one(connection, place)
        note = None if last is None else last["note"]
        signed = opened(note, origin=self.origin, public=self.public_key)
        if signed != (head.size, head.root()):
            self._broken("bad_signature", "the head is not what our key signed")

    def _end_at(self, connection: Connection, head: Frontier) -> None:
        """Refuse entries that the head does not count."""
        place = {"of_log": self.log, "end": head.size}
        beyond = _BEYOND.one(connection, place)
        if beyond is not None:
            self._broken("unsigned_tail", "the head does not count it", beyond["seq"])

    def confirm(self, run_id: str, *, leaf: bytes) -> None:
        """Raise `LogBroken` unless the last entry of a run that has not ended has *leaf*.

        Each entry names the one before, so with the last one every other is there. Of a run that
        began before the scan did, only the chain of its entries is known.
        """
        last = self.open_runs.get(run_id)
        if (last is None and self.first) or last == leaf:
            return
        self._broken("missing_entry", f"entries of run {run_id} are gone")

    def _read(self, rows: Iterable[Row]) -> None:
        for row in rows:
            seq, run_id, event = row["seq"], row["run_id"], row["event"]
            stored, leaf = row["body"], row["leaf"]
            if seq != self.size:
                self._broken("missing_entry", f"entry {seq} stands in its place")
            if not isinstance(stored, bytes) or leaf != leaf_hash(stored):
                self._broken("changed_entry", "the body does not hash to the leaf")
            body = body_of(stored)
            placed = (body.get("seq"), body.get("run"), body.get("event"))
            if placed != (seq, run_id, event):
                self._broken("moved_entry", "it stands elsewhere than its body says")
            self._append(leaf)
            if run_id:
                self._follow(run_id, event, body, leaf)

    def _append(self, leaf: bytes) -> None:
        subtrees = self._subtrees
        node = leaf
        size = self.size
        while size & 1 and subtrees:
            node = node_hash(subtrees.pop(), node)
            size >>= 1
        subtrees.append(node)
        self.size += 1

    def _follow(self, run_id: str, event: str, body: Any, leaf: bytes) -> None:
        if event == "run_ended" and body.get("status") in _ENDED:
            self.open_runs.pop(run_id, None)
            return
        begins = event == "run_started" or body.get("undoing")
        if not begins and run_id not in self.open_runs:
            return  # it ended, or it began before the scan did
        self.open_runs[run_id] = leaf

    def _broken(self, problem: str, why: str, seq: int | None = None) -> NoReturn:
        raise LogBroken(
            log=self.log,
            seq=self.size if seq is None else seq,
            problem=problem,
            why=why,
        )
