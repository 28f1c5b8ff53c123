"""Transactions on connections that are kept between uses."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from interlock.runtime.record.store.scope import SYSTEM, enter
from interlock.runtime.record.store.statement import Statement

#: Databases whose connections a server may close at any time; a file does not
_SERVED: Final = frozenset({"postgresql"})
_COMMIT: Final = Statement(text("COMMIT"))
#: Begins a transaction in a scope
Begin: TypeAlias = Callable[[Connection, str], None]


def sqlalchemy_begins(connection: Connection, scope: str) -> None:
    """Begin a transaction in *scope* as the engine of the connection does by itself."""
    connection.begin()
    enter(connection, scope)


class Connections:
    """Opens transactions on one engine; any thread may. `close` it before the engine.

    Where *begin* is named, it begins a transaction instead of SQLAlchemy, which takes ten times as
    long. Whoever executes by SQLAlchemy then joins the open transaction: what
    SQLAlchemy begins with must begin nothing twice. A server may have closed a connection that was
    kept; then the transaction begins on a new one.
    """

    def __init__(self, engine: Engine, *, begin: Begin = sqlalchemy_begins) -> None:
        self._engine = engine
        self._keeps = True
        self._is_served = engine.dialect.name in _SERVED
        self._begin = begin
        self._idle: list[Connection] = []

    @contextmanager
    def transaction(self, scope: str = SYSTEM) -> Iterator[Connection]:
        """Begin a transaction in *scope*; commit it at the end of the block, or roll it back.

        It is rolled back on any error.
        """
        connection = self._begun(scope)
        try:
            yield connection
            if connection.in_transaction():
                connection.commit()
            else:
                _COMMIT.run(connection, {})
        except BaseException:
            _close(connection)
            raise
        if self._keeps:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close the connections that are kept; closing twice is harmless."""
        self._keeps = False
        self._drop()

    def _begun(self, scope: str) -> Connection:
        """Return a connection with an open transaction."""
        kept = self._kept()
        if kept is not None:
            try:
                return self._started(kept, scope)
            except DBAPIError:
                if not self._is_served:
                    raise
                self._drop()  # the others were closed with it
        return self._started(self._opened(), scope)

    def _kept(self) -> Connection | None:
        with suppress(IndexError):  # another thread may take the last one first
            return self._idle.pop()
        return None

    def _drop(self) -> None:
        while (kept := self._kept()) is not None:
            _close(kept)

    def _opened(self) -> Connection:
        connection = self._engine.connect()
        if self._is_served:
            # It is ours alone, not the engine's to lend, and begins nothing by itself.
            connection.detach()
            driver: Any = connection.connection.dbapi_connection
            driver.autocommit = True
        return connection

    def _started(self, connection: Connection, scope: str) -> Connection:
        try:
            self._begin(connection, scope)
        except BaseException:
            _close(connection)
            raise
        return connection


def _close(connection: Connection) -> None:
    """Close the connection, which rolls back whoever began; one that is broken is closed already.

    Why it broke is what the caller raises, not that nothing can be rolled back there.
    """
    with suppress(DBAPIError):
        connection.close()
