"""One entry of the log with the proof that it is in there, in steps that anybody can do again."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, select

from interlock.runtime.errors import NotFound
from interlock.runtime.record.proofs import Proof, Proofs
from interlock.runtime.record.store import tables
from interlock.runtime.record.tlog import Checkpoint, leaf_hash, node_hash
from interlock.serving.queue.visitor import Visitor

_ENTRIES: Final = tables.ledger_entry.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One hash of the proof, on which side it stands, and what comes of both."""

    side: Literal["left", "right"]
    beside: str
    result: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Inclusion:
    """One entry, and the way from it to the root of the log."""

    log: str
    seq: int
    #: The very bytes that are hashed
    entry: bytes
    leaf: str
    steps: Sequence[Step]
    size: int
    root: str
    #: The signed note with this root; empty where no checkpoint has the entry yet
    checkpoint: str

    @property
    def is_proved(self) -> bool:
        """Whether the steps lead to the root."""
        last = self.steps[-1].result if self.steps else self.leaf
        return last == self.root

    @property
    def file(self) -> dict[str, Any]:
        """The proof for a program elsewhere."""
        return {
            "log": self.log,
            "seq": self.seq,
            "entry": base64.b64encode(self.entry).decode(),
            "size": self.size,
            "root": self.root,
            "path": [step.beside for step in self.steps],
            "checkpoint": self.checkpoint,
        }


async def inclusion(visitor: Visitor, proofs: Proofs, seq: int) -> Inclusion:
    """Return the entry of the visitor's own log; raises `NotFound`.

    The proof leads to the newest checkpoint outside the database that has the entry, else to the
    log as it is now.
    """
    log = visitor.tenant
    entry = await visitor.home.store.read(
        lambda connection: _entry(connection, log, seq)
    )
    if entry is None:
        raise NotFound(
            kind="entry",
            name=str(seq),
            next_step="Look at the entries that there are.",
        )
    note = visitor.home.ledger.witness.newest(log) or ""
    signed = Checkpoint.parse(note)
    has_entry = signed is not None and signed.size > seq
    size = signed.size if signed is not None and has_entry else None
    proof = await proofs.inclusion(log, seq, size=size)
    return Inclusion(
        log=visitor.home.ledger.origin(log),
        seq=seq,
        entry=entry,
        leaf=leaf_hash(entry).hex(),
        steps=list(_steps(leaf_hash(entry), seq, proof)),
        size=proof.size,
        root=proof.root.hex(),
        checkpoint=note if has_entry else "",
    )


def _entry(connection: Connection, log: str, seq: int) -> bytes | None:
    query = select(_ENTRIES.body).where(_ENTRIES.log == log, _ENTRIES.seq == seq)
    body = connection.execute(query).scalar_one_or_none()
    return body if isinstance(body, bytes) else None


def _steps(leaf: bytes, seq: int, proof: Proof) -> Iterator[Step]:
    """Yield the steps of RFC 9162, section 2.1.3.2, from the leaf to the root."""
    number = seq
    last = proof.size - 1
    result = leaf
    for beside in proof.path:
        is_right = bool(number & 1) or number == last
        result = node_hash(beside, result) if is_right else node_hash(result, beside)
        yield Step(
            side="left" if is_right else "right",
            beside=beside.hex(),
            result=result.hex(),
        )
        while is_right and number and not number & 1:
            number >>= 1
            last >>= 1
        number >>= 1
        last >>= 1
