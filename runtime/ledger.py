"""The audit record: an append-only RFC 6962 tree of canonical JSON bodies, chained per run, signed at every commit.

Entries are written in the transaction of what they record, so neither can exist without the other (fails closed: when
an entry cannot be written, the transaction it belongs to does not commit). Bodies hold codes, states and salted
commitments; what they commit to is sealed beside them.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.errors import Tampered
from interlock.runtime.merkle import Frontier, leaf_hash
from interlock.runtime.note import public_bytes, sign, signed_by
from interlock.runtime.store import Event, Store, Tx
from interlock.runtime.store import schema as t
from interlock.runtime.store.upsert import upsert
from interlock.runtime.vault import Vault

VERSION: Final = 1
_HEAD: Final = select(t.ledger_head.c.size, t.ledger_head.c.frontier).where(t.ledger_head.c.id == 1)
_LOCKED: Final = _HEAD.with_for_update()
_ADVANCE: Final = update(t.ledger_head).where(t.ledger_head.c.id == 1)
_LINKS: Final = select(t.ledger_chain).where(t.ledger_chain.c.run_id.in_(bindparam("runs", expanding=True)))
CHAIN: Final = upsert(t.ledger_chain, keys=("run_id",))
_WITNESS: Final = 1024  # bytes; a note is under 300
HOME: Final = "home"  # the data key of events that belong to no run


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The size and root of the ledger at one moment."""

    size: int
    root: str


class Ledger:
    """Writes the events of each transaction as entries and signs the new head; lives as long as its store.

    *witness* is a file outside the database that keeps the newest signed checkpoint, so that rolling the database back
    is seen. It is written after the commit: a crash in between leaves it older than the database, never newer.
    """

    def __init__(self, *, store: Store, vault: Vault, origin: str, witness: Path) -> None:
        self._store, self._vault, self._witness = store, vault, witness
        self.origin = origin
        self.public_key = public_bytes(vault.signing)
        self._note = ""
        store.attach(flush=self._flush, after=self._remember)

    async def head(self) -> Head:
        """Return the committed head."""
        frontier = await self._store.read(lambda connection: _head(connection, lock=False))
        return Head(size=frontier.size, root=frontier.root().hex())

    def remembered(self) -> str | None:
        """Return the checkpoint kept outside the database, or None before the first one."""
        return self._witness.read_text(encoding="utf-8").rstrip("\n") + "\n" if self._witness.exists() else None

    def _flush(self, tx: Tx) -> None:
        connection, now = tx.connection, self._store.now(tx.connection)
        frontier = _head(connection, lock=True)
        chain = _chain(connection, {event.run_id for event in tx.events})
        entries, payloads = [], []
        for event in tx.events:
            body, sealed = self._body(event, seq=frontier.size, now=now, prev=chain.get(event.run_id, b""))
            leaf = leaf_hash(body)
            entries.append({"seq": frontier.size, "run_id": event.run_id, "event": event.event, "body": body, "leaf": leaf})
            if sealed is not None:
                payloads.append({"seq": frontier.size, "key_id": event.run_id or HOME, "sealed": sealed})
            frontier, chain[event.run_id] = frontier.append(leaf), leaf
        connection.execute(insert(t.ledger_entry), entries)
        if payloads:
            connection.execute(insert(t.ledger_payload), payloads)
        self._close(connection, frontier, chain)

    def _body(self, event: Event, *, seq: int, now: int, prev: bytes) -> tuple[bytes, bytes | None]:
        """Return the entry's canonical bytes and its sealed payload."""
        body: dict[str, Json] = {
            "v": VERSION, "origin": self.origin, "seq": seq, "at": now, "run": event.run_id, "event": event.event,
            "prev": prev.hex(), **event.body,
        }  # fmt: skip
        if event.payload is None:
            return canonical(body), None
        key, plain = self._vault.known(event.run_id or HOME), canonical(event.payload)
        body["payload"] = key.commit(plain)
        return canonical(body), key.seal(plain, place=f"ledger_payload/{seq}")

    def _close(self, connection: Connection, frontier: Frontier, chain: dict[str, bytes]) -> None:
        root = frontier.root()
        self._note = sign(self._vault.signing, origin=self.origin, size=frontier.size, root=root)
        values = {"size": frontier.size, "root": root, "frontier": frontier.to_bytes()}
        connection.execute(_ADVANCE, values)
        connection.execute(insert(t.ledger_checkpoint), {"size": frontier.size, "note": self._note})
        connection.execute(CHAIN[connection.dialect.name], [{"run_id": run_id, "leaf": leaf} for run_id, leaf in chain.items()])

    def _remember(self) -> None:
        # One write over the same bytes: a reader sees the old note or the new one, and no file is made for a commit.
        padded = self._note.encode().ljust(_WITNESS, b"\n")
        descriptor = os.open(self._witness, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            os.pwrite(descriptor, padded, 0)
        finally:
            os.close(descriptor)


def is_new(connection: Connection) -> bool:
    """Whether nothing was ever recorded here, so that there are no keys yet either."""
    return connection.execute(_HEAD).one_or_none() is None


def begin(vault: Vault, connection: Connection) -> None:
    """Make the empty head and the home's data key when this database has none; harmless when it has.

    Raises `Tampered` when the ledger was signed by another key than ours (fails closed).
    """
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    empty = dialect.insert(t.ledger_head).values(id=1, size=0, root=Frontier().root(), frontier=b"")
    empty = empty.on_conflict_do_nothing().returning(t.ledger_head.c.id)  # other processes may begin at the same time
    if connection.execute(empty).scalar_one_or_none() is not None:
        vault.create(connection, HOME)
        return
    vault.key(connection, HOME)
    newest = select(t.ledger_checkpoint.c.note).order_by(t.ledger_checkpoint.c.size.desc()).limit(1)
    note = connection.execute(newest).scalar_one_or_none()
    if note is not None and not signed_by(note, public_bytes(vault.signing)):
        raise Tampered(what="ledger key", why="the newest checkpoint is signed by another key")


def export(connection: Connection) -> Iterator[dict[str, str | int]]:
    """Yield the ledger as flat records for the verifier: each entry, and each signed checkpoint after its last entry."""
    notes = connection.execute(select(t.ledger_checkpoint).order_by(t.ledger_checkpoint.c.size)).mappings()
    pending = next(notes, None)
    query = select(t.ledger_entry).order_by(t.ledger_entry.c.seq)
    for row in connection.execute(query).mappings():
        while pending is not None and pending["size"] <= row["seq"]:
            yield {"kind": "checkpoint", "size": pending["size"], "note": pending["note"]}
            pending = next(notes, None)
        body = row["body"].decode("utf-8", "backslashreplace")
        place = {"run": row["run_id"], "event": row["event"]}
        yield {"kind": "entry", "seq": row["seq"], "leaf": row["leaf"].hex(), "body": body, **place}
    while pending is not None:
        yield {"kind": "checkpoint", "size": pending["size"], "note": pending["note"]}
        pending = next(notes, None)
    for end in connection.execute(select(t.ledger_chain).order_by(t.ledger_chain.c.run_id)):
        yield {"kind": "chain", "run": end.run_id, "leaf": end.leaf.hex()}
    for head in connection.execute(select(t.ledger_head).where(t.ledger_head.c.id == 1)):
        yield {"kind": "head", "size": head.size, "root": head.root.hex(), "frontier": head.frontier.hex()}


def _head(connection: Connection, *, lock: bool) -> Frontier:
    row = connection.execute(_LOCKED if lock else _HEAD).one_or_none()
    if row is None:
        raise Tampered(what="ledger head", why="the row is gone")
    try:
        return Frontier.from_bytes(row.size, row.frontier)
    except ValueError as error:
        raise Tampered(what="ledger head", why=str(error)) from error


def _chain(connection: Connection, run_ids: set[str]) -> dict[str, bytes]:
    rows = connection.execute(_LINKS, {"runs": sorted(run_ids)})
    return {row.run_id: row.leaf for row in rows}
