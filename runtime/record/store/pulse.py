"""Work that is done again and again beside the writer, on a thread and a connection of its own."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlalchemy import Connection, Engine

from interlock.runtime.errors import Fenced
from interlock.runtime.record.store.scope import enter

#: Seconds after which work that failed is tried again
RETRY_S: Final = 1.0
Beat: TypeAlias = Callable[[Connection], None]

_log: Final = logging.getLogger(__name__)


@dataclass(kw_only=True, slots=True, eq=False)
class _Recurring:
    work: Beat
    scope: str
    every_s: float
    due: float


class Pulse:
    """Does small work at even intervals, whatever the event loop and the writer are at.

    Work ends with its block, or when it raises `Fenced`. Work that fails otherwise is tried again:
    whoever misses the work, such as a lease that nobody extends, must take it for not done (fails
    closed). The thread starts with the first work and ends with `close`, which is idempotent.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._recurring: set[_Recurring] = set()
        self._changed = threading.Condition()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    @contextmanager
    def beating(self, work: Beat, *, scope: str, every_s: float) -> Iterator[None]:
        """Do *work* in a transaction of its own every so many seconds while the block runs.

        The transaction is in *scope*.
        """
        recurring = _Recurring(
            work=work,
            scope=scope,
            every_s=every_s,
            due=time.monotonic() + every_s,
        )
        with self._changed:
            self._recurring.add(recurring)
            self._start()
            self._changed.notify()
        try:
            yield
        finally:
            self._end(recurring)

    def close(self) -> None:
        """End the thread, after the work that it is at."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._serve,
                name="interlock-pulse",
                daemon=True,
            )
            self._thread.start()

    def _end(self, recurring: _Recurring) -> None:
        with self._changed:
            self._recurring.discard(recurring)

    def _serve(self) -> None:
        while (recurring := self._next()) is not None:
            pause = self._done(recurring)
            recurring.due = time.monotonic() + pause

    def _next(self) -> _Recurring | None:
        """Wait for the next work that is due; None when the pulse was closed."""
        with self._changed:
            while not self._is_closed:
                recurring = min(self._recurring, key=_due, default=None)
                wait_s = (
                    None if recurring is None else _due(recurring) - time.monotonic()
                )
                if wait_s is not None and wait_s <= 0:
                    return recurring
                self._changed.wait(wait_s)
        return None

    def _done(self, recurring: _Recurring) -> float:
        """Do the work, and return the seconds until it is due again."""
        try:
            with self._engine.begin() as connection:
                enter(connection, recurring.scope)
                recurring.work(connection)
        except Fenced:
            self._end(recurring)
        except Exception as error:  # noqa: BLE001 - this thread must outlive any work
            _log.info("recurring work failed and is tried again: %s", error)
            return min(RETRY_S, recurring.every_s)
        return recurring.every_s


def _due(recurring: _Recurring) -> float:
    return recurring.due
