"""The one writing thread of a process: many items, one transaction, one fsync (group commit).

An *eager* item is awaited until it is durable. A *lazy* item waits up to 25 ms for an eager one to
ride with, so the outcome of a step costs no fsync of its own. Order is first in, first out: a lazy
item never commits after an eager one that was handed in later.

An item names the logs it writes to. A transaction locks their heads before any of its work looks at
anything, so what the work looks at stays so until the commit, and the transactions of all processes
have the order of their entries.
"""

import errno
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, TypeAlias

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from interlock.runtime.errors import (
    Busy,
    GuardFailed,
    NoSpace,
    NotRecorded,
    Silent,
    Tampered,
)
from interlock.runtime.record.events import Event
from interlock.runtime.record.store.connections import Connections
from interlock.runtime.record.store.patience import SAID_NOTHING
from interlock.runtime.record.tlog import Frontier

LAZY_WAIT_S: Final = 0.025
LARGEST_BATCH: Final = 128
#: How often the thread looks for lazy items before it sleeps, `LAZY_WAIT_S` apart
LOOKS: Final = 40
#: Signals after which lazy work waits no longer
_AT_ONCE: Final = frozenset({"hurry", "stop"})
#: What a database says when it is not as it was made: a table is gone, or a value has another type
_CHANGED: Final = (
    "no such table",
    "no such column",
    "UTF-8",
    "malformed",
    "does not exist",
)
#: What SQLite and PostgreSQL say when a lock was waited for in vain
_BUSY: Final = ("database is locked", "lock timeout")
#: What PostgreSQL, its driver and our connection say when an answer was waited for in vain
_SILENT: Final = ("statement timeout", "connection timeout", SAID_NOTHING)
#: What SQLite and the system say when a file cannot grow
_FULL: Final = ("disk is full", os.strerror(errno.ENOSPC))
Urgency: TypeAlias = Literal["eager", "lazy"]
Signal: TypeAlias = Literal["eager", "lazy", "hurry", "stop"]
Stage: TypeAlias = Literal["begin", "work", "flush", "commit"]


@dataclass(kw_only=True, slots=True)
class Tx:
    """An open write transaction; lives on the writer's thread and as long as the transaction."""

    connection: Connection
    clock: Callable[[Connection], int]
    #: Recorded in the ledger with what was written, in this order
    events: list[Event] = field(default_factory=list)
    #: The logs whose heads this transaction holds, as they stood when it began
    heads: dict[str, Frontier] = field(default_factory=dict)
    #: Claims (run, fence, token) checked in this transaction, which holds the rows of their runs
    checked: set[tuple[str, int, str]] = field(default_factory=set)
    _now: int | None = None

    @property
    def now(self) -> int:
        """The time of this transaction in Unix seconds by the database's clock, read once.

        Rows and ledger entries of one transaction carry the same time.
        """
        if self._now is None:
            self._now = self.clock(self.connection)
        return self._now


Work: TypeAlias = Callable[[Tx], Any]
#: Locks the heads of the named logs until the transaction ends
Lock: TypeAlias = Callable[[Tx, Collection[str]], None]
Flush: TypeAlias = Callable[[Tx], None]
Observer: TypeAlias = Callable[[tuple[Event, ...]], None]


class Waiter(Protocol):
    """Who is told what became of an item, once, on the writer's thread."""

    def set_result(self, result: Any, /) -> None:
        """Take what the work returned: it is durable."""

    def set_exception(self, error: Exception, /) -> None:
        """Take why it is not durable, or what the work wants raised."""


@dataclass(kw_only=True, slots=True)
class _Item:
    work: Work
    waiter: Waiter
    urgency: Urgency
    logs: Collection[str]
    #: When it waits no more for others, by the monotonic clock
    due: float


class Writer:
    """Runs work in transactions on a thread of its own; a waiter is told once its work is durable.

    *lock* runs at the beginning of every transaction whose items name logs, *flush* at the end of
    every one that has events; *committed* receives the events once they are durable, and what it
    raises is raised at every waiter. When a transaction fails before its commit, each of its items
    gets a transaction of its own, so that a failing item fails alone; work may therefore run twice,
    the first time rolled back. When a transaction cannot begin, all of its items fail. Fails
    closed: what could not commit raises at its waiter. Close is idempotent and drains what was
    handed in.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Callable[[Connection], int],
        lock: Lock,
        flush: Flush,
        committed: Observer,
    ) -> None:
        self._connections = Connections(engine)
        self._clock = clock
        self._lock = lock
        self._flush = flush
        self._committed = committed
        self._items: deque[_Item] = deque()
        #: Wakes the thread; whoever hands in an item signals afterwards
        self._signals: queue.SimpleQueue[Signal] = queue.SimpleQueue()
        #: The thread looks for nothing by itself, so even a lazy item must wake it
        self._sleeps = False
        self._closed = False
        self._thread = threading.Thread(
            target=self._serve,
            name="interlock-writer",
            daemon=True,
        )
        self._thread.start()

    def submit(
        self, work: Work, urgency: Urgency, logs: Collection[str], waiter: Waiter
    ) -> None:
        """Hand in *work*; the *waiter* is told its result once the result is durable.

        An exception that the work returns is told as what it raised: what it wrote stands.
        *logs* are those whose heads the work needs locked. Raises `NotRecorded` after `close`.
        """
        if self._closed:
            raise NotRecorded(why="the store is closed")
        item = _Item(
            work=work,
            waiter=waiter,
            urgency=urgency,
            logs=logs,
            due=time.monotonic() + LAZY_WAIT_S,
        )
        self._items.append(item)
        if urgency == "eager":
            self._signals.put("eager")
        elif self._sleeps:  # looked at last: see `_came`
            self._signals.put("lazy")

    def close(self) -> None:
        """Commit what was handed in and stop the thread."""
        if not self._closed:
            self._closed = True
            self._signals.put("stop")
            self._thread.join()
            self._connections.close()

    def hurry(self) -> None:
        """Commit queued lazy work now instead of waiting for an eager item."""
        self._signals.put("hurry")

    def _serve(self) -> None:
        signals: set[Signal] = set()
        while self._items or "stop" not in signals:
            if not self._items:
                signals = self._came()
            batch = self._gathered(signals)
            if batch:
                self._transact(batch)

    def _came(self) -> set[Signal]:
        """Wait for an item or a signal, and return the signal.

        For a second after the last transaction the thread looks for lazy items by itself: a step
        hands in two of them, and to wake a thread costs more than to hand in. Then it sleeps.
        """
        for _ in range(LOOKS):
            with suppress(queue.Empty):
                return {self._signals.get(timeout=LAZY_WAIT_S)}
            if self._items:
                return set()
        self._sleeps = True
        # Whoever did not see that the thread sleeps has handed in before the line above.
        signals: set[Signal] = set() if self._items else {self._signals.get()}
        self._sleeps = False
        return signals

    def _gathered(self, signals: set[Signal]) -> list[_Item]:
        """Return what is to be committed together, and add to *signals* what came meanwhile.

        Those are the items handed in, and while all of them are lazy, the items that come until
        the first is due. The transaction is opened only afterwards, so that waiting locks nobody
        out.
        """
        batch: list[_Item] = []
        # An item is handed in before it is signalled, so what these are about is taken here.
        while not self._signals.empty():
            signals.add(self._signals.get())
        self._take(batch)
        if batch:
            self._rest(batch, signals)
        signals.discard("hurry")
        return batch

    def _take(self, batch: list[_Item]) -> None:
        while self._items and len(batch) < LARGEST_BATCH:
            batch.append(self._items.popleft())

    def _rest(self, batch: list[_Item], signals: set[Signal]) -> None:
        """Let lazy items come until the first is due, or until the batch cannot wait any more."""
        with suppress(queue.Empty):
            while signals.isdisjoint(_AT_ONCE) and _is_lazy(batch):
                wait_s = max(0.0, batch[0].due - time.monotonic())
                signals.add(self._signals.get(timeout=wait_s))
                self._take(batch)
        self._take(batch)

    def _transact(self, batch: list[_Item]) -> None:
        """Commit the whole batch, or each item alone when that fails."""
        try:
            events, results = self._commit(batch)
        except _NotCommitted as failed:
            self._failed(batch, failed)
            return
        try:
            if events:
                self._committed(events)
        except Exception as error:  # noqa: BLE001 - this thread must outlive any observer
            for item in batch:
                item.waiter.set_exception(error)
            return
        for item, result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                item.waiter.set_exception(result)
            else:
                item.waiter.set_result(result)

    def _commit(self, batch: list[_Item]) -> tuple[tuple[Event, ...], list[Any]]:
        """Return the committed events and each item's result; raises `_NotCommitted`."""
        stage: Stage = "begin"
        try:
            with self._connections.transaction() as connection:
                stage = "work"
                tx = Tx(connection=connection, clock=self._clock)
                logs = frozenset().union(*(item.logs for item in batch))
                if logs:
                    self._lock(tx, logs)
                results = [item.work(tx) for item in batch]
                stage = "flush"
                if tx.events:
                    self._flush(tx)
                stage = "commit"
        except Exception as error:
            raise _NotCommitted(error, stage) from error
        return tuple(tx.events), results

    def _failed(self, batch: list[_Item], failed: "_NotCommitted") -> None:
        """Give each item of a batch that was rolled back its own transaction.

        A transaction that could not begin is no item's fault, nor is a database that is locked or
        away: the next transaction would wait as long. One that may be durable is not run again.
        """
        is_of_an_item = not isinstance(failed.told, Busy | Silent)
        if len(batch) > 1 and is_of_an_item and failed.stage in {"work", "flush"}:
            for item in batch:
                self._transact([item])
            return
        for item in batch:
            item.waiter.set_exception(failed.told)


class _NotCommitted(Exception):
    """A transaction failed in a stage; at "commit" it may be durable, so nothing runs again."""

    def __init__(self, error: Exception, stage: Stage) -> None:
        self.stage = stage
        #: What the waiters are told
        self.told = typed(error)
        if stage in {"flush", "commit"} and not isinstance(error, GuardFailed):
            self.told = unrecorded(error)


def _is_lazy(batch: Sequence[_Item]) -> bool:
    """Whether the batch may wait: there is room in it, and nobody waits for any of it."""
    if len(batch) >= LARGEST_BATCH:
        return False
    return all(item.urgency == "lazy" for item in batch)


def typed(error: Exception) -> Exception:
    """Return what the waiter should see.

    Database and disk errors become `NotRecorded` or one of its kinds (`Busy`, `Silent`, `NoSpace`),
    or `Tampered` where the database is not as it was made; the rest stay as they are.
    """
    if not isinstance(error, SQLAlchemyError | OSError):
        return error
    why = reason(error)
    if any(sign in why for sign in _CHANGED):
        return Tampered(what="the database", why=why)
    return unrecorded(error)


def reason(error: Exception) -> str:
    """Return one line on what a database or disk error is about."""
    if isinstance(error, OSError) and error.strerror:
        return (
            f"{error.strerror} ({error.filename})" if error.filename else error.strerror
        )
    if error.args and str(error.args[0]):
        return str(error.args[0]).splitlines()[0]
    return type(error).__name__


def unrecorded(error: Exception) -> NotRecorded:
    """Return what a waiter is told of a database that could not be read or written."""
    why = reason(error)
    if any(sign in why for sign in _BUSY):
        return Busy()
    if any(sign in why for sign in _SILENT):
        return Silent()
    if any(sign in why for sign in _FULL):
        return NoSpace(why=why)
    return NotRecorded(why=why)
