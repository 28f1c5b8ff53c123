"""The file that SQLite maps into memory: a full disk must be an error, and not the end of us."""

import errno
import os
from pathlib import Path
from typing import Final

#: Bytes of one part of the map, and the pages of the log that one part is for
_PART: Final = 32 * 1024
_PAGES: Final = 4_062
#: Bytes of a page with its header in the log
_PAGE: Final = 4_096 + 24
#: Bytes for each of which SQLite writes one
_STEP: Final = 4_096
#: Bytes in a block of `st_blocks`
_BLOCK: Final = 512


def refuse_full(file: Path) -> None:
    """Raise OSError where the disk may have no room for the map of the database *file*.

    SQLite makes the map with one byte in every 4 KiB. Where a file system has smaller blocks, the
    rest gets its blocks at the first touch, and a disk without them ends the process by SIGBUS. So
    nothing is opened unless the whole map is on the disk or fits there, and on such a file system
    no transaction that writes begins either (fails closed).
    """
    log = _stated(file, "-wal")
    pages = 0 if log is None else log.st_size // _PAGE
    made = _stated(file, "-shm")
    there = 0 if made is None else made.st_blocks * _BLOCK
    missing = (pages // _PAGES + 1) * _PART - there
    if missing > _room(file.parent):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file.parent))


def has_small_blocks(file: Path) -> bool:
    """Whether the map of the database *file* gets part of its blocks at the first touch."""
    return os.statvfs(file.parent).f_frsize < _STEP


def _stated(file: Path, end: str) -> os.stat_result | None:
    try:
        return file.with_name(file.name + end).stat()
    except FileNotFoundError:
        return None


def _room(folder: Path) -> int:
    """Return the bytes that anybody may still fill on the disk of *folder*.

    What is kept for the superuser does not count: a file system keeps part of that for itself.
    """
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize
