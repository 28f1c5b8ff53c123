"""What every connection to SQLite has for its settings, and how its transactions begin."""

import sqlite3
import time
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, text

from interlock.runtime.record.store.privacy import make_private
from interlock.runtime.record.store.statement import Statement

#: Seconds for another process's transaction, after which `Busy` is raised: ours take milliseconds,
#: and many processes may stand in line behind one that does not end
WAIT_S: Final = 30.0
#: Pages of 4 KiB in SQLite's log before it goes into the database, which costs two fsyncs: with
#: SQLite's own number, 1,000, every fortieth effect would wait for them
_LOG: Final = 4_000
_IMMEDIATE: Final = Statement(text("BEGIN IMMEDIATE"))
_SNAPSHOT: Final = Statement(text("BEGIN"))


def engines(url: URL) -> tuple[Engine, Engine]:
    """Return the engines to write and to read the file with; raises ValueError for no file."""
    if url.database in {None, "", ":memory:"}:
        raise ValueError("a database in memory is another one for each connection")
    file = Path(str(url.database))
    file.parent.mkdir(
        parents=True,
        exist_ok=True,
        mode=0o700,
    )
    make_private(file)
    settings = {"timeout": WAIT_S, "check_same_thread": False}
    writer = create_engine(url, connect_args=settings)
    reader = create_engine(url, connect_args=settings)
    for engine, begin in ((writer, _immediate), (reader, _snapshot)):
        event.listen(engine, "connect", _manual)
        event.listen(engine, "begin", begin)
    return writer, reader


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
        f"wal_autocheckpoint={_LOG}",
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


def _immediate(connection: Connection) -> None:
    _IMMEDIATE.run(connection, {})


def _snapshot(connection: Connection) -> None:
    _SNAPSHOT.run(connection, {})
