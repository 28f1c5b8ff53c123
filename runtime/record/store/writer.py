"""The writing threads of a process: many items, one transaction, one fsync (group commit).

An item names the logs it writes to. A transaction locks their heads before any of its work looks at
anything, so what the work looks at stays so until the commit, and the transactions of all processes
have the order of their entries. In which order items are committed, and which of them together, is
in `interlock.runtime.record.store.lines`.
"""

import errno
import os
import threading
from collections import deque
from collections.abc import Callable, Collection
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection
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
from interlock.runtime.record.store.lines import Item, Lines
from interlock.runtime.record.store.patience import SAID_NOTHING
from interlock.runtime.record.store.scope import SYSTEM
from interlock.runtime.record.store.transaction import Tx

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
Stage: TypeAlias = Literal["begin", "work", "flush", "commit"]


Work: TypeAlias = Callable[[Tx], Any]
#: Locks the heads of the named logs until the transaction ends
Lock: TypeAlias = Callable[[Tx, Collection[str]], None]
Flush: TypeAlias = Callable[[Tx], None]
Observer: TypeAlias = Callable[[tuple[Event, ...]], None]
#: Hears that a transaction is durable
Committed: TypeAlias = Callable[[Tx], None]


class Writer:
    """Runs work in transactions on *threads* of its own; a waiter is told once its work is durable.

    *lock* runs at the beginning of every transaction whose items name logs, *flush* at the end of
    every one that has events; *committed* hears of those that had events once they are durable, and
    what it raises is raised at every waiter. It hears of one transaction at a time, of each log in
    the order of the commits. When a transaction fails before its commit, each of its items
    gets a transaction of its own, so that a failing item fails alone; work may therefore run twice,
    the first time rolled back. When a transaction cannot begin, all of its items fail. Fails
    closed: what could not commit raises at its waiter. Close is idempotent and drains what was
    handed in.
    """

    def __init__(
        self,
        connections: Connections,
        *,
        threads: int,
        clock: Callable[[Connection], int],
        lock: Lock,
        flush: Flush,
        committed: Committed,
    ) -> None:
        self._connections = connections
        self._clock = clock
        self._lock = lock
        self._flush = flush
        self._committed = committed
        self._hearing = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._lines = Lines(threads=threads, begin=self._begin)

    def submit(self, item: Item) -> None:
        """Hand in the *item*; its waiter is told the result of its work once that is durable.

        An exception that the work returns is told as what it raised: what it wrote stands.
        Raises `NotRecorded` after `close`.
        """
        self._lines.add(item)

    def hurry(self) -> None:
        """Commit queued lazy work now instead of waiting for an eager item."""
        self._lines.hurry()

    def close(self) -> None:
        """Commit what was handed in and stop the threads."""
        self._lines.close()
        while self._threads:
            self._threads.pop().join()
        self._connections.close()

    def _begin(self) -> None:
        thread = threading.Thread(
            target=self._serve,
            name="interlock-writer",
            daemon=True,
        )
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        turn = self._lines.turn()
        while turn is not None:
            self._transact(turn.items)
            turn = self._lines.turn(turn)

    def _transact(self, batch: list[Item]) -> None:
        """Commit the whole batch, or each item alone when that fails."""
        try:
            tx, results = self._commit(batch)
        except _NotCommitted as failed:
            self._failed(batch, failed)
            return
        try:
            if tx.events:
                with self._hearing:
                    self._committed(tx)
        except Exception as error:  # noqa: BLE001 - a thread must outlive any observer
            for item in batch:
                item.waiter.set_exception(error)
            return
        for item, result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                item.waiter.set_exception(result)
            else:
                item.waiter.set_result(result)

    def _commit(self, batch: list[Item]) -> tuple[Tx, list[Any]]:
        """Return the committed transaction and each item's result; raises `_NotCommitted`."""
        stage: Stage = "begin"
        scopes = {item.scope for item in batch}
        scope = scopes.pop() if len(scopes) == 1 else SYSTEM
        try:
            with self._connections.transaction(scope) as connection:
                stage = "work"
                tx = Tx(
                    opened=connection,
                    clock=self._clock,
                    scope=scope,
                    items=deque(batch),
                )
                logs = frozenset().union(*(item.logs for item in batch))
                if logs:
                    self._lock(tx, logs)
                results = []
                for item in batch:
                    tx.enter(item.scope)
                    results.append(item.work(tx))
                    tx.items.popleft()
                tx.settle()
                stage = "flush"
                tx.enter(scope)
                if tx.events:
                    self._flush(tx)
                stage = "commit"
        except Exception as error:
            raise _NotCommitted(error, stage) from error
        return tx, results

    def _failed(self, batch: list[Item], failed: "_NotCommitted") -> None:
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
