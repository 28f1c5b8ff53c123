"""What a transaction's entries rest on: as read one by one, and nothing that was not asked for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, text

from interlock.runtime.record.events import EVERY, HOME
from interlock.runtime.record.ground import Ground, entries
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.of_many import OfMany
from interlock.runtime.run import kill_switch
from interlock.runtime.testing import World

_CLAIMS = OfMany(tables.run, tables.run.c.id)


async def test_rows_of_many_names_are_those_of_each(
    tmp_path: Path, database_url: str
) -> None:
    """Each name gets its own rows; one that has none, or was not asked for, gets none."""
    async with World(tmp_path, url=database_url) as world:
        runs = [await world.start() for _ in range(3)]
        names = [run.id for run in runs[:2]]
        rows = await world.store.read(
            lambda connection: _CLAIMS.by_name(connection, [*names, "nobody", "', 1"])
        )

    assert sorted(rows) == sorted(names)
    assert [row["id"] for name in names for row in rows[name]] == names


async def test_the_entries_of_each_run_begin_where_that_run_is_known(
    tmp_path: Path, database_url: str
) -> None:
    """Two runs of one log are read on from different places, each in order."""
    async with World(tmp_path, url=database_url) as world:
        one, two = [await world.start() for _ in range(2)]
        log = one.tenant
        end = (await world.ledger.head(log)).size

        def look(connection: Connection) -> tuple[list[int], list[int], list[int]]:
            whole = entries(connection, log, {one.id: 0, two.id: 0}, end=end)
            later = entries(connection, log, {one.id: 0, two.id: end}, end=end)
            seqs = [[row["seq"] for row in whole[run.id]] for run in (one, two)]
            assert two.id not in later
            return seqs[0], seqs[1], [row["seq"] for row in later[one.id]]

        first, second, again = await world.store.read(look)

    assert first == sorted(first) == again
    assert second == sorted(second)
    assert first
    assert second
    assert not set(first) & set(second)


async def test_what_was_not_asked_for_counts_as_gone(
    tmp_path: Path, database_url: str
) -> None:
    """A row that nobody asked for is not taken for one that is as recorded (fails closed)."""
    async with World(tmp_path, url=database_url) as world:
        run, other = [await world.start() for _ in range(2)]
        ground = await world.store.read(
            lambda connection: Ground(
                connection, world.vault, runs=[run.id], actions=["a"]
            )
        )

    assert len(ground.rows(tables.run, run.id)) == 1
    assert ground.rows(tables.run, other.id) == ()


async def test_many_runs_are_read_by_no_more_statements(tmp_path: Path) -> None:
    """What a transaction asks the database does not grow with the runs of its entries."""
    async with World(tmp_path) as world:
        names = [(await world.start()).id for _ in range(20)]

        def asked(connection: Connection, runs: Sequence[str]) -> int:
            statements: list[str] = []
            driver: Any = connection.connection.dbapi_connection
            driver.set_trace_callback(statements.append)
            Ground(connection, world.vault, runs=runs, actions=runs)
            entries(connection, "default", dict.fromkeys(runs, 0), end=1_000)
            driver.set_trace_callback(None)
            return len(statements)

        many = await world.store.read(lambda connection: asked(connection, names))
        one = await world.store.read(lambda connection: asked(connection, names[:1]))

    assert many == one


async def test_a_longer_log_makes_the_entries_of_one_run_no_dearer(
    tmp_path: Path, database_url: str
) -> None:
    """What the database does for the entries of one run does not grow with those of others."""

    def work(connection: Connection, run: str) -> int:
        for _ in range(10):  # until PostgreSQL asks with the plan that it keeps
            entries(connection, "default", {run: 1}, end=10_000)
        count = _steps if connection.dialect.name == "sqlite" else _looked_at
        return count(connection, run)

    async with World(tmp_path, url=database_url) as world:
        run = await world.start()
        await world.store.write(_lengthen, logs=("default",))
        looked = await world.store.read(lambda connection: work(connection, run.id))

    assert looked < 1_000


def _steps(connection: Connection, run: str) -> int:
    """Return the steps that SQLite takes for the entries of a run."""
    done: list[None] = []
    driver: Any = connection.connection.dbapi_connection
    driver.set_progress_handler(lambda: done.append(None), 1)
    entries(connection, "default", {run: 1}, end=10_000)
    driver.set_progress_handler(None, 1)
    return len(done)


def _looked_at(connection: Connection, run: str) -> int:
    """Return the rows that PostgreSQL looks at for the entries of a run."""
    query = text(
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
        " WHERE relname = 'ledger_entry'"
    )
    before: int = connection.scalar(query) or 0
    entries(connection, "default", {run: 1}, end=10_000)
    after: int = connection.scalar(query) or 0
    return after - before


def _lengthen(tx: Tx) -> None:
    """Add two thousand entries of another run to the log."""
    entry = {
        "log": "default",
        "run_id": "other",
        "event": "step",
        "body": b"{}",
        "leaf": b"",
    }
    tx.connection.execute(
        insert(tables.ledger_entry), [{**entry, "seq": 100 + n} for n in range(2_000)]
    )


async def test_a_switch_that_is_turned_counts_for_what_comes_after(
    tmp_path: Path, database_url: str
) -> None:
    """What is read once in a transaction is read again after a switch was turned in it."""

    def work(tx: Tx) -> list[bool]:
        place = {"tenant": "acme", "tool": "mail.send", "run_id": "r"}
        answers = [kill_switch.covered(tx, **place)]
        for name in ("other", "mail.send"):
            kill_switch.engage(tx, "tool", name, by="ada")
            answers.append(kill_switch.covered(tx, **place))
        kill_switch.release(tx, "tool", "mail.send", by="ada")
        return [*answers, kill_switch.covered(tx, **place)]

    async with World(tmp_path, url=database_url) as world:
        answers = await world.store.write(work, logs=(HOME, EVERY))

    assert answers == [False, False, True, False]
