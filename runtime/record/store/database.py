"""Opening the database: SQLite (WAL, synchronous=FULL) by default, PostgreSQL by URL."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from copy import copy
from functools import partial
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from interlock.runtime.errors import (
    GuardFailed,
    NotRecorded,
    NotWitnessed,
)
from interlock.runtime.record.store import opening, postgresql, sqlite
from interlock.runtime.record.store.bell import Bell
from interlock.runtime.record.store.connections import (
    Begin,
    Connections,
    sqlalchemy_begins,
)
from interlock.runtime.record.store.lines import Item, Need, Urgency, Waiter
from interlock.runtime.record.store.patience import Patience
from interlock.runtime.record.store.pulse import Pulse
from interlock.runtime.record.store.readers import Readers
from interlock.runtime.record.store.receipt import Receipt
from interlock.runtime.record.store.scope import SYSTEM, is_tenant, why_open
from interlock.runtime.record.store.transaction import Tx
from interlock.runtime.record.store.writer import (
    Flush,
    Lock,
    Observer,
    Work,
    Writer,
    reason,
    typed,
    unrecorded,
)

T = TypeVar("T")
Clock = Callable[[], float]

_log: Final = logging.getLogger(__name__)
#: Threads that write, started as they are needed; SQLite has one, whatever asks
WRITERS: Final = 8
_READING: Final[Mapping[str, Begin]] = {
    "sqlite": sqlite.begin_reading,
    "postgresql": postgresql.begin_reading,
}


class Store:
    """The database of one home: threads commit writes, in groups; reads have connections.

    Lives as long as the process; open it with `Store.open`, close it with `close` (idempotent). All
    its failures are `NotRecorded` or `GuardFailed`: fails closed.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        reader: Engine,
        scoped: Engine,
        clock: Clock,
        patience: Patience,
    ) -> None:
        self.engine = engine
        #: Whose rows are seen and changed
        self.scope = SYSTEM
        begin_reading = _READING[engine.dialect.name]
        self._readers = (reader, scoped)
        self._snapshots = Connections(reader, begin=begin_reading)
        self._scoped = (
            self._snapshots
            if scoped is reader
            else Connections(scoped, begin=begin_reading)
        )
        self._clock = clock
        self._patience = patience
        self._later: dict[str, list[Receipt]] = {}
        self._lock: Lock = _no_heads
        self._flush: Flush = _no_ledger
        self._observers: list[Observer] = []
        # A server narrows what is read by a setting, so all scopes have the same connections.
        self._threads = Readers(self._snapshots)
        #: What goes on while the event loop is busy, such as the leases of claims
        self.pulse = Pulse(engine)
        #: How other processes learn of a commit before they look
        self.bell = Bell(engine)
        is_served = self.dialect == "postgresql"
        self._writer = Writer(
            Connections(
                engine, begin=postgresql.begin if is_served else sqlalchemy_begins
            ),
            threads=WRITERS if is_served else 1,
            clock=self.now,
            lock=self._lock_attached,
            flush=self._flush_attached,
            committed=self._observe,
        )

    def _lock_attached(self, tx: Tx, logs: Collection[str]) -> None:
        self._lock(tx, logs)

    def _flush_attached(self, tx: Tx) -> None:
        self._flush(tx)

    def _observe(self, tx: Tx) -> None:
        """Tell every observer; raises the first `NotWitnessed` when all of them were told."""
        unwitnessed: NotWitnessed | None = None
        events = tuple(tx.events)
        told: list[Callable[[], None]] = [
            partial(observer, events) for observer in self._observers
        ]
        for tell in (*tx.after, *told):
            try:
                tell()
            except NotWitnessed as error:
                unwitnessed = unwitnessed or error
            except Exception:  # noqa: BLE001 - whatever breaks there, the commit stands
                _log.exception(
                    "an observer of committed events failed; the record is complete"
                )
        if unwitnessed is not None:
            raise unwitnessed

    @classmethod
    def open(
        cls,
        url: str,
        *,
        clock: Clock = time.time,
        patience: Patience | None = None,
    ) -> "Store":
        """Open the database at *url*, making its tables first when it is empty; blocks.

        Raises `OtherVersion` for tables of another version, `DatabaseAway` while no server answers
        there, `DatabaseRefused` where its server lets nobody in so, and `GuardFailed` when it
        cannot be reached for any other reason, and for a URL that names neither a file of SQLite
        nor a database of PostgreSQL.
        """
        patience = patience or Patience()
        try:
            engine, reader, scoped = opening.engines(url, patience)
            opening.prepare(engine, reader)
        except (SQLAlchemyError, OSError, ImportError, ValueError) as error:
            refusal = unrecorded(error)
            if type(refusal) is not NotRecorded:
                raise refusal from error
            raise opening.unopened(url, error, why=reason(error)) from error
        return cls(
            engine=engine,
            reader=reader,
            scoped=scoped,
            clock=clock,
            patience=patience,
        )

    @classmethod
    async def opened(cls, url: str, *, clock: Clock = time.time) -> "Store":
        """Open the database as `open` does, while the event loop goes on.

        Whoever stops waiting is let go within some seconds, and nothing stays open.
        """
        patience = Patience()
        opening = asyncio.create_task(
            asyncio.to_thread(cls.open, url, clock=clock, patience=patience)
        )
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            patience.hurry()
            with suppress(GuardFailed):
                (await opening).close()
            raise

    @property
    def dialect(self) -> str:
        """The SQL dialect's name: "sqlite" or "postgresql"."""
        return self.engine.dialect.name

    def of(self, tenant: str) -> "Store":
        """Return the same database as *tenant* has it: no row of another tenant is there.

        What is only found out by its id is not found. Raises `ValueError` for another scope than
        one's own: a scope never widens.
        """
        if self.scope not in {SYSTEM, tenant} or not is_tenant(tenant):
            raise ValueError(f"the scope of {tenant!r} inside that of {self.scope!r}")
        narrowed = copy(self)
        narrowed.scope = tenant
        return narrowed

    def attach(
        self,
        *,
        lock: Lock | None = None,
        flush: Flush | None = None,
        observers: Sequence[Observer] = (),
    ) -> None:
        """Let *flush* write each transaction's events just before the commit, and add *observers*.

        *lock* is called first of all, with the logs that the work of the transaction names.
        After the commit every observer receives the events, on a thread of the writer, one
        transaction at a time, so an observer must be quick. `NotWitnessed` from an observer is
        raised at everyone who waits for the commit. Any other exception is logged and reaches
        nobody: what is committed stays committed, and no waiter may take it for lost.
        """
        self._lock = lock or self._lock
        self._flush = flush or self._flush
        self._observers.extend(observers)

    @property
    def why_open(self) -> str:
        """Why the database holds nobody here to a scope; empty where it does."""
        return self._read(why_open)

    def now(self, connection: Connection) -> int:
        """Return the time in Unix seconds by the database's clock.

        SQLite has none but this host's; on PostgreSQL many machines share the server's.
        """
        if self.dialect == "sqlite":
            return int(self._clock())
        return postgresql.now(connection)

    async def write(
        self,
        work: Callable[[Tx], T],
        *,
        logs: Collection[str] = (),
        needs: Collection[Need] = (),
    ) -> T:
        """Run *work* in a transaction and return its result once it is durable.

        Whoever writes rows of a tenant names its log in *logs*, whether there is an entry to write
        or not: the log's head is then held from before *work* begins until the commit, so what the
        work looks at is not changed by anybody else. An event of another log is refused.
        What *work* will ask `Tx.rows` for is read for all work of a transaction at once where
        *needs* says so.
        """
        receipt = Receipt()
        self._hand_in(work, "eager", logs, receipt, needs)
        result: T = await receipt.outcome()
        return result

    def submit(
        self, work: Callable[[Tx], T], urgency: Urgency, *, logs: Collection[str] = ()
    ) -> "Future[T]":
        """Hand *work* to the writer without waiting; order is kept. See `write` for *logs*."""
        future: Future[T] = Future()
        # A waiter that goes away cancels nothing: what is handed in is done.
        future.set_running_or_notify_cancel()
        self._hand_in(work, urgency, logs, future)
        return future

    def _hand_in(
        self,
        work: Work,
        urgency: Urgency,
        logs: Collection[str],
        waiter: Waiter,
        needs: Collection[Need] = (),
    ) -> None:
        self._writer.submit(
            Item(
                work=work,
                waiter=waiter,
                urgency=urgency,
                scope=self._scope_of(logs),
                logs=logs,
                needs=needs,
            )
        )

    def _scope_of(self, logs: Collection[str]) -> str:
        """Return the scope of work that names *logs*: that of a tenant whose log alone it names."""
        if self.scope != SYSTEM:
            if not {self.scope}.issuperset(logs):
                raise ValueError(f"logs beyond the scope of {self.scope!r}")
            return self.scope
        if len(logs) == 1:
            (log,) = logs
            if is_tenant(log):
                return log
        return SYSTEM

    def later(
        self,
        group: str,
        work: Callable[[Tx], T],
        *,
        logs: Collection[str] = (),
        needs: Collection[Need] = (),
    ) -> None:
        """Hand in lazy *work* of *group*, a claim's token; `durable` says whether it was committed.

        See `write` for *logs* and *needs*.
        One claim's failures are never told to another. A group of a claim's own ("token/writes")
        is waited for apart from the rest. `forget` ends them all.
        """
        receipt = Receipt()
        self._hand_in(work, "lazy", logs, receipt, needs)
        self._later.setdefault(group, []).append(receipt)

    async def durable(self, group: str) -> None:
        """Return when all that `later` took for *group* is durable; raises its first failure."""
        waited = list(self._later.get(group, ()))
        if not all(receipt.is_told for receipt in waited):
            self._writer.hurry()
        try:
            for receipt in waited:
                await receipt.outcome()
        finally:  # kept until then: whoever else waits for the group waits for the same
            self._keep_pending(group)

    def checked(self, group: str) -> None:
        """Raise the first failure of *group* so far, without waiting for what is still under way.

        After an eager write all that was handed in before it is decided, so nothing of it is
        missed.
        """
        decided = [receipt for receipt in self._later.get(group, ()) if receipt.is_told]
        self._keep_pending(group)
        for receipt in decided:
            receipt.told()

    def _keep_pending(self, group: str) -> None:
        receipts = self._later.get(group, ())
        pending = [receipt for receipt in receipts if not receipt.is_told]
        if pending:
            self._later[group] = pending
        else:
            self._later.pop(group, None)

    def forget(self, claim: str) -> None:
        """Wait for no group of *claim* any more; what was handed in is still written."""
        for group in list(self._later):
            if group.partition("/")[0] == claim:
                del self._later[group]

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run *work* on a reading connection; all it reads is of one moment, and committed."""
        if self.dialect == "sqlite":
            # A WAL reader never waits for the writer, and a thread costs more than the read.
            return self._read(work)
        return await self._threads.read(work, self.scope)

    async def look(self, work: Callable[[Connection], T]) -> T:
        """Run *work* as `read` does; one transaction serves all the looks that wait on a server.

        For what is short: whoever looks together waits for each other.
        """
        if self.dialect == "sqlite":
            return self._read(work)
        return await self._threads.look(work, self.scope)

    def _read(self, work: Callable[[Connection], T]) -> T:
        try:
            readers = self._snapshots if self.scope == SYSTEM else self._scoped
            with readers.transaction(self.scope) as connection:
                return work(connection)
        except (SQLAlchemyError, OSError) as error:
            raise typed(error) from error

    def close(self) -> None:
        """Drain the writer and close every connection; closing twice is harmless.

        A database that is away or locked is given up within some seconds.
        """
        self._patience.hurry()
        self.pulse.close()
        self._writer.close()
        self.bell.close()
        self._threads.close()
        self._snapshots.close()
        self._scoped.close()
        for engine in (self.engine, *self._readers):
            engine.dispose()


def _no_heads(tx: Tx, logs: Collection[str]) -> None:
    """Lock nothing: a store without a ledger has no heads, and takes no events."""


def _no_ledger(tx: Tx) -> None:
    raise GuardFailed(
        guard="ledger",
        why=f"{len(tx.events)} events and no ledger attached",
        next_step="Attach a Ledger.",
    )
