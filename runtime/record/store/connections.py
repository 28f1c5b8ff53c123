"""Transactions on connections that are kept between uses where a connection cannot go stale."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from sqlalchemy import Connection, Engine

#: A server may close a connection at any time; a file does not
_LASTING: Final = frozenset({"sqlite"})


class Connections:
    """Opens transactions on one engine; any thread may. `close` it before the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._keeps = engine.dialect.name in _LASTING
        self._idle: list[Connection] = []

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Begin a transaction; commit it at the end of the block, roll it back on any error."""
        connection = self._taken()
        try:
            with connection.begin():
                yield connection
        except BaseException:
            connection.close()
            raise
        if self._keeps:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close the connections that are kept; closing twice is harmless."""
        self._keeps = False
        while self._idle:
            self._idle.pop().close()

    def _taken(self) -> Connection:
        with suppress(IndexError):  # another thread may take the last one first
            return self._idle.pop()
        return self._engine.connect()
