"""A connection to PostgreSQL that gives up a server which says nothing."""

from collections.abc import Iterable
from typing import Any, TypeVar

from psycopg import Connection, Cursor, OperationalError
from psycopg.abc import PQGen
from psycopg.rows import TupleRow

from interlock.runtime.record.store import postgresql
from interlock.runtime.record.store.patience import SAID_NOTHING, Patience, Waiting

T = TypeVar("T")
_SERVER = "the database server"


class Silence(OperationalError):
    """The server was given up, and the connection is closed."""


class Session(Connection[TupleRow]):
    """A connection whose every waiting for the server ends.

    A server that is frozen keeps no timeout of its own, and answers no keepalive on a socket of
    this machine. So the client counts the seconds without a byte. Raises `Silence`.
    """

    patience = Patience()
    _kept: Cursor[TupleRow] | None = None

    def execute(
        self, query: Any, params: Any = None, **options: Any
    ) -> Cursor[TupleRow]:
        """Execute on a cursor that is kept: read the answer before the next execution.

        To make a cursor takes as long as to ask a server on this machine.
        """
        return self._cursor().execute(query, params, **options)

    def executemany(self, query: Any, params: Iterable[Any]) -> Cursor[TupleRow]:
        """Execute once for each of *params*, and wait for the server once."""
        cursor = self._cursor()
        cursor.executemany(query, params)
        return cursor

    def _cursor(self) -> Cursor[TupleRow]:
        if self._kept is None or self._kept.closed:
            self._kept = self.cursor()
        return self._kept

    def wait(
        self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None
    ) -> T:
        """Do the driver's work *gen*; what asks for bytes is given up after a time without any."""
        try:
            return super().wait(self._heard(gen), interval, timeout)
        except Silence:
            self.pgconn.finish()
            raise

    def _heard(self, work: PQGen[T]) -> PQGen[T]:
        waiting: Waiting | None = None
        try:
            wanted = next(work)
            while True:
                ready = yield wanted
                waiting = None if ready else waiting or self._waiting()
                if waiting is not None and waiting.is_over():
                    raise Silence(f"{SAID_NOTHING} for {postgresql.SILENCE_S:.0f} s")
                wanted = work.send(ready)
        except StopIteration as end:
            result: T = end.value
            return result

    def _waiting(self) -> Waiting:
        return self.patience.waiting(postgresql.SILENCE_S, what=_SERVER)
