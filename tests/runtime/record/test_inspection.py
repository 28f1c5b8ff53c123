"""A database is looked at when it is opened: what is broken lets nothing begin, and stops work."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import create_engine, delete, select, text, update

from interlock.runtime.errors import LogBroken, NotAsRecorded, Tampered
from interlock.runtime.record import inspection
from interlock.runtime.record.inspection import refuse_unfit
from interlock.runtime.record.store import tables
from interlock.runtime.record.tlog import leaf_hash
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.storage import Storage
from interlock.runtime.testing import Effects, FixedClock, World

ENTRIES: Final = tables.ledger_entry


async def lived(folder: Path) -> str:
    """Return the URL of a database in which two runs did something."""
    effects = Effects()
    world = World(folder, tools=[effects.tool("note.write")])
    async with world:
        for _ in range(2):
            run = await world.start()
            for call in ("a", "b", "c"):
                await world.pep.enforce(
                    run, tool="note.write", arguments={"text": call}, call_id=call
                )
            await world.runs.end(run, "waiting", {})
    return f"sqlite:///{folder / 'interlock.db'}"


def change(url: str, *statements: Any) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)
    engine.dispose()


async def unfit(url: str, folder: Path, **options: Any) -> Tampered | None:
    async with Storage.open(
        database=url,
        keys=folder / "keys",
        witness=folder / "witness",
        origin="interlock/test",
        **options,
    ) as storage:
        return storage.ledger.watch.unfit


def _at(seq: int, **values: Any) -> Any:
    here = (ENTRIES.c.log == "default", ENTRIES.c.seq == seq)
    return update(ENTRIES).where(*here).values(**values)


BREAKS: Final[dict[str, Callable[[], Any]]] = {
    "changed_entry": lambda: _at(3, body=b"{}"),
    "moved_entry": lambda: _at(3, event="other"),
    "missing_entry": lambda: delete(ENTRIES).where(ENTRIES.c.seq == 3),
    "head_mismatch": lambda: (
        update(tables.ledger_head)
        .where(tables.ledger_head.c.log == "default")
        .values(root=b"x" * 32)
    ),
}


async def test_a_sound_database_is_fit(tmp_path: Path) -> None:
    """What was only used as it is meant to be is fit, in whole or in part."""
    url = await lived(tmp_path)

    assert await unfit(url, tmp_path) is None
    assert await unfit(url, tmp_path, entries=3) is None


@pytest.mark.parametrize("problem", BREAKS)
async def test_a_log_that_is_not_as_signed_is_named(
    tmp_path: Path, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log, entry and the verifier's own code say what is wrong, also in a large record."""
    monkeypatch.setattr(inspection, "SMALL", 0)
    url = await lived(tmp_path)
    change(url, BREAKS[problem]())
    fault = await unfit(url, tmp_path)

    assert isinstance(fault, LogBroken)
    assert (fault.log, fault.problem) == ("default", problem)


async def test_a_checkpoint_that_is_no_text_is_named(tmp_path: Path) -> None:
    """SQLite keeps whatever type it is given: a note of another type is nobody's signature."""
    url = await lived(tmp_path)
    change(url, update(ENTRIES).values(note=b"\xff\x00"))
    with pytest.raises(Tampered):
        await unfit(url, tmp_path)


async def test_an_entry_beyond_the_head_is_named(tmp_path: Path) -> None:
    """An entry that no signed head covers is nobody's record."""
    url = await lived(tmp_path)
    columns = "run_id, event, body, leaf, payload, note"
    copied = (
        f"INSERT INTO ledger_entry SELECT log, seq + 100, {columns} FROM ledger_entry "  # noqa: S608 - constants
        "WHERE seq = 1"
    )
    change(url, text(copied))
    fault = await unfit(url, tmp_path)

    assert isinstance(fault, LogBroken)
    assert fault.problem == "unsigned_tail"


async def test_an_entry_that_was_written_anew_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry that fits its leaf and its columns does not fit the root that was signed."""
    monkeypatch.setattr(inspection, "SMALL", 0)
    url = await lived(tmp_path)
    engine = create_engine(url)
    here = (ENTRIES.c.log == "default", ENTRIES.c.seq == 3)
    with engine.begin() as connection:
        body = connection.execute(select(ENTRIES.c.body).where(*here)).scalar_one()
        other = body.replace(b'"at":1', b'"at":2')
        assert other != body
        connection.execute(_at(3, body=other, leaf=leaf_hash(other)))
    engine.dispose()
    fault = await unfit(url, tmp_path)

    assert isinstance(fault, LogBroken)
    assert fault.problem == "head_mismatch"


async def test_a_payload_of_any_run_is_looked_at_in_a_small_record(
    tmp_path: Path,
) -> None:
    """In a small record a payload that is gone is found, and named."""
    url = await lived(tmp_path)
    change(url, _at(1, payload=None))
    fault = await unfit(url, tmp_path)

    assert isinstance(fault, LogBroken)
    assert fault.problem == "payload_missing"


async def test_a_row_of_any_run_is_looked_at_in_a_small_record(tmp_path: Path) -> None:
    """In a small record a changed row of whatever run is found, and named."""
    url = await lived(tmp_path)
    change(url, update(tables.budget).values(spent_steps=0))
    fault = await unfit(url, tmp_path)

    assert isinstance(fault, NotAsRecorded)
    assert (fault.table, fault.column) == ("budget", "spent_steps")


async def test_a_damaged_page_is_named(tmp_path: Path) -> None:
    """What SQLite's own check calls damaged is not acted on, also where no row shows it."""
    url = await lived(tmp_path)
    file = tmp_path / "interlock.db"
    content = file.read_bytes()
    created = int(FixedClock().now).to_bytes(4, "big")
    in_index = b"waiting" + created + b"run-"
    assert in_index in content
    file.write_bytes(content.replace(in_index, b"W" + in_index[1:]))
    fault = await unfit(url, tmp_path)

    assert fault is not None
    assert (fault.code, fault.what) == ("tampered", "the database")


async def test_only_the_newest_entries_are_read_of_a_long_log(tmp_path: Path) -> None:
    """Older entries are left to the verifier; the newest and the signed head are looked at."""
    url = await lived(tmp_path)
    change(url, BREAKS["changed_entry"]())
    async with Storage.open(
        database=url, keys=tmp_path / "keys", witness=tmp_path / "witness", reading=True
    ) as storage:
        ledger, vault = storage.ledger, storage.vault

        def look(connection: Any) -> None:
            ledger.watch.scans.clear()
            refuse_unfit(connection, vault, ledger, most=3)

        with pytest.raises(LogBroken):
            await storage.store.read(look)


async def test_an_unfit_database_takes_stops_alone(tmp_path: Path) -> None:
    """On a broken record no run begins, and a person can still stop everything."""
    url = await lived(tmp_path)
    change(url, _at(1, payload=None))
    with pytest.raises(LogBroken):
        async with World(tmp_path):
            pass
    async with Storage.open(
        database=url,
        keys=tmp_path / "keys",
        witness=tmp_path / "witness",
        origin="interlock/test",
    ) as storage:
        switches = KillSwitches(storage.store)
        await switches.engage("all", "", by="ada")
        with pytest.raises(LogBroken):
            await switches.release("all", "", by="ada")
        run = (await storage.runs.list())[0]
        with pytest.raises(LogBroken):
            await storage.runs.claim(run.id)
        await storage.runs.cancel(run.id, by="ada")
        engaged = [switch.scope for switch in await switches.list()]

    assert engaged == ["all"]
