"""Files of a database: only their owner reads them, and what was deleted stands in none of them."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from interlock.runtime.errors import GuardFailed

_OTHERS: Final = 0o077
_MODE: Final = 0o600
#: What SQLite appends to the name of the database for its log and its shared memory
_BESIDE: Final = ("", "-wal", "-shm", "-journal")

#: Seconds for those who read: a list takes milliseconds, an export may take longer
_READERS_S: Final = 2.0
_EMPTY_LOG: Final = "PRAGMA wal_checkpoint(TRUNCATE)"


def make_private(file: Path) -> None:
    """Make the database *file* with mode 0600, or take the rights of others away when it is ours.

    SQLite gives the files beside the database the mode of the database. Files of another account
    stay as they are, and so does a file system without modes; see `open_to_others`.
    """
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, _MODE))
    for path in open_to_others(file):
        if path.stat().st_uid == os.geteuid():
            with suppress(PermissionError):
                path.chmod(_MODE)


def open_to_others(file: Path) -> list[Path]:
    """Return the files of the database that anybody but their owner can read or change."""
    return [path for path in _files(file) if path.stat().st_mode & _OTHERS]


def shed(engine: Engine) -> None:
    """Leave no deleted content in the files of the database, as far as its engine lets us; blocks.

    SQLite overwrites what is deleted (`PRAGMA secure_delete`); its log, which still has the pages
    of before, goes into the database and is emptied. Raises `GuardFailed` while a reader needs the
    log: nothing is lost, and a later call does the same. PostgreSQL keeps dead rows until its own
    vacuum and its log as long as its owner configured, so nothing is done there.
    """
    if engine.dialect.name != "sqlite":
        return
    with closing(sqlite3.connect(str(engine.url.database), _READERS_S)) as connection:
        is_read, *_ = connection.execute(_EMPTY_LOG).fetchone()
    if is_read:
        raise GuardFailed(
            guard="database log",
            why="another process reads what was deleted",
            next_step="Let it end, and do the same once more.",
        )


def _files(file: Path) -> Iterator[Path]:
    for end in _BESIDE:
        path = file.with_name(file.name + end)
        with suppress(OSError):
            if stat.S_ISREG(path.stat().st_mode):
                yield path
