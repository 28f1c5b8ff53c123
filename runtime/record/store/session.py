"""A connection to PostgreSQL that gives up a server which says nothing."""

from typing import TypeVar

from psycopg import Connection, OperationalError
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
