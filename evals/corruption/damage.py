"""Kinds of damage to the file of a SQLite database."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Final

from interlock.runtime.record.store.tables import metadata

_PAGE: Final = 4096
#: Bytes that a byte of the file is changed by
_BYTE: Final = 256


def _byte(file: Path, random: Random) -> str:
    content = bytearray(file.read_bytes())
    place = random.randrange(len(content))
    content[place] ^= random.randrange(1, _BYTE)
    file.write_bytes(content)
    return f"byte {place}"


def _page(file: Path, random: Random) -> str:
    content = bytearray(file.read_bytes())
    place = random.randrange(len(content) // _PAGE) * _PAGE
    content[place : place + _PAGE] = random.choice(
        [bytes(_PAGE), random.randbytes(_PAGE)]
    )
    file.write_bytes(content)
    return f"page at {place}"


def _cut(file: Path, random: Random) -> str:
    size = random.randrange(file.stat().st_size)
    with file.open("r+b") as opened:
        opened.truncate(size)
    return f"cut at {size}"


def _row(file: Path, random: Random) -> str:
    """Change one column of one row."""
    with closing(sqlite3.connect(file)) as connection, connection:
        table, row_id = _chosen(connection, random)
        column = random.choice(metadata.tables[table].columns.keys())
        query = f'SELECT "{column}" FROM "{table}" WHERE rowid = ?'  # noqa: S608 - our own names
        (value,) = connection.execute(query, (row_id,)).fetchone()
        update = f'UPDATE OR IGNORE "{table}" SET "{column}" = ? WHERE rowid = ?'  # noqa: S608 - our own names
        connection.execute(update, (_other(value, random), row_id))
    return f"{table}.{column}"


def _gone(file: Path, random: Random) -> str:
    """Delete one row."""
    with closing(sqlite3.connect(file)) as connection, connection:
        table, row_id = _chosen(connection, random)
        connection.execute(
            f'DELETE FROM "{table}" WHERE rowid = ?',  # noqa: S608 - our own names
            (row_id,),
        )
    return f"a row of {table}"


#: Each does its damage, and says where
KINDS: Final[Mapping[str, Callable[[Path, Random], str]]] = {
    "byte": _byte,
    "page": _page,
    "cut": _cut,
    "row": _row,
    "gone": _gone,
}


def _chosen(connection: sqlite3.Connection, random: Random) -> tuple[str, int]:
    """Return a table that has rows, and one of them."""
    rows: list[tuple[str, int]] = []
    while not rows:
        table = random.choice(sorted(metadata.tables))
        query = f'SELECT rowid FROM "{table}"'  # noqa: S608 - our own names
        rows = [(table, row_id) for (row_id,) in connection.execute(query)]
    return random.choice(rows)


def _other(value: Any, random: Random) -> Any:
    if isinstance(value, int):
        return value + random.choice([-1, 1, 1000])
    if isinstance(value, bytes) and value:
        place = random.randrange(len(value))
        return value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
    if isinstance(value, str):
        return random.choice(["", "approved", "waiting", "running", value + "x"])
    return b"x"
