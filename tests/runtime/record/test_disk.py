"""No record, no act: a full disk, a limit on the file, or a database that cannot be written to."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from interlock.runtime.door.outcome import Done, Unknown
from interlock.runtime.errors import GuardFailed, NotRecorded
from interlock.runtime.record.store import Store
from interlock.runtime.testing import Effects, World


async def test_a_full_database_stops_every_effect(tmp_path: Path) -> None:
    """When the database can grow no further the intent is not recorded and the tool is not called,
    each time anew.
    """
    effects = Effects()
    async with World(tmp_path, tools=[effects.tool("note.write")]) as world:
        run = await world.start()
        first = await world.pep.enforce(
            run, tool="note.write", arguments={"text": "fits"}, call_id="0"
        )
        await world.store.durable(run.claim)

        def limit(connection: Connection) -> None:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

        event.listen(world.store.engine, "begin", limit)
        refused = 0
        for number in range(1, 40):
            try:
                await world.pep.enforce(
                    run,
                    tool="note.write",
                    arguments={"text": "x" * 4000},
                    call_id=f"{number}",
                )
                await world.store.durable(run.claim)
            except NotRecorded:
                refused += 1
        event.remove(world.store.engine, "begin", limit)
        intents = [each for each in await world.entries() if each["event"] == "intent"]
        done = len(effects.done)

        assert isinstance(first, Done)
        assert refused >= 30
        assert done <= len(intents)  # every effect has its intent
        assert (await world.verify()).problems == []


LIMITED = """
import asyncio, resource, signal, sys
from pathlib import Path
from interlock.runtime.errors import GuardFailed
from interlock.runtime.testing import Effects, World

async def main():
    effects = Effects()
    async with World(Path(sys.argv[1]), tools=[effects.tool("note.write")]) as world:
        run = await world.start()
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        for number in range(5):
            try:
                arguments = {"text": "x"}
                await world.pep.enforce(
                    run, tool="note.write", arguments=arguments, call_id=f"{number}"
                )
            except GuardFailed as error:
                print(type(error).__name__)
        print("effects", len(effects.done))

asyncio.run(main())
"""


def test_a_file_that_may_not_grow_stops_every_effect(tmp_path: Path) -> None:
    """Where the system refuses to let the log grow, nothing is done."""
    command = [sys.executable, "-W", "ignore", "-c", LIMITED, str(tmp_path)]
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        command, capture_output=True, text=True, check=False, timeout=120
    )

    assert done.stdout.splitlines() == ["NotRecorded"] * 5 + ["effects 0"], done.stderr


async def test_a_database_that_cannot_be_written_stops_every_effect(
    tmp_path: Path,
) -> None:
    """A connection that may only read records nothing, so nothing is done."""
    effects = Effects()
    async with World(tmp_path, tools=[effects.tool("note.write")]) as world:
        run = await world.start()

        def only_read(connection: Connection) -> None:
            connection.exec_driver_sql("PRAGMA query_only = ON")

        event.listen(world.store.engine, "begin", only_read)
        for number in range(3):
            with pytest.raises(NotRecorded):
                await world.pep.enforce(
                    run, tool="note.write", arguments={"text": "x"}, call_id=f"{number}"
                )
        event.remove(world.store.engine, "begin", only_read)

    assert effects.done == []


@pytest.mark.parametrize("damage", ["junk", "a folder", "no such folder"])
async def test_what_is_no_database_does_not_open(tmp_path: Path, damage: str) -> None:
    """A file that is no database, or a place where there can be none, is refused when it is
    opened.
    """
    file = tmp_path / "interlock.db"
    if damage == "junk":
        file.write_bytes(b"junk" * 1000)
    elif damage == "a folder":
        file.mkdir()
    else:
        (tmp_path / "file").write_text("")
        file = tmp_path / "file" / "interlock.db"
    with pytest.raises(GuardFailed):
        Store.open(f"sqlite:///{file}")


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_head"])
async def test_a_ledger_that_is_gone_stops_every_effect(
    tmp_path: Path, table: str
) -> None:
    """Without any one of the ledger's tables nothing can be recorded, so nothing is done."""
    effects = Effects()
    async with World(tmp_path, tools=[effects.tool("note.write")]) as world:
        run = await world.start()
        with (
            closing(sqlite3.connect(tmp_path / "interlock.db")) as connection,
            connection,
        ):
            connection.execute(f"DROP TABLE {table}")
        with pytest.raises(GuardFailed):
            await world.pep.enforce(
                run, tool="note.write", arguments={"text": "x"}, call_id="1"
            )

    assert effects.done == []


async def test_a_record_lost_after_the_effect_is_heard_and_never_repeated(
    tmp_path: Path,
) -> None:
    """When the outcome cannot be recorded the next step fails, and the effect is not done a second
    time.
    """
    effects = Effects()
    async with World(tmp_path, tools=[effects.tool("note.write")]) as world:
        run = await world.start()
        real = effects.tool("note.write")

        async def act(permit: object, arguments: object) -> object:
            with (
                closing(sqlite3.connect(tmp_path / "interlock.db")) as connection,
                connection,
            ):
                connection.execute(
                    "CREATE TRIGGER full BEFORE INSERT ON ledger_entry BEGIN SELECT "
                    "RAISE(ABORT, 'full'); END"
                )
            return await real.act(permit, arguments)  # type: ignore[arg-type]  # on purpose not what the types say

        world.add(replace(real, act=act))
        first = await world.pep.enforce(
            run, tool="note.write", arguments={"text": "x"}, call_id="1"
        )
        with pytest.raises(NotRecorded):
            await world.store.durable(run.claim)
        with (
            closing(sqlite3.connect(tmp_path / "interlock.db")) as connection,
            connection,
        ):
            connection.execute("DROP TRIGGER full")
        later = await world.pep.enforce(
            await world.reclaim(run),
            tool="note.write",
            arguments={"text": "x"},
            call_id="1",
        )
        assert (await world.verify()).problems == []

    assert isinstance(first, Done)
    assert isinstance(later, Unknown)
    assert effects.done == ["x"]
