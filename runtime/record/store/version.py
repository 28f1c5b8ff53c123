"""The version that a set of tables is: another table, column, key or index is another version."""

from typing import Any, Final

from sqlalchemy import Column, Index, MetaData

from interlock.runtime.canonical import Json, digest

#: Of a version; what keeps it has room for 32
_DIGITS: Final = 16
#: All tables
metadata = MetaData()


def version_of(schema: MetaData) -> str:
    """Return the version that a schema is: a digest of its tables, columns, keys and indexes."""
    parts = [
        [
            table.name,
            [_column(column) for column in table.columns],
            sorted(_index(index) for index in table.indexes),
        ]
        for table in schema.sorted_tables
    ]
    return digest(sorted(parts, key=str))[:_DIGITS]


def _column(column: Column[Any]) -> list[Json]:
    return [
        column.name,
        repr(column.type),
        bool(column.nullable),
        column.primary_key,
    ]


def _index(index: Index) -> list[str]:
    names = [column.name for column in index.columns]
    where = str(index.dialect_options["sqlite"]["where"])
    return [str(index.name), str(index.unique), where, *names]
