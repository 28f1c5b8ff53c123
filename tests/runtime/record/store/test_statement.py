"""Statements that go straight to the driver, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from sqlalchemy import (
    TextClause,
    bindparam,
    create_engine,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.store.statement import Statement

PATIENCE_S = 30
SWITCH = tables.kill_switch
ADD = Statement(insert(SWITCH))
ONE = Statement(
    select(SWITCH).where(SWITCH.c.scope == "tool", SWITCH.c.id == bindparam("name"))
)
MOVE = Statement(update(SWITCH).where(SWITCH.c.id == bindparam("name")))
GONE = Statement(
    delete(SWITCH).where(SWITCH.c.id == bindparam("name")).returning(SWITCH.c.id)
)


async def test_rows_are_written_and_read_by_name(database_url: str) -> None:
    """A row reads back by column; values that stand in the statement count as its own."""

    def work(tx: Tx) -> None:
        rows = [
            {"scope": "tool", "id": name, "tenant": "@home", "engaged": 1}
            for name in ("a", "b")
        ]
        ADD.run_many(tx.connection, rows)
        assert MOVE.run(tx.connection, {"name": "a", "engaged": 2}) == 1
        assert MOVE.run(tx.connection, {"name": "none", "engaged": 2}) == 0
        row = ONE.one(tx.connection, {"name": "a"})
        assert row is not None
        assert (row["scope"], row["engaged"]) == ("tool", 2)
        assert ONE.one(tx.connection, {"name": "none"}) is None
        assert [gone["id"] for gone in GONE.all(tx.connection, {"name": "b"})] == ["b"]

    store = Store.open(database_url)
    try:
        await store.write(work)
    finally:
        store.close()


async def test_a_failure_of_the_driver_is_one_of_sqlalchemy(database_url: str) -> None:
    """Whoever waits for a write learns of a driver's failure as of any other."""
    broken = Statement(text("SELECT no_such_column FROM kill_switch"))
    store = Store.open(database_url)
    try:
        with pytest.raises(SQLAlchemyError), store.engine.connect() as connection:
            broken.all(connection, {})
    finally:
        store.close()


async def test_a_parameter_that_is_missing_is_an_error(database_url: str) -> None:
    """No place of a statement is filled with nothing in silence, at the first use or later."""
    statement = Statement(
        select(SWITCH).where(SWITCH.c.id == bindparam("name", required=True))
    )
    store = Store.open(database_url)
    try:
        with store.engine.connect() as connection:
            with pytest.raises(SQLAlchemyError):
                statement.all(connection, {})
            assert statement.all(connection, {"name": "x"}) == []
            with pytest.raises((KeyError, SQLAlchemyError)):
                statement.all(connection, {})
    finally:
        store.close()


class Slow(TextClause):
    """A text whose first compilation ends only when another one has led to an execution."""

    begun: Event
    executed: Event

    def compile(self, *arguments: Any, **options: Any) -> Any:
        if not self.begun.is_set():
            self.begun.set()
            assert self.executed.wait(PATIENCE_S)
        return super().compile(*arguments, **options)


def test_two_threads_may_use_a_statement_for_the_first_time_at_once() -> None:
    """Each is given its columns by name, whoever compiled the statement last."""
    slow = Slow("SELECT met() AS met")
    slow.begun, slow.executed, again, ended = (Event() for _ in range(4))
    statement = Statement(slow)

    def met() -> int:
        if slow.executed.is_set():  # here is the thread that compiled last
            again.set()
            return int(ended.wait(PATIENCE_S))
        slow.executed.set()
        return int(again.wait(PATIENCE_S))

    def read() -> int:
        with create_engine("sqlite://").connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.create_function("met", 0, met)
            row = statement.one(connection, {})
            assert row is not None
            return int(row["met"])

    with ThreadPoolExecutor() as pool:
        last = pool.submit(read)
        assert slow.begun.wait(PATIENCE_S)
        try:
            assert read() == 1
        finally:
            ended.set()
        assert last.result() == 1
