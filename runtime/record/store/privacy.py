"""Files of a database that only their owner can read: states and amounts are not sealed."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_OTHERS: Final = 0o077
_MODE: Final = 0o600
#: What SQLite appends to the name of the database for its log and its shared memory
_BESIDE: Final = ("", "-wal", "-shm", "-journal")


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


def _files(file: Path) -> Iterator[Path]:
    for end in _BESIDE:
        path = file.with_name(file.name + end)
        with suppress(OSError):
            if stat.S_ISREG(path.stat().st_mode):
                yield path
