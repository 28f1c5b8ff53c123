"""Statements that write any number of rows at once: a server is asked once for all of them.

PostgreSQL is given the rows as one JSON text, whose form does not change with what the rows hold:
so the statement is prepared once. Bytes stand in the text as Base64.
"""

from binascii import b2a_base64
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Table,
    insert,
    text,
)
from sqlalchemy.sql import ClauseElement

from interlock.runtime.errors import GuardFailed
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.store.upsert import insert_new, upsert

Row: TypeAlias = Mapping[str, Any]
Key: TypeAlias = tuple[Any, ...]
_encoded: Final = partial(b2a_base64, newline=False)


class Bulk:
    """Writes rows of one *table*, each of which is named by the parameters *key*.

    *one* writes a row, *served* writes those of the relation `given` on PostgreSQL; *given* says
    which column each parameter is like. Where *counts*, each row that is given must change one row
    of the table: else `GuardFailed` is raised (fails closed). Two rows of one key are made one by
    *merge*; without it they are never written together.
    """

    def __init__(
        self,
        table: Table,
        *,
        one: Mapping[str, ClauseElement] | ClauseElement,
        served: str,
        given: Mapping[str, Column[Any]],
        key: Sequence[str],
        counts: bool = True,
        merge: Callable[[Row, Row], Row] | None = None,
    ) -> None:
        self.table = table.name
        self.merge = merge
        self._key = tuple(key)
        self._counts = counts
        self._one = Statement(one)
        self._served = Statement(text(f"WITH given AS ({_given(given)}) {served}"))

    def key(self, row: Row) -> Key:
        """Return what names the row."""
        return tuple(row[name] for name in self._key)

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Write the *rows* in one question."""
        if not rows:
            return
        changed = self._changed(connection, rows)
        if self._counts and changed != len(rows):
            raise GuardFailed(
                guard=f"table {self.table}",
                why=f"{changed} rows were changed in place of {len(rows)}",
                next_step="Somebody else writes to the database: run `interlock doctor`.",
            )

    def _changed(self, connection: Connection, rows: Sequence[Row]) -> int:
        if len(rows) == 1:
            return self._one.run(connection, rows[0])
        if connection.dialect.name == "sqlite":
            return self._one.run_many(connection, rows)
        given = orjson.dumps(rows, default=_encoded_text).decode()
        return self._served.run(connection, {"rows": given})


def inserted(
    table: Table, *, key: Sequence[str], replaces: bool = False, skips: bool = False
) -> Bulk:
    """Return what inserts rows; one that is there already it *replaces*, or it *skips* the new."""
    names = [column.name for column in table.c]
    listed = ", ".join(names)
    one: Mapping[str, ClauseElement] | ClauseElement = insert(table)
    conflict = ""
    if replaces:
        one = upsert(table, keys=key)
        changed = (f"{name} = excluded.{name}" for name in names if name not in key)
        conflict = f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {', '.join(changed)}"
    elif skips:
        one = insert_new(table)
        conflict = " ON CONFLICT DO NOTHING"
    return Bulk(
        table,
        one=one,
        served=f"INSERT INTO {table.name} ({listed}) SELECT {listed} FROM given{conflict}",  # noqa: S608 - names of ours
        given=dict(table.c.items()),
        key=key,
        counts=not (replaces or skips),
    )


def _given(columns: Mapping[str, Column[Any]]) -> str:
    """Return the query that reads the rows of the parameter back."""
    types = ", ".join(f"{name} {_type(column)}" for name, column in columns.items())
    values = ", ".join(_value(name, column) for name, column in columns.items())
    return f"SELECT {values} FROM json_to_recordset(CAST(:rows AS json)) AS r ({types})"  # noqa: S608 - names of ours


def _type(column: Column[Any]) -> str:
    return "bigint" if isinstance(column.type, BigInteger | Integer) else "text"


def _value(name: str, column: Column[Any]) -> str:
    if isinstance(column.type, LargeBinary):
        return f"decode({name}, 'base64') AS {name}"
    return name


def _encoded_text(value: bytes) -> str:
    return _encoded(value).decode()


def listed(names: Collection[str], form: str, separator: str = ", ") -> str:
    """Return *form* once for each name, which stands in it as `{0}`."""
    return separator.join(form.format(name) for name in names)
