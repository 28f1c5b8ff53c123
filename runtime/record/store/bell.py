"""The bell: processes on one PostgreSQL tell each other that a run may be ready, by NOTIFY.

The bell only saves waiting: a ring that is lost costs at most one look at the queue, for which
nobody needs a ring. A ring carries nothing. It follows the commit and is no part of it: PostgreSQL
lets the transactions that notify commit one by one, in the whole server, so that two tenants would
wait for each other's disk. On SQLite there is no bell.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Engine, text

#: The name under which the processes of one database announce
CHANNEL: Final = "interlock"
#: Seconds between two rings, and between two that are heard, however many there are
LEAST_S: Final = 0.05
#: Seconds after which a listener that lost its connection opens another, and the most
_AGAIN_S: Final = 0.5
_LONGEST_S: Final = 30.0
#: Seconds after which a listener looks whether it is to end
_LOOK_S: Final = 0.25
_RING: Final = text(f"SELECT pg_catalog.pg_notify('{CHANNEL}', '')")
_LISTEN: Final = text(f"LISTEN {CHANNEL}")

_log: Final = logging.getLogger(__name__)


class Bell:
    """Rings, and hears the rings of other processes; lives as long as its store.

    No failure of a bell reaches anybody: whoever is not told looks a little later. Threads start
    when they are needed and end with `close`, which is idempotent.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_there = engine.dialect.name == "postgresql"
        self._changed = threading.Condition()
        self._is_due = False
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self._rings: threading.Thread | None = None
        #: The server's number of the connection that rang last
        self._own = 0

    def ring(self) -> None:
        """Announce, without waiting, that something was committed; many rings may be one."""
        if not self._is_there or self._closed.is_set():
            return
        with self._changed:
            self._is_due = True
            self._rings = self._rings or self._started(self._ring)
            self._changed.notify()

    @contextmanager
    def listening(self, heard: Callable[[], None]) -> Iterator[None]:
        """Call *heard* for the rings of others while the block runs, on a thread and a connection.

        Also when listening begins or begins anew: what was announced meanwhile is lost.
        """
        over = threading.Event()
        if self._is_there:
            self._started(lambda: self._listen(heard, over))
        try:
            yield
        finally:
            over.set()

    def close(self) -> None:
        """Ring once more if that is due, and end."""
        self._closed.set()
        with self._changed:
            self._changed.notify()
        while self._threads:
            self._threads.pop().join()

    def _started(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(
            target=work,
            name="interlock-bell",
            daemon=True,
        )
        self._threads.append(thread)
        thread.start()
        return thread

    def _ring(self) -> None:
        while self._is_to_ring():
            try:
                with self._engine.begin() as connection:
                    driver: Any = connection.connection.driver_connection
                    self._own = driver.info.backend_pid
                    connection.execute(_RING)
            except Exception as error:  # noqa: BLE001 - whoever is not told looks later
                _log.info(
                    "a ring was lost: %s",
                    error,
                )
            self._closed.wait(LEAST_S)

    def _is_to_ring(self) -> bool:
        """Wait until a ring is due; False when the bell was closed and none is."""
        with self._changed:
            while not self._is_due and not self._closed.is_set():
                self._changed.wait()
            is_due = self._is_due
            self._is_due = False
            return is_due

    def _listen(self, heard: Callable[[], None], over: threading.Event) -> None:
        pause = _AGAIN_S
        while not self._is_over(over):
            try:
                with self._engine.connect() as connection:
                    connection.execution_options(isolation_level="AUTOCOMMIT")
                    connection.execute(_LISTEN)
                    pause = _AGAIN_S
                    heard()
                    self._hear(
                        connection.connection.driver_connection,
                        heard,
                        over,
                    )
                    connection.invalidate()  # nobody else is to listen on it
            except Exception as error:  # noqa: BLE001 - a worker goes on without
                _log.info(
                    "listening failed and is tried again: %s",
                    error,
                )
                self._closed.wait(pause)
                pause = min(
                    2 * pause,
                    _LONGEST_S,
                )

    def _hear(
        self, driver: Any, heard: Callable[[], None], over: threading.Event
    ) -> None:
        while not self._is_over(over):
            rings = list(driver.notifies(timeout=_LOOK_S, stop_after=1))
            if any(ring.pid != self._own for ring in rings):
                heard()
                self._closed.wait(LEAST_S)

    def _is_over(self, over: threading.Event) -> bool:
        return over.is_set() or self._closed.is_set()
