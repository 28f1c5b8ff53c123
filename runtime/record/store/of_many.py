"""Statements that read the rows of many names at once: one question in place of one for each."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    Table,
    Text,
    any_,
    bindparam,
    select,
    text,
)

from interlock.runtime.record.store.statement import Statement


class OfMany:
    """Reads the rows of one table in which *column* is one of many names, in no order.

    All their columns and those in *more* are read, or *only* some; the rows are locked where *lock*
    says so.
    """

    def __init__(
        self,
        table: Table,
        column: Column[Any],
        *,
        only: Sequence[Column[Any]] = (),
        more: Sequence[ColumnElement[Any]] = (),
        lock: bool = False,
    ) -> None:
        self._column = column.name
        named = bindparam("names", type_=ARRAY(Text))
        listed = text("SELECT value FROM json_each(:names)")
        whole = select(*(only or (table,)), *more)
        if lock:
            whole = whole.with_for_update()
        self._statement = Statement(
            {
                "postgresql": whole.where(column == any_(named)),
                "sqlite": whole.where(column.in_(listed)),
            }
        )

    def by_name(
        self,
        connection: Connection,
        names: Sequence[str],
    ) -> dict[str, list[Mapping[str, Any]]]:
        """Return the rows of each name; a name that has none is not there."""
        rows: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        place = {"names": listed(connection, names)}
        for row in self._statement.all(connection, place):
            rows[row[self._column]].append(row)
        return rows


def listed(
    connection: Connection,
    values: Sequence[Any],
) -> Any:
    """Return *values* as a statement takes a list of them: PostgreSQL as such, SQLite as JSON."""
    if connection.dialect.name == "postgresql":
        return list(values)
    return json.dumps(values)
