"""What every connection to SQLite has for its settings, and how its transactions begin."""

import sqlite3
import time
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, text

from interlock.runtime.record.store.privacy import make_private
from interlock.runtime.record.store.statement import Statement

IMMEDIATE: Final = Statement(text("BEGIN IMMEDIATE"))
SNAPSHOT: Final = Statement(text("BEGIN"))
#: Seconds for another process's transaction, after which `Busy` is raised: ours take milliseconds,
#: and many processes may stand in line behind one that does not end
WAIT_S: Final = 30.0
#: Pages of 4 KiB in SQLite's log before it goes into the database, which costs two fsyncs: with
#: SQLite's own number, 1,000, every fortieth effect would wait for them
_LOG_PAGES: Final = 4_000


def engines(url: URL) -> tuple[Engine, Engine]:
    """Return the engines to write and to read with; raises ValueError for a database in memory."""
    if url.database in {None, "", ":memory:"}:
        raise ValueError("a database in memory is another one for each connection")
    file = Path(str(url.database))
    file.parent.mkdir(
        parents=True,
        exist_ok=True,
        mode=0o700,
    )
    make_private(file)
    writer, reader = _engine(url), _engine(url)
    event.listen(writer, "begin", lambda connection: _begun(connection, IMMEDIATE))
    event.listen(reader, "begin", lambda connection: _begun(connection, SNAPSHOT))
    return writer, reader


def _engine(url: URL) -> Engine:
    arguments = {"timeout": WAIT_S, "check_same_thread": False}
    engine = create_engine(url, connect_args=arguments)
    event.listen(engine, "connect", _manual)
    return engine


def _pragmas(connection: sqlite3.Connection, _record: object) -> None:
    _wal(connection)
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


def _wal(connection: sqlite3.Connection) -> None:
    # A new database turns to WAL under an exclusive lock. While another process writes, SQLite says
    # "locked" at once and does not wait out the busy timeout (it might deadlock, it holds a shared
    # lock already), so the waiting is done here.
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if (
                error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY
                or time.monotonic() > deadline
            ):
                raise
            time.sleep(0.01)
        else:
            return


def _manual(connection: sqlite3.Connection, record: object) -> None:
    # pysqlite would begin a deferred transaction late and deadlock on the upgrade; we begin
    # IMMEDIATE ourselves.
    connection.isolation_level = None
    _pragmas(connection, record)


def _begun(connection: Connection, statement: Statement) -> None:
    """Begin a transaction, unless `Connections` has begun it already."""
    driver: Any = connection.connection.driver_connection
    if not driver.in_transaction:
        statement.run(connection, {})
