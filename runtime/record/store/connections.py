"""Transactions on connections that are kept between uses where a connection cannot go stale."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from sqlalchemy import Connection, Engine, text

from interlock.runtime.record.store.statement import Statement

#: A server may close a connection at any time; a file does not
_LASTING: Final = frozenset({"sqlite"})
_COMMIT: Final = Statement(text("COMMIT"))


class Connections:
    """Opens transactions on one engine; any thread may. `close` it before the engine.

    Where connections are kept and *begin* is named, that statement begins a transaction instead of
    SQLAlchemy, which takes ten times as long. Whoever executes by SQLAlchemy then joins the open
    transaction: what SQLAlchemy begins with must begin nothing twice.
    """

    def __init__(self, engine: Engine, *, begin: Statement | None = None) -> None:
        self._engine = engine
        self._keeps = engine.dialect.name in _LASTING
        self._begin = begin if self._keeps else None
        self._idle: list[Connection] = []

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Begin a transaction; commit it at the end of the block, roll it back on any error."""
        connection = self._taken()
        try:
            if self._begin is None:
                connection.begin()
            else:
                self._begin.run(connection, {})
            yield connection
            if connection.in_transaction():
                connection.commit()
            else:
                _COMMIT.run(connection, {})
        except BaseException:
            connection.close()  # rolls back, whoever began
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
