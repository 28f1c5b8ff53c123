"""The one writing thread of a process: many items, one transaction, one fsync (group commit).

An *eager* item is awaited until it is durable. A *lazy* item waits up to 25 ms for an eager one to
ride with, so the outcome of a step costs no fsync of its own. Order is first in, first out: a lazy
item never commits after an eager one that was handed in later.
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
from interlock.runtime.errors import GuardFailed, NotRecorded, NotWitnessed

LAZY_WAIT_S: Final = 0.025
LARGEST_BATCH: Final = 128
Urgency: TypeAlias = Literal["eager", "lazy"]
Signal: TypeAlias = Literal["hurry", "stop"]


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
    #: Claims (run, fence, token) checked in this transaction, which holds the rows of their runs
    checked: set[tuple[str, int, str]] = field(default_factory=set)


Work: TypeAlias = Callable[[Tx], Any]
Flush: TypeAlias = Callable[[Tx], None]


@dataclass(frozen=True, slots=True)
class _Item:
    work: Work
    future: "Future[Any]"
    urgency: Urgency


class Writer:
    """Runs work in transactions on its own thread and resolves each item's future once it is durable.

    *flush* runs at the end of every transaction that has events; *after* runs once it is durable.
    When a transaction fails, each of its items gets one of its own, so that a failing item fails
    alone; work may therefore run twice, the first time rolled back. Fails closed: what could not
    commit raises at its waiter. Close is idempotent and drains what was handed in.
    """

    def __init__(self, engine: Engine, *, flush: Flush, after: Callable[[], None]) -> None:
        self._engine, self._flush, self._after = engine, flush, after
        self._queue: queue.SimpleQueue[_Item | Signal] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="interlock-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work, urgency: Urgency) -> "Future[Any]":
        """Hand in *work*; the future resolves to its result once the result is durable."""
        if self._closed:
            raise NotRecorded(why="the store is closed")
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()  # a waiter that goes away cancels nothing: what is handed in is done
        self._queue.put(_Item(work, future, urgency))
        return future

    def close(self) -> None:
        """Commit what was handed in and stop the thread."""
        if not self._closed:
            self._closed = True
            self._queue.put("stop")
            self._thread.join()

    def hurry(self) -> None:
        """Say that somebody waits for a lazy item, so that it looks for company no longer."""
        self._queue.put("hurry")

    def _serve(self) -> None:
        while (item := self._queue.get()) != "stop":
            if isinstance(item, _Item) and self._transact(item):
                return

    def _transact(self, first: _Item, *, alone: bool = False) -> bool:
        """Commit *first* and what comes in time to ride with it; say whether the writer was asked to stop."""
        batch, stopping = ([first], False) if alone else self._gathered(first)
        stage = "work"
        try:
            with self._engine.connect() as connection, connection.begin():
                tx = Tx(connection=connection)
                results = [item.work(tx) for item in batch]
                stage = "flush"
                if tx.events:
                    self._flush(tx)
                stage = "commit"  # from here on it may be durable, so nothing of it runs again
            stage = "after"
            if tx.events:
                self._after()
        except Exception as error:  # noqa: BLE001 - this thread must outlive any item; the error goes to its waiter
            self._failed(batch, _failure(error, stage), again=stage in {"work", "flush"})
        else:
            for item, result in zip(batch, results, strict=True):
                item.future.set_result(result)
        return stopping

    def _gathered(self, first: _Item) -> tuple[list[_Item], bool]:
        """Return *first* with what rides with it, and whether the writer was asked to stop.

        That is whatever is queued, and while all of it is lazy, what comes soon: the transaction is
        opened only then, so that waiting for company locks nobody out.
        """
        batch, eager, deadline = [first], first.urgency == "eager", time.monotonic() + LAZY_WAIT_S
        while len(batch) < LARGEST_BATCH:
            try:
                item = (
                    self._queue.get_nowait()
                    if eager
                    else self._queue.get(timeout=deadline - time.monotonic())
                )
            except (queue.Empty, ValueError):  # ValueError: the deadline has passed
                break
            if item == "stop":
                return batch, True
            if isinstance(item, _Item):
                batch.append(item)
            eager = (
                eager or item == "hurry" or (isinstance(item, _Item) and item.urgency == "eager")
            )
        return batch, False

    def _failed(self, batch: list[_Item], error: Exception, *, again: bool) -> None:
        """Give each item of a rolled-back transaction one of its own, so that a failing item fails alone."""
        for item in batch:
            if again and len(batch) > 1:
                self._transact(item, alone=True)
            else:
                item.future.set_exception(error)


def _failure(error: Exception, stage: str) -> Exception:
    if stage == "after":
        return NotWitnessed(why=reason(error))
    return typed(error) if stage == "work" or isinstance(error, GuardFailed) else _unrecorded(error)


def typed(error: Exception) -> Exception:
    """Return what the waiter should see: database and disk errors become `NotRecorded`, the rest stay as they are."""
    return _unrecorded(error) if isinstance(error, SQLAlchemyError | OSError) else error


def reason(error: Exception) -> str:
    """Return one line on what a database or disk error is about."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({error.filename})" if error.filename else error.strerror
    return (
        str(error.args[0]).splitlines()[0]
        if error.args and str(error.args[0])
        else type(error).__name__
    )


def _unrecorded(error: Exception) -> NotRecorded:
    return NotRecorded(why=reason(error))
