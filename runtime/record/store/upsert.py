"""Insert or replace, written once for both databases."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from sqlalchemy import Table
from sqlalchemy.sql import ClauseElement

_DIALECTS: Final = ("sqlite", "postgresql")


class ByDialect(Mapping[str, ClauseElement]):
    """One statement for each dialect, by its name.

    A dialect is imported when its statement is asked for: a command on SQLite loads no PostgreSQL.
    """

    def __init__(self, make: Callable[[Any], ClauseElement]) -> None:
        #: Makes the statement of the dialect whose `insert` it is called with
        self._make = make

    def __getitem__(self, name: str) -> ClauseElement:
        if name not in _DIALECTS:
            raise KeyError(name)
        return self._make(import_module(f"sqlalchemy.dialects.{name}").insert)

    def __iter__(self) -> Iterator[str]:
        return iter(_DIALECTS)

    def __len__(self) -> int:
        return len(_DIALECTS)


def upsert(table: Table, *, keys: Sequence[str], keep: Sequence[str] = ()) -> ByDialect:
    """Return the statement that inserts a row or, where *keys* are taken, replaces the row.

    The *keep* columns of a row that is replaced stay as they are.
    """

    def make(insert: Any) -> ClauseElement:
        statement = insert(table)
        changed = {
            column.name: statement.excluded[column.name]
            for column in table.c
            if column.name not in {*keys, *keep}
        }
        replaced: ClauseElement = statement.on_conflict_do_update(
            index_elements=list(keys),
            set_=changed,
        )
        return replaced

    return ByDialect(make)


def insert_new(table: Table) -> ByDialect:
    """Return the statement that inserts a row and returns its key, or nothing where it is taken."""

    def make(insert: Any) -> ClauseElement:
        statement: ClauseElement = (
            insert(table).on_conflict_do_nothing().returning(*table.primary_key)
        )
        return statement

    return ByDialect(make)
