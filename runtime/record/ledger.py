"""The audit record: one append-only RFC 6962 tree of canonical JSON bodies for each tenant.

Such a tree is a *log*. Its entries are chained per run, and every commit that adds entries signs
the log's new root. Entries are written in the transaction of what they record, so neither can exist
without the other (fails closed: when an entry cannot be written, the transaction does not commit).
Bodies hold codes, states and salted commitments; what they commit to is sealed beside them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection, bindparam, insert, select, text, update

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.errors import NotWitnessed, Tampered
from interlock.runtime.record.events import HOME, Event, SwitchTurned
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.store.writer import reason
from interlock.runtime.record.tlog import Frontier, Signer, leaf_hash, public_bytes, signed_by
from interlock.runtime.record.vault import Vault
from interlock.runtime.record.witness import Witness

VERSION: Final = 2
_MOST_CHAINS: Final = 1024  # runs of one log whose last leaf is remembered

_heads = tables.ledger_head.c
_entries = tables.ledger_entry.c
_OF_LOG: Final = _heads.log == bindparam("of_log")
_SELECT_HEAD: Final = select(_heads.size, _heads.frontier).where(_OF_LOG)
_HEAD: Final = Statement(_SELECT_HEAD)
_LOCKED: Final = Statement(_SELECT_HEAD.with_for_update())
_ADVANCE: Final = Statement(update(tables.ledger_head).where(_OF_LOG))
_LOGS: Final = select(_heads.log).order_by(_heads.log)
_LAST: Final = Statement(
    select(_entries.leaf)
    .where(_entries.log == bindparam("of_log"), _entries.run_id == bindparam("of_run"))
    .order_by(_entries.seq.desc())
    .limit(1)
)
_NOTE: Final = (
    select(_entries.note)
    .where(_entries.log == bindparam("of_log"))
    .order_by(_entries.seq.desc())
    .limit(1)
)
_PUBLIC: Final = (
    select(
        _entries.seq,
        _entries.run_id,
        _entries.event,
        _entries.body,
        _entries.leaf,
        _entries.note,
    )
    .where(_entries.log == bindparam("of_log"))
    .order_by(_entries.seq)
)
_APPEND: Final = Statement(insert(tables.ledger_entry))
#: Both databases understand it, so neither dialect has to be imported
_NEW_HEAD: Final = text(
    "INSERT INTO ledger_head (log, size, root, frontier) VALUES (:log, 0, :root, :frontier) "
    "ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The size and root of one log at one moment."""

    size: int
    root: str


@dataclass(kw_only=True, slots=True)
class _Page:
    """What one transaction adds to one log."""

    log: str
    frontier: Frontier
    #: The last leaf of each run
    chain: dict[str, bytes]
    rows: list[dict[str, Any]] = field(default_factory=list)
    root: bytes = b""
    note: str = ""


class Ledger:
    """Writes the events of each transaction as entries and signs the new heads.

    Lives as long as its store. *origin* is the prefix of the logs' names, *witness* the folder of
    their newest checkpoints.
    """

    def __init__(self, *, store: Store, vault: Vault, origin: str, witness: Path) -> None:
        self._store = store
        self._vault = vault
        self._origin = origin
        self._signers: dict[str, Signer] = {}
        self.witness = Witness(witness)
        self.public_key = public_bytes(vault.signing)
        #: By log, as committed: a log of that size has these last leaves
        self._chains: dict[str, tuple[int, dict[str, bytes]]] = {}
        self._pages: list[_Page] = []
        store.attach(flush=self._flush, observers=[self._committed])

    def origin(self, log: str) -> str:
        """Return the C2SP origin line of *log*; the log's name is escaped in it."""
        return f"{self._origin}/{quote(log, safe='')}"

    async def head(self, log: str) -> Head:
        """Return the committed head of *log*; of a log without entries, that of an empty tree."""
        frontier = await self._store.read(lambda connection: _frontier(connection, log, _HEAD))
        frontier = frontier or Frontier()
        return Head(size=frontier.size, root=frontier.root().hex())

    def _flush(self, tx: Tx) -> None:
        by_log = self._by_log(tx)
        # The home's log first, then by name: whoever locks heads locks them in this order.
        logs = sorted(by_log, key=lambda log: (log != HOME, log))
        pages = [self._page(tx, log, by_log[log]) for log in logs]
        for page in pages:
            _APPEND.run_many(tx.connection, page.rows)
            head = {
                "of_log": page.log,
                "size": page.frontier.size,
                "root": page.root,
                "frontier": page.frontier.to_bytes(),
            }
            _ADVANCE.run(tx.connection, head)
        self._pages = pages

    def _by_log(self, tx: Tx) -> dict[str, list[Event]]:
        """Return the events of each log, in order; makes the heads of logs that are new."""
        by_log: dict[str, list[Event]] = {event.log: [] for event in tx.events}
        covered: list[str] = []
        unknown = {log for log in by_log if log != HOME and log not in self._chains}
        missing = unknown.difference(logs(tx.connection)) if unknown else unknown
        if missing or any(isinstance(event, SwitchTurned) for event in tx.events):
            # While the home's head is locked no switch is turned and no log begins elsewhere.
            _frontier(tx.connection, HOME, _LOCKED)
            for log in sorted(missing):
                if _make_head(tx.connection, log):
                    by_log[log] = _engaged(tx.connection, log)
            covered = [log for log in logs(tx.connection) if log != HOME]
        for event in tx.events:
            by_log[event.log].append(event)
            if isinstance(event, SwitchTurned):
                # Each log says by itself which switches stop its runs.
                for log in covered:
                    if event.tenant in {None, log}:
                        by_log.setdefault(log, []).append(replace(event, log=log))
        return by_log

    def _page(self, tx: Tx, log: str, events: list[Event]) -> _Page:
        frontier = _frontier(tx.connection, log, _LOCKED)
        if frontier is None:
            raise Tampered(what=f"head of the log {log}", why="the row is gone")
        size, chain = self._chains.get(log, (None, {}))
        if size != frontier.size:  # another process wrote, or the log was put back
            self.witness.recall(tx.connection, log)
            chain = {}
        page = _Page(log=log, frontier=frontier, chain=dict(chain))
        signed = frontier.size
        for event in events:
            self._append(tx, page, event, signed=signed)
        page.root = page.frontier.root()
        page.note = self._signer(log).sign(size=page.frontier.size, root=page.root)
        page.rows[-1]["note"] = page.note
        return page

    def _append(self, tx: Tx, page: _Page, event: Event, *, signed: int) -> None:
        seq = page.frontier.size
        run_id = event.run_id
        previous = page.chain.get(run_id)
        if previous is None:
            last = _LAST.one(tx.connection, {"of_log": page.log, "of_run": run_id})
            previous = b"" if last is None else last["leaf"]
        body: dict[str, Json] = {
            "v": VERSION,
            "origin": self.origin(page.log),
            "run": run_id,
            "event": event.event,
            "seq": seq,
            "signed": signed,
            "at": tx.now,
            "prev": previous.hex(),
        }
        body |= event.body()
        payload = event.payload()
        sealed: bytes | None = None
        if payload is not None:
            key = self._vault.known(run_id or HOME)
            plain = canonical(payload)
            body["payload"] = key.commit(plain)
            sealed = key.seal(plain, place=kept_at(page.log, seq))
        raw = canonical(body)
        leaf = leaf_hash(raw)
        page.rows.append(
            {
                "log": page.log,
                "seq": seq,
                "run_id": run_id,
                "event": event.event,
                "body": raw,
                "leaf": leaf,
                "payload": sealed,
                "note": None,
            }
        )
        page.frontier = page.frontier.append(leaf)
        page.chain[run_id] = leaf

    def _signer(self, log: str) -> Signer:
        signer = self._signers.get(log)
        if signer is None:
            signer = Signer(key=self._vault.signing, origin=self.origin(log))
            self._signers[log] = signer
        return signer

    def _committed(self, _: tuple[Event, ...]) -> None:
        """Remember what stands now, and let the witness keep it; raises `NotWitnessed`."""
        pages = self._pages
        for page in pages:
            chain = page.chain if len(page.chain) <= _MOST_CHAINS else {}
            self._chains[page.log] = (page.frontier.size, chain)
        try:
            for page in pages:
                self.witness.keep(page.log, page.note)
        except OSError as error:
            raise NotWitnessed(why=reason(error)) from error


def is_new(connection: Connection) -> bool:
    """Whether nothing was ever recorded here, so that there are no keys yet either."""
    return connection.execute(_LOGS).first() is None


def logs(connection: Connection) -> list[str]:
    """Return the name of every log that has begun, in order."""
    return list(connection.execute(_LOGS).scalars())


def begin(vault: Vault, connection: Connection) -> None:
    """Make the home's empty log and data key when this database has none; harmless when it has.

    Raises `Tampered` when there are entries and no head, or when a log was signed by another key
    than ours (fails closed).
    """
    if _make_head(connection, HOME):
        if connection.execute(select(_entries.seq).limit(1)).first() is not None:
            raise Tampered(what=f"head of the log {HOME}", why="the row is gone")
        vault.create(connection, HOME)
        return
    vault.key(connection, HOME)
    ours = public_bytes(vault.signing)
    for log in logs(connection):
        note = connection.execute(_NOTE, {"of_log": log}).scalar_one_or_none()
        if note is not None and not signed_by(note, ours):
            why = f"the newest checkpoint of the log {log} is signed by another key"
            raise Tampered(what="ledger key", why=why)


def export(connection: Connection, log: str) -> Iterator[dict[str, str | int]]:
    """Yield one log as flat records for the verifier.

    They are each entry, each signed checkpoint after its last entry, and the stored head.
    """
    place = {"of_log": log}
    for row in connection.execute(_PUBLIC, place):
        yield {
            "kind": "entry",
            "seq": row.seq,
            "run": str(row.run_id),
            "event": str(row.event),
            "body": _text(row.body),
            "leaf": _hex(row.leaf),
        }
        if row.note is not None:
            yield {"kind": "checkpoint", "size": row.seq + 1, "note": str(row.note)}
    for head in connection.execute(select(tables.ledger_head).where(_OF_LOG), place):
        yield {
            "kind": "head",
            "size": head.size,
            "root": _hex(head.root),
            "frontier": _hex(head.frontier),
        }


def kept_at(log: str, seq: int) -> str:
    """Return what the payload of an entry is sealed for."""
    return f"ledger_entry/{log}/{seq}"


def _frontier(connection: Connection, log: str, query: Statement) -> Frontier | None:
    row = query.one(connection, {"of_log": log})
    if row is None:
        return None
    try:
        return Frontier.from_bytes(row["size"], row["frontier"])
    except (ValueError, TypeError, AttributeError) as error:  # another length, or another type
        raise Tampered(what=f"head of the log {log}", why=str(error)) from error


def _make_head(connection: Connection, log: str) -> bool:
    """Make the empty head of *log* and say whether there was none; another process may be as fast.

    Raises `Tampered` when the log has entries already.
    """
    head = {"log": log, "root": Frontier().root(), "frontier": b""}
    if connection.execute(_NEW_HEAD, head).rowcount != 1:
        return False
    if connection.execute(_NOTE, {"of_log": log}).first() is not None:
        raise Tampered(what=f"head of the log {log}", why="the row is gone")
    return True


def _engaged(connection: Connection, log: str) -> list[Event]:
    """Return what a new log is told of the switches that are engaged already and cover its runs."""
    switches = connection.execute(select(tables.kill_switch).order_by(tables.kill_switch.c.scope))
    return [
        SwitchTurned(log=log, scope=switch.scope, id=switch.id, engaged=True)
        for switch in switches
        if switch.scope in {"all", "tool"} or (switch.scope == "tenant" and switch.id == log)
    ]


def _text(stored: object) -> str:
    # SQLite keeps whatever type it is given: what was changed may be no bytes any more, and the
    # verifier then says so.
    if isinstance(stored, bytes):
        return stored.decode("utf-8", "backslashreplace")
    return f"not bytes: {stored!r}"


def _hex(stored: object) -> str:
    return stored.hex() if isinstance(stored, bytes) else f"not bytes: {stored!r}"
