"""Scopes: in a tenant's there is no row of another tenant, whatever a statement asks for."""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, Final

import psycopg
import pytest
from sqlalchemy import Connection, Executable, Table, delete, insert, select, update
from sqlalchemy.sql import sqltypes

from interlock.evals.postgresql import Server
from interlock.runtime.errors import NotRecorded
from interlock.runtime.record.store import Store, Tx, scope, tables
from interlock.runtime.testing import tampering

#: Tables of the installation: no row of theirs is anybody's
INSTALLATION: Final = {"policy", "guess", "artefact", "release"}
TABLES: Final = [
    table for table in tables.metadata.sorted_tables if table.name in scope.owned()
]
#: The accounts of a server that nothing holds to a scope
OPEN: Final = {"SUPERUSER": "it is a superuser", "BYPASSRLS": "it has BYPASSRLS"}


def made(table: Table, tenant: str) -> dict[str, Any]:
    """Return a row of *tenant*; rows of two tenants differ in every text."""
    values: dict[str, Any] = {}
    for column in table.columns:
        if isinstance(column.type, sqltypes.LargeBinary):
            values[column.name] = tenant.encode()
        elif isinstance(column.type, sqltypes.String):
            values[column.name] = tenant
        else:
            values[column.name] = 1
    return values


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """A database in which every table has one row of `a` and one of `b`."""
    opened = Store.open(database_url)
    with tampering(opened) as connection:
        for table in TABLES:
            connection.execute(insert(table), [made(table, "a"), made(table, "b")])
    yield opened
    opened.close()


def owners(connection: Connection) -> dict[str, set[str]]:
    """Return whose rows are seen, by table."""
    columns = {table.name: scope.owner_of(table) for table in TABLES}
    return {
        name: set(connection.execute(select(column)).scalars())
        for name, column in columns.items()
        if column is not None
    }


def test_every_table_says_whose_its_rows_are() -> None:
    """A table without an owner's column would be open to every tenant."""
    assert {*tables.metadata.tables} - INSTALLATION == {*scope.owned()}


async def test_only_the_tenants_own_rows_are_read(store: Store) -> None:
    """Nothing of another tenant is there; the system sees both, and a name that begins so sees
    nothing.
    """
    every = {table.name for table in TABLES}
    for tenant in ("a", "b", "A", "a%", "a' OR '1'='1", "\\' OR true --", ""):
        whole = {tenant} & {"a", "b"}
        assert await store.of(tenant).read(owners) == dict.fromkeys(every, whole)
    assert await store.read(owners) == {name: {"a", "b"} for name in every}


async def test_a_scope_never_widens(store: Store) -> None:
    """A store of one tenant gives no other, no log of another and not the system's."""
    mine = store.of("a")
    for other in ("b", scope.SYSTEM, "@home"):
        with pytest.raises(ValueError, match="scope"):
            mine.of(other)
        with pytest.raises(ValueError, match="scope"):
            await mine.write(lambda _: None, logs=(other,))
    with pytest.raises(ValueError, match="scope"):
        store.of("@home")


def changes(table: Table) -> dict[str, Callable[[Tx], Any]]:
    """Return what would touch the row of `b`."""
    column = scope.owner_of(table)
    assert column is not None
    of_b = column == "b"
    row = made(table, "b") | {
        key.name: "c" for key in table.primary_key if _is_text(key)
    }
    row[column.name] = "b"
    statements = {
        "change": update(table).where(of_b).values({column.name: "a"}),
        "delete": delete(table).where(of_b),
        "insert": insert(table).values(row),
        "give away": update(table).where(column == "a").values({column.name: "b"}),
    }
    return {name: _executing(statement) for name, statement in statements.items()}


def _executing(statement: Executable) -> Callable[[Tx], Any]:
    return lambda tx: tx.connection.execute(statement)


def _is_text(column: Any) -> bool:
    return isinstance(column.type, sqltypes.String)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_nothing_of_another_tenant_is_changed(
    database_url: str, table: Table
) -> None:
    """Neither by a store of the tenant nor by the system's own work that names one log alone."""
    store = Store.open(database_url)
    with tampering(store) as connection:
        connection.execute(insert(table), [made(table, "a"), made(table, "b")])
    before = await store.read(lambda connection: _rows(connection, table))
    for work in changes(table).values():
        for here, logs in ((store.of("a"), ()), (store, ("a",))):
            with suppress(NotRecorded):
                await here.write(work, logs=logs)
            after = await store.read(lambda connection: _rows(connection, table))
            assert after == before
    store.close()


def _rows(connection: Connection, table: Table) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in connection.execute(select(table))}


async def test_work_of_two_tenants_in_one_transaction_stays_apart(store: Store) -> None:
    """What is committed together is still done in the scope of whoever handed it in."""

    def mark(tx: Tx) -> int:
        marked = update(tables.run).where(tables.run.c.tenant == tx.scope)
        return tx.connection.execute(marked.values(fence=7)).rowcount

    futures = [store.of(tenant).submit(mark, "lazy") for tenant in ("a", "b")]
    assert [future.result(timeout=10) for future in futures] == [1, 1]


def test_who_enters_no_scope_sees_and_changes_nothing(fresh_postgres: str) -> None:
    """On PostgreSQL plain SQL of an account that is no superuser fails closed."""
    store = Store.open(fresh_postgres)
    with tampering(store) as connection:
        for table in TABLES:
            connection.execute(insert(table), [made(table, "a"), made(table, "b")])
    store.close()
    with psycopg.connect(fresh_postgres) as connection:
        connection.execute(f"SET {scope.SETTING} = ''")
        for name, column in scope.owned().items():
            for condition in ("true", f"{column} = 'b'"):
                query = f"SELECT count(*) FROM {name} WHERE {condition}"  # noqa: S608 - ours
                assert connection.execute(query).fetchone() == (0,)
            assert connection.execute(f"DELETE FROM {name}").rowcount == 0  # noqa: S608 - ours


def test_no_setting_of_the_account_enters_a_scope(fresh_postgres: str) -> None:
    """Whatever the account or the URL sets, a connection begins outside every scope."""
    option = f"&options=-c%20{scope.SETTING}%3D{scope.SYSTEM}"
    store = Store.open(fresh_postgres + option)
    with tampering(store) as connection:
        connection.execute(insert(tables.run), [made(tables.run, "a")])
    with store.engine.connect() as connection:
        assert connection.execute(select(tables.run.c.id)).all() == []
    store.close()


@pytest.mark.parametrize("right", OPEN)
def test_an_account_that_nothing_confines_is_named(
    postgres: Server, fresh_postgres: str, right: str
) -> None:
    """Whoever runs on such an account is told so; the account of these tests is confined."""
    confined = Store.open(fresh_postgres)
    assert confined.why_open == ""
    confined.close()
    account = f"open_{right.lower()}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"DROP ROLE IF EXISTS {account}")
        connection.execute(f"CREATE ROLE {account} LOGIN {right}")
    url = fresh_postgres.replace("//interlock@", f"//{account}@")
    with psycopg.connect(url.replace(account, "postgres")) as connection:
        connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {account}")
    store = Store.open(url)
    assert store.why_open == OPEN[right]
    store.close()
    with psycopg.connect(
        fresh_postgres.replace("//interlock@", "//postgres@")
    ) as connection:
        connection.execute(f"DROP OWNED BY {account}")
        connection.execute(f"DROP ROLE {account}")
