"""The audit record: an append-only RFC 6962 tree of canonical JSON bodies, chained per run, signed at every commit.

Entries are written in the transaction of what they record, so neither can exist without the other
(fails closed: when an entry cannot be written, the transaction it belongs to does not commit).
Bodies hold codes, states and salted commitments; what they commit to is sealed beside them.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.errors import NotWitnessed, Tampered
from interlock.runtime.record.events import HOME, Event
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.store.writer import reason
from interlock.runtime.record.tlog import Frontier, Signer, leaf_hash, public_bytes, signed_by
from interlock.runtime.record.vault import Vault

VERSION: Final = 1
_HEAD: Final = select(tables.ledger_head.c.size, tables.ledger_head.c.frontier).where(
    tables.ledger_head.c.id == 1
)
_LOCKED: Final = _HEAD.with_for_update()
_ADVANCE: Final = update(tables.ledger_head).where(tables.ledger_head.c.id == 1)
_entry = tables.ledger_entry.c
_LAST: Final = (
    select(_entry.leaf)
    .where(_entry.run_id == bindparam("run"))
    .order_by(_entry.seq.desc())
    .limit(1)
)
_NOTE: Final = select(_entry.note).order_by(_entry.seq.desc()).limit(1)
_PUBLIC: Final = select(
    _entry.seq, _entry.run_id, _entry.event, _entry.body, _entry.leaf, _entry.note
).order_by(_entry.seq)
_APPEND: Final = insert(tables.ledger_entry)
_WITNESS: Final = 1024  # bytes; a note is under 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The size and root of the ledger at one moment."""

    size: int
    root: str


class Ledger:
    """Writes the events of each transaction as entries and signs the new head; lives as long as its store.

    *witness* is a file outside the database that keeps the newest signed checkpoint, so that
    rolling the database back is seen. It is written after the commit: a crash in between leaves it
    older than the database, never newer.
    """

    def __init__(self, *, store: Store, vault: Vault, origin: str, witness: Path) -> None:
        self._store, self._vault, self._witness = store, vault, witness
        self.origin = origin
        self._signer = Signer(key=vault.signing, origin=origin)
        self.public_key, self._note = self._signer.public_key, ""
        store.attach(flush=self._flush, observers=[self._remember])

    async def head(self) -> Head:
        """Return the committed head."""
        frontier = await self._store.read(lambda connection: _head(connection, lock=False))
        return Head(size=frontier.size, root=frontier.root().hex())

    def remembered(self) -> str | None:
        """Return the checkpoint kept outside the database, or None before the first one; one that cannot be read is none."""
        try:
            return self._witness.read_text(encoding="utf-8").rstrip("\n") + "\n"
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            return ""

    def _flush(self, tx: Tx) -> None:
        connection, now = tx.connection, tx.now
        frontier, chain, rows = (
            _head(connection, lock=True),
            dict[str, bytes](),
            list[dict[str, Any]](),
        )
        signed = frontier.size
        for event in tx.events:
            prev = chain[event.run_id] if event.run_id in chain else _last(connection, event.run_id)
            body, payload = self._body(
                event, {"seq": frontier.size, "signed": signed, "at": now, "prev": prev.hex()}
            )
            leaf = leaf_hash(body)
            row = {
                "seq": frontier.size,
                "run_id": event.run_id,
                "event": event.event,
                "body": body,
                "leaf": leaf,
            }
            rows.append(row | {"payload": payload, "note": None})
            frontier, chain[event.run_id] = frontier.append(leaf), leaf
        root = frontier.root()
        self._note = rows[-1]["note"] = self._signer.sign(size=frontier.size, root=root)
        connection.execute(_APPEND, rows)
        connection.execute(
            _ADVANCE, {"size": frontier.size, "root": root, "frontier": frontier.to_bytes()}
        )

    def _body(self, event: Event, place: dict[str, Json]) -> tuple[bytes, bytes | None]:
        """Return the entry's canonical bytes and its sealed payload."""
        of: dict[str, Json] = {
            "v": VERSION,
            "origin": self.origin,
            "run": event.run_id,
            "event": event.event,
        }
        body = of | place | event.body()
        payload = event.payload()
        if payload is None:
            return canonical(body), None
        key, plain = self._vault.known(event.run_id or HOME), canonical(payload)
        body["payload"] = key.commit(plain)
        return canonical(body), key.seal(plain, place=kept_at(place["seq"]))

    def _remember(self, _: tuple[Event, ...]) -> None:
        try:
            self._keep_note()
        except OSError as error:
            raise NotWitnessed(why=reason(error)) from error

    def _keep_note(self) -> None:
        # One write over the same bytes: a reader sees the old note or the new one, and no file is
        # made for a commit.
        padded = self._note.encode().ljust(_WITNESS, b"\n")
        descriptor = os.open(
            self._witness, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644
        )
        try:
            os.pwrite(descriptor, padded, 0)
        finally:
            os.close(descriptor)


def is_new(connection: Connection) -> bool:
    """Whether nothing was ever recorded here, so that there are no keys yet either."""
    return connection.execute(_HEAD).one_or_none() is None


def begin(vault: Vault, connection: Connection) -> None:
    """Make the empty head and the home's data key when this database has none; harmless when it has.

    Raises `Tampered` when the ledger has entries and no head, or was signed by another key than
    ours (fails closed).
    """
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    empty = dialect.insert(tables.ledger_head).values(
        id=1, size=0, root=Frontier().root(), frontier=b""
    )
    empty = empty.on_conflict_do_nothing().returning(
        tables.ledger_head.c.id
    )  # other processes may begin at the same time
    if connection.execute(empty).scalar_one_or_none() is not None:
        if connection.execute(_NOTE).first() is not None:
            raise Tampered(what="ledger head", why="the row is gone")
        vault.create(connection, HOME)
        return
    vault.key(connection, HOME)
    note = connection.execute(_NOTE).scalar_one_or_none()
    if note is not None and not signed_by(note, public_bytes(vault.signing)):
        raise Tampered(what="ledger key", why="the newest checkpoint is signed by another key")


def export(connection: Connection) -> Iterator[dict[str, str | int]]:
    """Yield the ledger as flat records for the verifier: each entry, and each signed checkpoint after its last entry."""
    for row in connection.execute(_PUBLIC).mappings():
        stored = {"run": str(row["run_id"]), "event": str(row["event"]), "leaf": _hex(row["leaf"])}
        yield {"kind": "entry", "seq": row["seq"], "body": _text(row["body"]), **stored}
        if row["note"] is not None:
            yield {"kind": "checkpoint", "size": row["seq"] + 1, "note": str(row["note"])}
    for head in connection.execute(select(tables.ledger_head).where(tables.ledger_head.c.id == 1)):
        yield {
            "kind": "head",
            "size": head.size,
            "root": _hex(head.root),
            "frontier": _hex(head.frontier),
        }


def _text(stored: object) -> str:
    # SQLite keeps whatever type it is given, so what was changed may be no bytes any more: the
    # verifier then says so.
    return (
        stored.decode("utf-8", "backslashreplace")
        if isinstance(stored, bytes)
        else f"not bytes: {stored!r}"
    )


def _hex(stored: object) -> str:
    return stored.hex() if isinstance(stored, bytes) else f"not bytes: {stored!r}"


def kept_at(seq: Json) -> str:
    """Return what the payload of an entry is sealed for."""
    return f"ledger_entry/{seq}"


def _head(connection: Connection, *, lock: bool) -> Frontier:
    row = connection.execute(_LOCKED if lock else _HEAD).one_or_none()
    if row is None:
        raise Tampered(what="ledger head", why="the row is gone")
    try:
        return Frontier.from_bytes(row.size, row.frontier)
    except (ValueError, TypeError, AttributeError) as error:  # another length, or another type
        raise Tampered(what="ledger head", why=str(error)) from error


def _last(connection: Connection, run_id: str) -> bytes:
    """Return the leaf of the run's newest entry, or nothing when it has none."""
    return connection.execute(_LAST, {"run": run_id}).scalar_one_or_none() or b""
