"""Threads that read from a server: each read in a transaction of its own, or looks together in one.

To begin a transaction and to end it are two questions to the server, and together as dear as a look
of one statement. So all the looks that wait when a thread is free share a transaction.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from interlock.runtime.errors import Busy, Silent
from interlock.runtime.record.store.connections import Connections
from interlock.runtime.record.store.receipt import Receipt
from interlock.runtime.record.store.writer import typed

T = TypeVar("T")
#: Threads that read at most, started as they are needed, and those of them that serve looks
READERS: Final = 8
_LOOKING: Final = 2
#: Looks in one transaction, at most
TOGETHER: Final = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """A short work that reads, and who is told what it returned."""

    work: Callable[[Connection], Any]
    scope: str
    receipt: Receipt = field(default_factory=Receipt)


class Readers:
    """Reads on threads of its own. Any thread may ask; close it before the *connections*.

    A read raises what its work raises, and for errors of the database what `typed` makes of them.
    Close is idempotent; what was asked for before is still read.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._pool = ThreadPoolExecutor(
            max_workers=READERS, thread_name_prefix="interlock-reader"
        )
        self._changing = threading.Lock()
        self._waiting: deque[Look] = deque()
        self._looking = 0

    async def read(self, work: Callable[[Connection], T], scope: str) -> T:
        """Run *work* in a transaction of its own."""
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, self._alone, work, scope
        )

    async def look(self, work: Callable[[Connection], T], scope: str) -> T:
        """Run *work*, which is short, in a transaction that began after this call.

        Others may share the transaction; what one of them raises reaches no other.
        """
        look = Look(work=work, scope=scope)
        with self._changing:
            self._waiting.append(look)
            is_served = self._looking == _LOOKING
            self._looking += not is_served
        if not is_served:
            self._pool.submit(self._serve)
        result: T = await look.receipt.outcome()
        return result

    def close(self) -> None:
        """Read what was asked for, and end the threads."""
        self._pool.shutdown()

    def _alone(self, work: Callable[[Connection], T], scope: str) -> T:
        try:
            with self._connections.transaction(scope) as connection:
                return work(connection)
        except (SQLAlchemyError, OSError) as error:
            raise typed(error) from error

    def _serve(self) -> None:
        """Serve looks until none waits."""
        while looks := self._taken():
            self._together(looks)

    def _taken(self) -> Sequence[Look]:
        """Take looks of one scope from the beginning of the line; without any the thread leaves."""
        looks: list[Look] = []
        with self._changing:
            while self._waiting and len(looks) < TOGETHER:
                if looks and self._waiting[0].scope != looks[0].scope:
                    break
                looks.append(self._waiting.popleft())
            self._looking -= not looks
        return looks

    def _together(self, looks: Sequence[Look]) -> None:
        """Do the *looks* in one transaction; what is left when it breaks is done look by look."""
        left = deque(looks)
        try:
            with self._connections.transaction(looks[0].scope) as connection:
                while left:
                    _tell(left[0], connection)
                    left.popleft()
        except Exception as error:  # noqa: BLE001 - each waiter is told, whatever broke
            self._broken(left, typed(error))

    def _broken(self, left: Sequence[Look], told: Exception) -> None:
        """Do each look alone: a single one broke the transaction, unless the server is silent."""
        if len(left) > 1 and not isinstance(told, Busy | Silent):
            for look in left:
                self._together([look])
            return
        for look in left:
            look.receipt.set_exception(told)


def _tell(look: Look, connection: Connection) -> None:
    """Do the *look* and say what became of it; raises what leaves the transaction broken."""
    try:
        result = look.work(connection)
    except (SQLAlchemyError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - whoever looked is told; the others go on
        look.receipt.set_exception(error)
        return
    look.receipt.set_result(result)
