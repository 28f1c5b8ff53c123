"""Insert or replace, written once for both databases."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ClauseElement

#: The statement by the name of the connection's dialect
Upsert: TypeAlias = Mapping[str, sqlite.Insert | postgresql.Insert]


def upsert(table: Table, *, keys: Sequence[str], keep: Sequence[str] = ()) -> Upsert:
    """Return the statement that inserts a row or, where *keys* are taken, replaces it but for its *keep* columns."""
    made: dict[str, sqlite.Insert | postgresql.Insert] = {}
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql)):
        statement: sqlite.Insert | postgresql.Insert = dialect.insert(table)
        changed = {
            each.name: statement.excluded[each.name]
            for each in table.c
            if each.name not in (*keys, *keep)
        }
        made[name] = statement.on_conflict_do_update(index_elements=list(keys), set_=changed)
    return made


def insert_new(table: Table) -> Mapping[str, ClauseElement]:
    """Return the statement that inserts a row and returns its key, or nothing where the key is taken."""
    return {
        "sqlite": sqlite.insert(table).on_conflict_do_nothing().returning(*table.primary_key),
        "postgresql": postgresql.insert(table)
        .on_conflict_do_nothing()
        .returning(*table.primary_key),
    }
