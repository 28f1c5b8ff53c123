"""Who listens at a port of this machine: the account, as the kernel tells it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

#: Of Linux, which also ends a server with the program that started it; see `tied`
_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENS: Final = "0A"
_FIELDS: Final = 8


def is_foreign(port: int, tables: tuple[Path, ...] = _TABLES) -> bool:
    """Whether another account listens at *port*: what our server is asked would reach that one.

    Where the kernel does not tell, anybody may listen: nothing is asked there (fails closed).
    """
    told = [table for table in tables if table.is_file()]
    if not told:
        return True
    try:
        return any(uid != os.getuid() for table in told for uid in _owners(table, port))
    except (OSError, ValueError):
        return True


def _owners(table: Path, port: int) -> Iterator[int]:
    """Yield the accounts that listen at *port*; raises OSError, and ValueError for no table."""
    for line in table.read_text("ascii").splitlines()[1:]:
        fields = line.split()
        is_row = len(fields) >= _FIELDS and fields[3] == _LISTENS
        if is_row and int(fields[1].rpartition(":")[2], 16) == port:
            yield int(fields[7])
