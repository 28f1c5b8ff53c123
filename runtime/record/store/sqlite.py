"""What every connection to SQLite has for its settings, and how its transactions begin."""

import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError

from interlock.runtime.record.store.mapping import has_small_blocks, refuse_full
from interlock.runtime.record.store.patience import Patience
from interlock.runtime.record.store.privacy import make_private
from interlock.runtime.record.store.scope import (
    PLACE,
    SYSTEM,
    Scope,
    enter,
    triggers,
    views,
)
from interlock.runtime.record.store.statement import Statement

_IMMEDIATE: Final = Statement(text("BEGIN IMMEDIATE"))
_SNAPSHOT: Final = Statement(text("BEGIN"))
#: Seconds for another process's transaction, after which `Busy` is raised: ours take milliseconds,
#: and many processes may stand in line behind one that does not end
WAIT_S: Final = 30.0
#: Seconds that SQLite itself waits, and then lets us say so, or give up
_SLICE_S: Final = 0.5
_WRITER: Final = "another process that writes to the database"
#: Pages of 4 KiB in SQLite's log before it goes into the database, which costs two fsyncs: with
#: SQLite's own number, 1,000, every fortieth effect would wait for them
_LOG_PAGES: Final = 4_000


def engines(url: URL, patience: Patience) -> tuple[Engine, Engine, Engine]:
    """Return the engines to write with, to read with, and to read one tenant's rows with.

    Raises ValueError for no file.
    """
    file = _file(url)
    writer, reader, scoped = map(partial(_engine, url), (_SLICE_S, WAIT_S, WAIT_S))
    is_touchy = has_small_blocks(file)

    def connected(connection: sqlite3.Connection, _: object) -> None:
        # pysqlite would begin a deferred transaction late and deadlock on the upgrade; we begin
        # IMMEDIATE ourselves.
        connection.isolation_level = None
        refuse_full(file)
        _when_free(lambda: _wal(connection), patience)
        _settle(connection)

    def immediate(connection: Connection) -> None:
        if _has_begun(connection):
            return
        if is_touchy:
            refuse_full(file)
        _when_free(lambda: _IMMEDIATE.run(connection, {}), patience)

    begins = {writer: immediate, reader: _snapshot, scoped: _snapshot}
    for engine, begin in begins.items():
        event.listen(engine, "connect", connected)
        event.listen(engine, "begin", begin)
    event.listen(scoped, "connect", _narrow)
    event.listen(writer, "connect", _guard)
    return writer, reader, scoped


def _file(url: URL) -> Path:
    if url.database in {None, "", ":memory:"}:
        raise ValueError("a database in memory is another one for each connection")
    file = Path(url.database or "")
    file.parent.mkdir(
        parents=True,
        exist_ok=True,
        mode=0o700,
    )
    make_private(file)
    return file


def _narrow(connection: sqlite3.Connection, record: Any) -> None:
    """Put the views of one tenant's rows before the tables."""
    scope = record.info[PLACE] = Scope()
    connection.create_function(PLACE, 0, scope.name, deterministic=True)
    connection.executescript(views(_tables(connection)))


def _guard(connection: sqlite3.Connection, record: Any) -> None:
    """Let nothing touch a row that is not in the scope; a table that is made later has no guard."""
    scope = record.info[PLACE] = Scope()
    connection.create_function(PLACE, 1, scope.takes)
    connection.executescript(triggers(_tables(connection)))


def _tables(connection: sqlite3.Connection) -> frozenset[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return frozenset(name for (name,) in rows)


def begin_reading(connection: Connection, scope: str) -> None:
    """Begin a transaction that reads in *scope*; the scope of the system has tables, no views."""
    if (PLACE in connection.info) == (scope == SYSTEM):
        raise ValueError(f"no connection for the scope {scope}")
    _SNAPSHOT.run(connection, {})
    if scope != SYSTEM:
        enter(connection, scope)


def _engine(url: URL, busy_s: float) -> Engine:
    settings = {"timeout": busy_s, "check_same_thread": False}
    return create_engine(url, connect_args=settings)


def _when_free(work: Callable[[], object], patience: Patience) -> None:
    """Do *work* as soon as no other process has the lock; raises when that takes too long."""
    waiting = patience.waiting(WAIT_S, what=_WRITER)
    while True:
        try:
            work()
        except (sqlite3.OperationalError, OperationalError) as error:
            if not _is_locked(error) or waiting.is_over():
                raise
            time.sleep(0.01)
        else:
            return


def _is_locked(error: Exception) -> bool:
    origin = getattr(error, "orig", error)
    code: int = getattr(origin, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY


def _wal(connection: sqlite3.Connection) -> None:
    # A new database turns to WAL under an exclusive lock. While another process writes, SQLite says
    # "locked" at once and does not wait out the busy timeout: it might deadlock, it holds a shared
    # lock already.
    connection.execute("PRAGMA journal_mode=WAL")


def _settle(connection: sqlite3.Connection) -> None:
    # FULL: an acknowledged commit survives power loss, which NORMAL does not promise in WAL mode.
    for pragma in (
        "synchronous=FULL",
        # What is deleted is overwritten: a key that was erased lies in no free page.
        "secure_delete=ON",
        "foreign_keys=ON",
        # What stands in the schema may call no function that reaches out of SQL.
        "trusted_schema=OFF",
        "cell_size_check=ON",
        "temp_store=MEMORY",
        f"wal_autocheckpoint={_LOG_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _snapshot(connection: Connection) -> None:
    if not _has_begun(connection):
        _SNAPSHOT.run(connection, {})


def _has_begun(connection: Connection) -> bool:
    """Whether `Connections` has begun the transaction already."""
    driver: Any = connection.connection.dbapi_connection
    return bool(driver.in_transaction)
