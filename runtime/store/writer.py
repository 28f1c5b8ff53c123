"""The one writing thread of a process: many items, one transaction, one fsync (group commit).

An *eager* item is awaited until it is durable. A *lazy* item waits a few milliseconds for an eager one to ride with,
so the outcome of a step costs no fsync of its own. Order is first in, first out: a lazy item never commits after an
eager one that was handed in later.
"""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from interlock.runtime.canonical import Json
from interlock.runtime.errors import NotRecorded

LAZY_WAIT_S: Final = 0.005
LARGEST_BATCH: Final = 128
Urgency: TypeAlias = Literal["eager", "lazy"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One line for the ledger, written when its transaction commits."""

    run_id: str
    event: str
    #: Goes into the signed body: codes, states and commitments; never personal data
    body: dict[str, Json]
    #: Sealed under the run's data key and committed to in the body
    payload: dict[str, Json] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tx:
    """An open write transaction: its connection, and the events that will be recorded with it."""

    connection: Connection
    events: list[Event] = field(default_factory=list)


Work: TypeAlias = Callable[[Tx], Any]
Flush: TypeAlias = Callable[[Tx], None]


@dataclass(frozen=True, slots=True)
class _Item:
    work: Work
    future: "Future[Any]"
    urgency: Urgency


class Writer:
    """Runs work in transactions on its own thread and resolves each item's future once it is durable.

    *flush* runs at the end of every transaction that has events; *after* runs once it is durable. A failing item fails
    alone; a failing commit fails every item in it with `NotRecorded` (fails closed: no record, no act). Close is
    idempotent and drains what was handed in.
    """

    def __init__(self, engine: Engine, *, flush: Flush, after: Callable[[], None]) -> None:
        self._engine, self._flush, self._after = engine, flush, after
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="interlock-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work, urgency: Urgency) -> "Future[Any]":
        """Hand in *work*; the future resolves to its result once the result is durable."""
        if self._closed:
            raise NotRecorded(why="the store is closed")
        future: Future[Any] = Future()
        self._queue.put(_Item(work, future, urgency))
        return future

    def close(self) -> None:
        """Commit what was handed in and stop the thread."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()

    def _serve(self) -> None:
        stopping = False
        while not stopping:
            batch, stopping = self._take()
            if batch:
                self._commit(batch)

    def _take(self) -> tuple[list[_Item], bool]:
        """Return the next batch, and whether the writer was asked to stop after it."""
        item = self._queue.get()
        if item is None:
            return [], True
        batch = [item]
        eager = item.urgency == "eager"
        deadline = time.monotonic() + LAZY_WAIT_S
        while len(batch) < LARGEST_BATCH:
            try:
                item = self._queue.get_nowait() if eager else self._queue.get(timeout=deadline - time.monotonic())
            except (queue.Empty, ValueError):  # ValueError: the deadline has passed
                break
            if item is None:
                return batch, True
            batch.append(item)
            eager = eager or item.urgency == "eager"
        return batch, False

    def _commit(self, batch: list[_Item]) -> None:
        settled: list[tuple[_Item, Any]] = []
        tx: Tx | None = None
        try:
            with self._engine.connect() as connection, connection.begin():
                tx = Tx(connection=connection)
                for item in batch:
                    self._run(tx, item, settled, alone=len(batch) == 1)
                if tx.events:
                    self._flush(tx)
            if tx.events:
                self._after()
        except Exception as error:  # noqa: BLE001 - this thread must outlive any item; the error goes to its waiter
            failure = typed(error)
            for item in batch:
                if not item.future.done():
                    item.future.set_exception(failure)
            return
        for item, result in settled:
            item.future.set_result(result)

    def _run(self, tx: Tx, item: _Item, settled: list[tuple[_Item, Any]], *, alone: bool) -> None:
        """Run one item; in company it gets a savepoint, so that its failure is its own."""
        if alone:
            settled.append((item, item.work(tx)))
            return
        recorded = len(tx.events)
        try:
            with tx.connection.begin_nested():
                result = item.work(tx)
        except Exception as error:  # noqa: BLE001 - as above
            del tx.events[recorded:]
            item.future.set_exception(typed(error))
        else:
            settled.append((item, result))


def typed(error: Exception) -> Exception:
    """Return what the waiter should see: database and disk errors become `NotRecorded`, the rest stay as they are."""
    if isinstance(error, SQLAlchemyError | OSError):
        return NotRecorded(why=str(error.args[0]) if error.args else type(error).__name__)
    return error
