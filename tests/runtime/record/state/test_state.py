"""The working tables against the ledger: an honest home differs nowhere, a changed row is named."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Executable,
    Integer,
    Table,
    and_,
    delete,
    insert,
    select,
    update,
)
from tests.runtime.record.state.life import lived
from tests.runtime.record.state.place import act, world

from interlock.runtime.record import state
from interlock.runtime.record.derived_tables import DERIVED
from interlock.runtime.record.state import NOT_DERIVED, Difference
from interlock.runtime.record.store import tables
from interlock.runtime.testing import World, tampering


@contextmanager
def changed(home: World, statement: Executable) -> Iterator[list[Difference]]:
    """Yield the differences after *statement*, which is taken back afterwards."""
    with tampering(home.store) as connection:
        connection.execute(statement)
        yield state.compare(connection, home.vault)
        connection.rollback()


def other(column: Column[Any], value: object) -> object:
    """Return another value that the column takes."""
    if isinstance(column.type, Integer):
        return (value or 0) + 1  # type: ignore[operator]  # the value of such a column
    if isinstance(value, bytes) or value is None:
        return b"x"
    return "x" if column.type.length is None else str(value)[:-1] + "~"  # type: ignore[attr-defined]  # texts have one


def rows(home: World, table: Table) -> list[dict[str, Any]]:
    with tampering(home.store) as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def here(table: Table, row: dict[str, Any]) -> Any:
    return and_(*(column == row[column.name] for column in table.primary_key))


async def test_an_honest_home_shows_no_difference(
    database_url: str, tmp_path: Path
) -> None:
    """After everything that can happen, the tables are exactly what the ledger says."""
    async with world(tmp_path, database_url) as home:
        await lived(home)
        found = await state.differences(home.store, home.vault)
        audit = await home.verify()
        kinds = {table.name: len(rows(home, table)) for table in DERIVED}

    assert found == []
    assert audit.problems == []
    assert [name for name, number in kinds.items() if not number] == []


@pytest.mark.parametrize("table", DERIVED, ids=lambda table: table.name)
async def test_whatever_is_changed_in_a_table_is_named(
    database_url: str, tmp_path: Path, table: Table
) -> None:
    """Change any derived column of any row: the difference names table, row and column.

    Of a run whose data key is another, nothing that was committed to can be confirmed. Any other
    data key is checked where the vault opens what the key sealed.
    """
    async with world(tmp_path, database_url) as home:
        await lived(home)
        await _in_flight(home)
        of_runs = {row["id"] for row in rows(home, tables.run)}
        for row in rows(home, table):
            for column in table.columns:
                values = {column.name: other(column, row[column.name])}
                statement = update(table).where(here(table, row)).values(values)
                with changed(home, statement) as found:
                    named = {(one.table, one.code, one.column) for one in found}
                if column is tables.data_key.c.wrapped and row["id"] in of_runs:
                    assert ("run", "changed_value", "label") in named
                elif column.name in NOT_DERIVED.get(table.name, ()):
                    assert named == set(), column
                elif column.primary_key:
                    assert {
                        (table.name, "unknown_row", ""),
                        (table.name, "missing_row", ""),
                    } <= named
                else:
                    assert (table.name, "changed_value", column.name) in named, row


async def _in_flight(home: World) -> None:
    """Leave an action started, as a crash does, so that there is a reservation."""
    run = await home.start()
    with pytest.raises(asyncio.CancelledError):
        await act(home, run, "note.crash", "crash")


@pytest.mark.parametrize("table", DERIVED, ids=lambda table: table.name)
async def test_a_row_that_is_gone_is_named(
    database_url: str, tmp_path: Path, table: Table
) -> None:
    """Delete any row: the ledger says that there is one."""
    async with world(tmp_path, database_url) as home:
        await lived(home)
        await _in_flight(home)
        kept = rows(home, table)
        for row in kept:
            statement = delete(table).where(here(table, row))
            with changed(home, statement) as found:
                missing = [
                    one
                    for one in found
                    if (one.table, one.code) == (table.name, "missing_row")
                ]
            assert len(missing) == 1

    assert kept


async def test_a_row_that_nobody_recorded_is_named(
    database_url: str, tmp_path: Path
) -> None:
    """A row that no entry speaks of is named in every table."""
    async with world(tmp_path, database_url) as home:
        await lived(home)
        await _in_flight(home)
        for table in DERIVED:
            row = rows(home, table)[0]
            key = list(table.primary_key)[-1]
            row[key.name] = 1_000 if isinstance(key.type, Integer) else "made up"
            with changed(home, insert(table).values(row)) as found:
                codes = [(one.table, one.code) for one in found]
            assert codes == [(table.name, "unknown_row")]


async def test_an_erasure_that_was_undone_is_named(tmp_path: Path) -> None:
    """A data key put back after its erasure is a row that no entry speaks of."""
    async with world(tmp_path, f"sqlite:///{tmp_path / 'interlock.db'}") as home:
        run = await home.start()
        key = next(row for row in rows(home, tables.data_key) if row["id"] == run.id)
        await home.runs.end(run, "done", {})
        await home.runs.erase(run.id, by="ada")
        await home.store.write(
            lambda tx: tx.connection.execute(insert(tables.data_key).values(key))
        )
        found = await state.differences(home.store, home.vault)

    assert [(one.code, one.table, one.row) for one in found] == [
        ("unknown_row", "data_key", run.id)
    ]


async def test_no_change_of_an_entry_stops_the_comparison(tmp_path: Path) -> None:
    """Whatever stands in an entry, the tables are compared: the verifier names the entry."""
    entries = tables.ledger_entry
    async with world(tmp_path, f"sqlite:///{tmp_path / 'interlock.db'}") as home:
        await lived(home)
        one_of_each = {row["event"]: row for row in rows(home, entries)}
        values: tuple[Any, ...] = ([], 5)
        for row in one_of_each.values():
            body = json.loads(row["body"])
            for name in body:
                for value in values:
                    changed_body = json.dumps(body | {name: value}).encode()
                    statement = update(entries).where(here(entries, row))
                    with changed(home, statement.values(body=changed_body)) as found:
                        assert isinstance(found, list)
