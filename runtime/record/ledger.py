"""The audit record: one append-only RFC 6962 tree of canonical JSON bodies for each tenant.

Such a tree is a *log*. Its entries are chained per run, and every commit that adds entries signs
the log's new root. Entries are written in the transaction of what they record, so neither can exist
without the other (fails closed: when an entry cannot be written, the transaction does not commit).
Bodies hold codes, states and salted commitments; what they commit to is sealed beside them.
"""

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, bindparam, update

from interlock.runtime.canonical import Document, canonical
from interlock.runtime.errors import GuardFailed, NotWitnessed, Tampered
from interlock.runtime.record import logs
from interlock.runtime.record.events import EVERY, HOME, Event, Recovered, SwitchTurned
from interlock.runtime.record.gap import Gap, gap, gaps
from interlock.runtime.record.page import Page, Standing, by_log
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.store.bulk import inserted
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.store.writer import reason
from interlock.runtime.record.tlog import Frontier, Signer, public_bytes
from interlock.runtime.record.vault import Vault
from interlock.runtime.record.watch import Watch
from interlock.runtime.record.witness import Witness

VERSION: Final = 2
_MOST_CHAINS: Final = 1024  # runs of one log whose last leaf is remembered

_ENTRIES: Final = tables.ledger_entry.c
_ADVANCE: Final = Statement(
    update(tables.ledger_head).where(tables.ledger_head.c.log == bindparam("of_log"))
)
_APPEND: Final = inserted(tables.ledger_entry, key=("log", "seq"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The size and root of one log at one moment."""

    size: int
    root: str


class Ledger:
    """Writes the events of each transaction as entries and signs the new heads.

    Lives as long as its store. *origin* is the prefix of the logs' names, *witness* the folder of
    their checkpoints. Nothing is added to a log that is not the one that was witnessed, and by the
    first transaction nothing at all unless every log is: that raises `RolledBack`. Where the ledger
    is *trusting*, a log that was never witnessed is taken as it stands.
    """

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        origin: str,
        witness: Path,
        trusting: bool = False,
    ) -> None:
        #: Where heads are looked up; entries come with the transactions of the whole store
        self.store = store
        self._vault = vault
        self._origin = origin
        self._signers: dict[str, Signer] = {}
        self.witness = Witness(witness)
        self.public_key = public_bytes(vault.signing)
        self.watch = Watch(vault=vault, public_key=self.public_key)
        self._trusting = trusting
        #: By log, as committed
        self._standing: dict[str, Standing] = {}
        #: Whether every log was looked at, not only those that are written
        self._is_examined = False
        store.attach(lock=self._lock, flush=self._flush)

    def origin(self, log: str) -> str:
        """Return the C2SP origin line of *log*; the log's name is escaped in it."""
        return f"{self._origin}/{logs.escaped(log)}"

    async def head(self, log: str) -> Head:
        """Return the committed head of *log*; of a log without entries, that of an empty tree."""
        frontier = await self.store.read(
            lambda connection: logs.frontier(connection, log)
        )
        frontier = frontier or Frontier()
        return Head(size=frontier.size, root=frontier.root().hex())

    def of(self, tenant: str) -> "Ledger":
        """Return the same ledger for who looks in the scope of *tenant*: no other log is there."""
        narrowed = copy(self)
        narrowed.store = self.store.of(tenant)
        return narrowed

    def gaps(self, connection: Connection) -> list[Gap]:
        """Return what the witness knows and the database has not, log by log; none is well."""
        return gaps(
            connection,
            self.witness,
            public=self.public_key,
            trusting=self._trusting,
        )

    def _lock(self, tx: Tx, named: Collection[str]) -> None:
        """Lock the heads of the *named* logs, and make those that are new.

        The home's head is locked first, then the others by name, so that no two processes wait for
        each other. While the home's head is locked no log begins elsewhere.
        """
        wanted = set(named) - {EVERY}
        unknown = wanted.difference(self._standing, {HOME})
        with tx.widened() if unknown else nullcontext():
            self._lock_all(tx, named, wanted, unknown)

    def _lock_all(
        self, tx: Tx, named: Collection[str], wanted: set[str], unknown: set[str]
    ) -> None:
        missing = unknown.difference(logs.names(tx.connection)) if unknown else unknown
        if missing or EVERY in named:
            wanted.add(HOME)
        if HOME in wanted:
            tx.heads[HOME] = _locked(tx.connection, HOME)
        for log in sorted(missing):
            if logs.make_head(tx.connection, log):
                self.witness.begin(log)
        if EVERY in named:
            wanted.update(logs.names(tx.connection))
        for log in sorted(wanted - {HOME}):
            tx.heads[log] = _locked(tx.connection, log)

    def _flush(self, tx: Tx) -> None:
        events_of = by_log(tx)
        unheld = events_of.keys() - tx.heads.keys()
        if unheld:
            raise GuardFailed(
                guard="ledger",
                why=f"an event of the log {min(unheld)}, whose head is not held",
                next_step="Name the log where the work is handed to the store.",
            )
        self._examine(tx)
        pages = [self._page(tx, log, events) for log, events in events_of.items()]
        for page in pages:
            self.watch.confirm(tx.connection, page, origin=self.origin(page.log))
            _APPEND.run(tx.connection, page.rows)
            head = {
                "of_log": page.log,
                "size": page.frontier.size,
                "root": page.root,
                "frontier": page.frontier.to_bytes(),
            }
            _ADVANCE.run(tx.connection, head)
        tx.after.append(lambda: self._committed(pages))

    def _engaged(self, connection: Connection, log: str) -> list[Event]:
        """Return what a new log is told of the switches that are engaged and cover its runs.

        The home's log says which they are: a row may be gone.
        """
        home = logs.frontier(connection, HOME)
        size = 0 if home is None else home.size
        return [
            SwitchTurned(
                log=log,
                scope=scope,
                id=name,
                engaged=True,
                tenant=name if scope == "tenant" else None,
            )
            for scope, name in sorted(self.watch.engaged(connection, HOME, size=size))
            if scope in {"all", "tool"} or (scope == "tenant" and name == log)
        ]

    def _page(self, tx: Tx, log: str, events: list[Event]) -> Page:
        frontier = tx.heads[log]
        recovery = _recovery(tx, log)
        page = Page(
            log=log,
            before=frontier,
            frontier=frontier,
            chain=dict(self._chain(tx, log, frontier)),
            is_recovery=recovery is not None,
        )
        signed = frontier.size
        if not signed and log != HOME:
            with tx.widened():
                events = self._engaged(tx.connection, log) + events
        if recovery is not None:
            # Its entry stands exactly where the log was found.
            events = [recovery, *(event for event in events if event is not recovery)]
        for event in events:
            self._append(tx, page, event, signed=signed)
        page.sign(self._signer(log))
        return page

    def _examine(self, tx: Tx) -> None:
        """Raise `RolledBack` for a gap of any log, once in the life of this process."""
        if self._is_examined:
            return
        with tx.widened():
            missing = self.gaps(tx.connection)
        for one in missing:
            self._object(tx, one)

    def _chain(self, tx: Tx, log: str, frontier: Frontier) -> dict[str, bytes]:
        """Return what is known of a log whose head is locked, when the log may be added to.

        Raises `RolledBack` when the log is not the one that was witnessed.
        """
        here = self._standing.get(log)
        is_ours = here is not None and here.frontier == frontier
        note = self.witness.newest(log)
        if here is not None and is_ours and note == here.note:
            return here.chain
        missing = gap(
            tx.connection,
            log,
            frontier,
            note=note,
            witness=self.witness,
            public=self.public_key,
            trusting=self._trusting,
        )
        if missing is not None:
            self._object(tx, missing)
        if note is None:
            self.witness.begin(log)
        return here.chain if here is not None and is_ours else {}

    def _object(self, tx: Tx, missing: Gap) -> None:
        """Raise `RolledBack` unless this very transaction recovers the log from exactly that."""
        recovery = _recovery(tx, missing.log)
        if recovery is None or not missing.is_named_by(recovery):
            raise missing.error()

    def _append(self, tx: Tx, page: Page, event: Event, *, signed: int) -> None:
        seq = page.frontier.size
        body: dict[str, Document] = {
            "v": VERSION,
            "origin": self.origin(page.log),
            "run": event.run_id,
            "event": event.event,
            "seq": seq,
            "signed": signed,
            "at": tx.now,
            "prev": page.previous(tx.connection, event.run_id).hex(),
            **event.body(),
        }
        sealed: bytes | None = None
        payload = event.payload()
        if payload is not None:
            key = self._vault.known(event.run_id or HOME)
            plain = canonical(payload)
            body["payload"] = key.commit(plain)
            sealed = key.seal(plain, place=logs.kept_at(page.log, seq))
        page.append(event, canonical(body), sealed)

    def _signer(self, log: str) -> Signer:
        signer = self._signers.get(log)
        if signer is None:
            signer = Signer(key=self._vault.signing, origin=self.origin(log))
            self._signers[log] = signer
        return signer

    def _committed(self, pages: Sequence[Page]) -> None:
        """Remember what stands now, and let the witness keep it; raises `NotWitnessed`."""
        for page in pages:
            self._standing[page.log] = Standing(
                frontier=page.frontier,
                note=page.note,
                chain=page.chain if len(page.chain) <= _MOST_CHAINS else {},
            )
        self._is_examined = True
        try:
            for page in pages:
                self.witness.keep(page.log, page.note, recovered=page.is_recovery)
        except OSError as error:
            raise NotWitnessed(why=reason(error)) from error


def _recovery(tx: Tx, log: str) -> Recovered | None:
    """Return the event by which the transaction recovers *log*."""
    for event in tx.events:
        if isinstance(event, Recovered) and event.log == log:
            return event
    return None


def _locked(connection: Connection, log: str) -> Frontier:
    frontier = logs.frontier(connection, log, lock=True)
    if frontier is None:
        raise Tampered(what=f"head of the log {log}", why="the row is gone")
    return frontier
