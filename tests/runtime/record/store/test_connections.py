"""Transactions on kept connections: what failed leaves nothing behind, and nothing stays open."""

from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from interlock.runtime.record.store import Store, postgresql, tables
from interlock.runtime.record.store.connections import (
    Begin,
    Connections,
    sqlalchemy_begins,
)
from interlock.runtime.record.store.scope import enter
from interlock.runtime.record.store.statement import Statement


def _count(connections: Connections) -> int:
    with connections.transaction() as connection:
        return connection.execute(
            select(func.count()).select_from(tables.kill_switch)
        ).scalar_one()


async def test_an_error_rolls_back_and_the_next_transaction_is_sound(
    database_url: str,
) -> None:
    """A transaction that raised wrote nothing, and does not spoil the one after it."""
    store = Store.open(database_url)
    begin: dict[str, Begin] = {
        "sqlite": sqlalchemy_begins,
        "postgresql": postgresql.begin,
    }
    connections = Connections(store.engine, begin=begin[store.dialect])
    row = {"scope": "tool", "id": "a", "tenant": "@home", "engaged": 1}
    try:
        with pytest.raises(SQLAlchemyError), connections.transaction() as connection:
            connection.execute(insert(tables.kill_switch), [row, row])
        assert _count(connections) == 0
        with connections.transaction() as connection:
            connection.execute(insert(tables.kill_switch), row)
        assert _count(connections) == 1
    finally:
        connections.close()
        connections.close()
        store.close()


@pytest.mark.parametrize("is_first", [True, False])
async def test_what_begins_without_sqlalchemy_is_one_transaction(
    tmp_path: Path, is_first: bool
) -> None:
    """Statements of both kinds belong to it: all of them are committed, or none is."""

    def begun(connection: Connection, scope: str) -> None:
        Statement(text("BEGIN")).run(connection, {})
        enter(connection, scope)

    store = Store.open(f"sqlite:///{tmp_path / 'one.db'}")
    connections = Connections(store.engine, begin=begun)
    row = {"scope": "tool", "id": "a", "tenant": "@home", "engaged": 1}
    add = Statement(insert(tables.kill_switch))
    ways = [
        lambda connection: add.run(connection, row),
        lambda connection: connection.execute(
            insert(tables.kill_switch), row | {"id": "b"}
        ),
    ]
    try:
        for count, fails in ((0, True), (2, False)):
            with suppress(LookupError), connections.transaction() as connection:
                for way in ways if is_first else reversed(ways):
                    way(connection)
                if fails:
                    raise LookupError
            assert _count(connections) == count
    finally:
        connections.close()
        store.close()


async def test_transactions_in_two_threads_have_a_connection_each(
    tmp_path: Path,
) -> None:
    """No two transactions that are open at once share a connection."""
    engine = create_engine(f"sqlite:///{tmp_path / 'two.db'}")

    def begin(connection: Connection, _: str) -> None:
        connection.begin()

    connections = Connections(engine, begin=begin)
    with connections.transaction() as first, connections.transaction() as second:
        assert (
            first.connection.driver_connection
            is not second.connection.driver_connection
        )
    connections.close()
    engine.dispose()
