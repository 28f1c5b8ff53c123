"""Statements that go straight to the driver, on both databases."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
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
        rows = [{"scope": "tool", "id": name, "engaged": 1} for name in ("a", "b")]
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
    """A statement that takes long to compile the second time: until the first is under way."""

    inherit_cache = False
    begun = Event()
    compiled = 0

    def compile(self, *arguments: Any, **options: Any) -> Any:
        self.compiled += 1
        if self.compiled == 1:
            assert self.begun.wait(10)
        return super().compile(*arguments, **options)


def test_a_new_statement_may_be_executed_by_two_threads_at_once(tmp_path: Path) -> None:
    """A thread reads its row by name though another one compiles the same statement meanwhile."""
    engine = create_engine(f"sqlite:///{tmp_path / 'threads.db'}")
    slow = Slow("SELECT meet() AS number")
    statement = Statement(slow)
    meeting, ended = Barrier(2), Event()

    def look(*, is_first: bool) -> int:
        def meet() -> int:
            slow.begun.set()
            meeting.wait(10)
            return 1 if is_first or ended.wait(10) else 0

        with engine.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.create_function("meet", 0, meet)
            try:
                row = statement.one(connection, {})
            finally:
                if is_first:
                    ended.set()
            return 0 if row is None else int(row["number"])

    with ThreadPoolExecutor(2) as pool:
        second = pool.submit(look, is_first=False)
        while not slow.compiled:
            time.sleep(0.001)
        first = pool.submit(look, is_first=True)
        assert (first.result(10), second.result(10)) == (1, 1)
    engine.dispose()
