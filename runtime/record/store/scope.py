"""Scopes: whose rows a transaction sees and changes, one tenant's or everybody's.

A table with a column `tenant`, or `log`, holds rows of tenants; a row of the home itself carries
`HOME` there. Inside the scope of a tenant the rows of no other tenant can be read or changed,
whatever a statement asks for:

- PostgreSQL keeps to it by row-level security, for every account that is confined (`why_open`). A
  transaction that entered no scope sees nothing (fails closed).
- On SQLite whoever reads has views of that tenant's rows in place of the tables, and whoever writes
  has triggers that end a statement which touches another tenant's row. What a writing transaction
  only looks at is not narrowed there: read it by `Store.read`.

What is for everybody is said in `interlock.runtime.record.store.database`.
"""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, text

from interlock.runtime.record.events import HOME
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.store.tables import metadata

#: The scope of the installation's own work; no tenant's name begins with the sign
SYSTEM: Final = "@system"
#: What PostgreSQL calls the scope of a transaction
SETTING: Final = "interlock.tenant"
#: The columns that say whose a row is: a table has one of them
_COLUMNS: Final = ("tenant", "log")
#: Of these every tenant sees the home's rows too, and changes none: switches that stop everybody,
#: and the key of what the home itself sealed
SHARED: Final = frozenset({"data_key", "kill_switch"})
#: What the home's own names begin with
_RESERVED: Final = "@"
#: Where a connection to SQLite keeps its scope
PLACE: Final = "interlock_scope"

_ENTER: Final = Statement(
    text(f"SELECT pg_catalog.set_config('{SETTING}', :scope, true) AS scope")
)
_OPEN: Final = text("""
    SELECT CASE WHEN rolsuper THEN 'it is a superuser'
                WHEN rolbypassrls THEN 'it has BYPASSRLS' ELSE '' END
      FROM pg_catalog.pg_roles WHERE rolname = current_user
""")


class Scope:
    """The scope of one connection to SQLite; nothing is in it until one is entered."""

    __slots__ = ("tenant",)

    def __init__(self) -> None:
        self.tenant = ""

    def name(self) -> str:
        """Return whose rows are seen."""
        return self.tenant

    def takes(self, owner: str) -> int:
        """Return 1 where the rows of *owner* may be changed."""
        return int(self.tenant in {owner, SYSTEM})


def is_tenant(name: str) -> bool:
    """Whether *name* is a tenant's, and none of the home's own."""
    return not name.startswith(_RESERVED)


def owner_of(table: Table) -> Column[Any] | None:
    """Return the column that says whose a row is; None for a table of the installation."""
    for name in _COLUMNS:
        if name in table.c:
            return table.c[name]
    return None


def owned() -> dict[str, str]:
    """Return the tables that hold rows of tenants, each with the column that says whose."""
    owners = {table.name: owner_of(table) for table in metadata.sorted_tables}
    return {name: owner.name for name, owner in owners.items() if owner is not None}


def enter(connection: Connection, scope: str) -> None:
    """Let the rest of the open transaction see and change what is in *scope*, and nothing else."""
    if connection.dialect.name == "sqlite":
        connection.info[PLACE].tenant = scope
    else:
        _ENTER.one(connection, {"scope": scope})


def why_open(connection: Connection) -> str:
    """Return why the database does not hold this account to a scope; empty when it does."""
    if connection.dialect.name == "sqlite":
        return ""
    return str(connection.execute(_OPEN).scalar_one())


def guards() -> list[str]:
    """Return the statements that let PostgreSQL hold every account to its scope."""
    statements = []
    for table, column in owned().items():
        statements += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY {OWN} ON {table} USING ({_is_own(column)})",
        ]
        if table in SHARED:
            home = f"({column} = '{HOME}')"
            statements.append(
                f"CREATE POLICY {OF_HOME} ON {table} FOR SELECT USING {home}"
            )
    return statements


#: What the policies are named
OWN: Final = "own"
OF_HOME: Final = "of_home"


def policies() -> list[str]:
    """Return every policy as "table|name|command|condition", as PostgreSQL says it again."""
    entered = f"current_setting('{SETTING}'::text, true)"
    written = []
    for table, column in owned().items():
        owner = f"({column})::text"
        own = f"(({owner} = {entered}) OR ({entered} = '{SYSTEM}'::text))"
        written.append(f"{table}|{OWN}|*|{own}")
        if table in SHARED:
            written.append(f"{table}|{OF_HOME}|r|({owner} = '{HOME}'::text)")
    return sorted(written)


def _is_own(column: str) -> str:
    entered = f"pg_catalog.current_setting('{SETTING}', true)"
    return f"{column} = {entered} OR {entered} = '{SYSTEM}'"


def views(tables: Collection[str]) -> str:
    """Return the script that puts views of one tenant's rows before those *tables* of SQLite."""
    return "".join(
        _view(table, column) for table, column in owned().items() if table in tables
    )


def _view(table: str, column: str) -> str:
    seen = f"{column} = {PLACE}()"
    if table in SHARED:
        seen = f"{column} IN ({PLACE}(), '{HOME}')"
    shown = f"SELECT * FROM main.{table} WHERE {seen}"  # noqa: S608 - names of ours
    return f"CREATE TEMP VIEW {table} AS {shown};\n"


def triggers(tables: Collection[str]) -> str:
    """Return the script that ends what touches another tenant's row in those *tables* of SQLite."""
    return "".join(
        _trigger(table, column, change, row)
        for table, column in owned().items()
        if table in tables
        for change, row in _CHANGES
    )


#: What is looked at before each change of a row
_CHANGES: Final = (
    ("INSERT", "NEW"),
    ("UPDATE", "OLD"),
    ("UPDATE", "NEW"),
    ("DELETE", "OLD"),
)


def _trigger(table: str, column: str, change: str, row: str) -> str:
    name = f"{table}_{change}_{row}".lower()
    return (
        f"CREATE TEMP TRIGGER {name} BEFORE {change} ON main.{table} "
        f"WHEN NOT {PLACE}({row}.{column}) "
        "BEGIN SELECT RAISE(ABORT, 'the row of another tenant'); END;\n"
    )
