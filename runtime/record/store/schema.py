"""What stands in a database beside rows: only tables and indexes that the migrations made.

A trigger, a view, a rule, a policy or an index on an expression acts whenever a row is written or
read, and no row betrays it. So one that the migrations did not make is refused, and so is a table
that lacks a policy of theirs.
"""

import re
from typing import Final

from sqlalchemy import Connection, text

from interlock.runtime.errors import SchemaChanged
from interlock.runtime.record.store.scope import owned, policies
from interlock.runtime.record.store.tables import READY, metadata

#: Where a database states its version
VERSIONS: Final = "alembic_version"
_TABLES: Final = frozenset({VERSIONS, *metadata.tables})
_INDEXES: Final = frozenset(
    str(index.name) for table in metadata.tables.values() for index in table.indexes
)
_OF_SQLITE: Final = text("SELECT type, name, tbl_name, sql FROM sqlite_master")
#: SQLite's own, such as the statistics of ANALYZE; nobody else can make a name that begins so
_RESERVED: Final = "sqlite_"
#: What no table of ours says: it computes, compares or fills in a value
_ACTING: Final = re.compile(
    r"\b(?:AS|CHECK|COLLATE|CONFLICT|DEFAULT|GENERATED|REFERENCES|UNIQUE|VIRTUAL)\b",
    re.IGNORECASE,
)
#: An index is on columns and of all rows, or of those that workers may claim
_PLAIN_INDEX: Final = re.compile(
    rf'CREATE INDEX \w+ ON \w+ \([\w", ]+\)(?: WHERE {READY})?'
)
_OF_POSTGRESQL: Final = text("""
    WITH
      named AS (SELECT unnest(CAST(:tables AS text[])) AS name),
      ours AS (
        SELECT * FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace
          AND relname IN (SELECT name FROM named))
    SELECT 'trigger' AS type, tgname AS name, relname AS place
      FROM pg_trigger JOIN ours ON tgrelid = ours.oid WHERE NOT tgisinternal
    UNION ALL SELECT 'rule', rulename, relname
      FROM pg_rewrite JOIN ours ON ev_class = ours.oid
    UNION ALL SELECT 'policy', polname, relname
      FROM pg_policy JOIN ours ON polrelid = ours.oid
      WHERE NOT polpermissive OR polwithcheck IS NOT NULL OR polroles <> '{0}'
         OR concat_ws('|', relname, polname, polcmd, pg_get_expr(polqual, polrelid))
            <> ALL (CAST(:policies AS text[]))
    UNION ALL SELECT 'no policy', split_part(missing, '|', 2), split_part(missing, '|', 1)
      FROM unnest(CAST(:policies AS text[])) AS missing
      WHERE missing NOT IN (
        SELECT concat_ws('|', relname, polname, polcmd, pg_get_expr(polqual, polrelid))
          FROM pg_policy JOIN ours ON polrelid = ours.oid)
    UNION ALL SELECT 'table open to all tenants', relname, relname FROM ours
      WHERE (relrowsecurity AND relforcerowsecurity) <> (relname = ANY (CAST(:owned AS text[])))
    UNION ALL SELECT 'constraint', conname, relname
      FROM pg_constraint JOIN ours ON conrelid = ours.oid WHERE contype NOT IN ('p', 'n')
    UNION ALL SELECT 'default', attname, relname
      FROM pg_attribute JOIN ours ON attrelid = ours.oid WHERE atthasdef
    UNION ALL SELECT 'column', attname, relname
      FROM pg_attribute JOIN ours ON attrelid = ours.oid
      WHERE attnum > 0 AND NOT attisdropped AND (attcollation NOT IN (0, 100)
        OR CAST(CAST(atttypid AS regtype) AS text) NOT IN ('integer', 'bigint',
          'bytea', 'text', 'character varying'))
    UNION ALL SELECT 'table', relname, relname FROM ours
      WHERE relkind <> 'r' OR relpersistence <> 'p' OR relrowsecurity <> relforcerowsecurity
    UNION ALL SELECT 'no primary key', '', relname FROM ours
      WHERE NOT EXISTS (SELECT FROM pg_index WHERE indrelid = ours.oid AND indisprimary)
    UNION ALL SELECT 'child table', CAST(CAST(inhrelid AS regclass) AS text), relname
      FROM pg_inherits JOIN ours ON inhparent = ours.oid
    UNION ALL SELECT 'index', made.relname, ours.relname
      FROM pg_index JOIN ours ON indrelid = ours.oid JOIN pg_class made ON made.oid = indexrelid
      WHERE indexprs IS NOT NULL
         OR pg_get_expr(indpred, indrelid) <> CAST(:ready AS text)
         OR NOT (indisprimary OR made.relname = ANY (CAST(:indexes AS text[])))
    UNION ALL SELECT 'view', relname, relname FROM pg_class
      WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('v', 'm', 'f')
""")
#: The database prefers an operator or a function whose types fit exactly, wherever it stands. So
#: all names are written in full here: this is asked before anything else is compared.
_SHADOWS: Final = text("""
    WITH own AS (SELECT oid FROM pg_catalog.pg_type
                 WHERE typnamespace OPERATOR(pg_catalog.=) CAST(11 AS pg_catalog.oid))
    SELECT 'operator' AS type, CAST(oprname AS pg_catalog.text) AS name,
           CAST(oprleft AS pg_catalog.regtype) AS place
      FROM pg_catalog.pg_operator
      WHERE CAST(oprnamespace AS pg_catalog.regnamespace) OPERATOR(pg_catalog.=)
            CAST(current_schema() AS pg_catalog.regnamespace)
        AND CAST(oprname AS pg_catalog.text) OPERATOR(pg_catalog.=)
            ANY (CAST('{=,<>,<,<=,>,>=,||,+,-}' AS pg_catalog.text[]))
        AND EXISTS (SELECT FROM own WHERE oid OPERATOR(pg_catalog.=) oprright)
    UNION ALL SELECT 'function', CAST(mine.proname AS pg_catalog.text), NULL
      FROM pg_catalog.pg_proc mine
      WHERE CAST(pronamespace AS pg_catalog.regnamespace) OPERATOR(pg_catalog.=)
            CAST(current_schema() AS pg_catalog.regnamespace)
        AND EXISTS (SELECT FROM pg_catalog.pg_proc theirs
          WHERE theirs.pronamespace OPERATOR(pg_catalog.=) CAST(11 AS pg_catalog.oid)
            AND theirs.proname OPERATOR(pg_catalog.=) mine.proname)
        AND NOT EXISTS (SELECT FROM pg_catalog.unnest(mine.proargtypes) AS taken(type)
          WHERE NOT EXISTS (SELECT FROM own WHERE oid OPERATOR(pg_catalog.=) taken.type))
""")


def strange(connection: Connection) -> list[str]:
    """Return what the migrations did not make, as "kind name on table", sorted.

    On PostgreSQL other tables of the schema may be somebody else's, so they are not looked at.
    """
    if connection.dialect.name == "sqlite":
        return sorted(_of_sqlite(connection))
    names = {
        "tables": sorted(_TABLES),
        "indexes": sorted(_INDEXES),
        "ready": _written_out(READY),
        "owned": sorted(owned()),
        "policies": policies(),
    }
    rows = connection.execute(_SHADOWS).all()
    rows = rows or connection.execute(_OF_POSTGRESQL, names).all()
    return sorted({f"{row.type} {row.name} on {row.place}" for row in rows})


def _written_out(condition: str) -> str:
    """Return the condition as PostgreSQL says it again: each part in its own parentheses."""
    parts = " AND ".join(f"({part})" for part in condition.split(" AND "))
    return f"({parts})"


def refuse_strange(connection: Connection) -> None:
    """Raise `SchemaChanged` when the database holds what the migrations did not make."""
    objects = strange(connection)
    if objects:
        raise SchemaChanged(objects=objects)


def _of_sqlite(connection: Connection) -> list[str]:
    objects = []
    for row in connection.execute(_OF_SQLITE):
        statement = " ".join(str(row.sql or "").split())
        if not _is_ours(row.type, str(row.name), statement):
            objects.append(f"{row.type} {row.name} on {row.tbl_name}")
    return objects


def _is_ours(kind: str, name: str, statement: str) -> bool:
    if kind == "table":
        is_known = name in _TABLES or name.startswith(_RESERVED)
        return is_known and not _ACTING.search(statement)
    if kind == "index" and not statement:
        return name.startswith(_RESERVED)
    return (
        kind == "index"
        and name in _INDEXES
        and _PLAIN_INDEX.fullmatch(statement) is not None
    )
