"""A run is carried on only where its rows and its entries are as they were recorded."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Executable, delete, insert, select, text, update
from tests.runtime.record.watch.house import (
    AGAIN,
    LABEL,
    MAIL,
    house,
    nothing,
    refused,
    sql,
)

from interlock.runtime.errors import InterlockError, NotAsRecorded
from interlock.runtime.policy.decision import MINT, Permit
from interlock.runtime.record.store import tables
from interlock.runtime.run.run import Run
from interlock.runtime.run.shelf import Shelf
from interlock.runtime.testing import World


def _changes() -> Iterable[tuple[str, str, Executable]]:
    run, action, approval = tables.run, tables.action, tables.approval
    yield "run", "label", update(run).values(label=LABEL)
    yield "run", "autonomy", update(run).values(autonomy=4)
    yield "run", "refusals", update(run).values(refusals=-5)
    yield "run", "revision", update(run).values(revision="x")
    yield "run", "outcome", update(run).values(outcome=run.c.principal)
    yield "budget", "limit_effects", update(tables.budget).values(limit_effects=10**9)
    yield "budget", "spent_steps", update(tables.budget).values(spent_steps=-9)
    yield "action", "digest", update(action).values(digest="0" * 64)
    yield "approval", "digest", update(approval).values(digest="0" * 64)
    yield "approval", "expires", update(approval).values(expires=2_000_000_000)
    yield "approval_step", "role", update(tables.approval_step).values(role="x")
    yield "record", "status", update(tables.record).values(status="other")
    yield "record", "", delete(tables.record)
    yield "action", "", delete(action)
    yield "approval", "", delete(approval)


CHANGES: Final = {
    f"{table}-{column or 'gone'}": change for table, column, change in _changes()
}


@pytest.mark.parametrize("name", CHANGES)
async def test_a_run_with_a_changed_row_is_not_carried_on(
    tmp_path: Path, name: str
) -> None:
    """Change or delete any row of a waiting run: whoever claims the run is told which."""
    url = f"sqlite:///{tmp_path / 'interlock.db'}"
    home = house(tmp_path, url)
    async with home.world as world:
        run = await world.start()
        await _keep(world, run)
        await home.approved(run)
        await world.runs.end(run, "waiting", {})
        world.runs.give_back(run)
        sql(url, CHANGES[name])
        with pytest.raises(NotAsRecorded) as refusal:
            await world.runs.claim(run.id)
        entries = await world.entries()

    table, column = name.split("-")
    assert refusal.value.table == table
    assert refusal.value.column == ("" if column == "gone" else column)
    assert entries[-1]["event"] == "run_ended"


async def _keep(world: World, run: Run) -> None:
    permit = Permit(
        MINT,
        tool=AGAIN,
        digest="",
        action_id="a",
        run_id=run.id,
        tenant=run.tenant,
        claim=run.claim,
    )
    shelf = Shelf(store=world.store, vault=world.vault, kind="note")
    await shelf.keep_now(permit, key="k", body={"a": 1})


@pytest.mark.parametrize("name", [name for name in CHANGES if "record" not in name])
async def test_an_effect_on_a_changed_row_does_not_happen(
    tmp_path: Path, name: str
) -> None:
    """Change a row on which an approved effect rests, in the middle of a claim: nothing is done."""
    url = f"sqlite:///{tmp_path / 'interlock.db'}"
    home = house(tmp_path, url)
    async with home.world as world:
        run = await world.start()
        await home.approved(run)
        sql(url, CHANGES[name])
        await nothing(home.act(run, MAIL, "a"))

    assert home.done == []


def _cut(log: str, event: str) -> Executable:
    entries = tables.ledger_entry
    chosen = select(entries.c.seq).where(entries.c.log == log, entries.c.event == event)
    return delete(entries).where(
        entries.c.log == log, entries.c.seq == chosen.limit(1).scalar_subquery()
    )


BREAKS: Final[dict[str, Callable[[], Executable]]] = {
    "missing_entry": lambda: _cut("default", "approval"),
    "changed_entry": lambda: update(tables.ledger_entry).values(body=b"{}"),
    "moved_entry": lambda: (
        update(tables.ledger_entry)
        .where(tables.ledger_entry.c.event == "approval")
        .values(run_id="other")
    ),
    "payload_changed": lambda: (
        update(tables.ledger_entry)
        .where(tables.ledger_entry.c.event == "approval")
        .values(payload=None)
    ),
    "bad_signature": lambda: update(tables.ledger_entry).values(note="x"),
    "head_mismatch": lambda: update(tables.ledger_head).values(
        frontier=tables.ledger_head.c.root
    ),
}


@pytest.mark.parametrize("problem", BREAKS)
async def test_a_run_whose_entries_are_not_as_signed_is_not_carried_on(
    tmp_path: Path, problem: str
) -> None:
    """Take away, change or move an entry while a process is at work: nobody claims the run."""
    url = f"sqlite:///{tmp_path / 'interlock.db'}"
    home = house(tmp_path, url)
    async with home.world as world:
        run = await home.waits()
        sql(url, BREAKS[problem]())
        with pytest.raises(InterlockError) as refusal:
            await world.runs.claim(run.id)

    assert refusal.value.code in {"log_broken", "tampered"}
    assert home.done == []


async def test_a_claim_is_refused_where_a_trigger_came_later(tmp_path: Path) -> None:
    """A trigger that is made while a process is at work stops the next claim."""
    url = f"sqlite:///{tmp_path / 'interlock.db'}"
    home = house(tmp_path, url)
    async with home.world as world:
        run = await home.waits()
        sql(url, text("CREATE VIEW v AS SELECT 1"))
        await refused("schema_changed", world.runs.claim(run.id))


async def test_a_row_that_nobody_recorded_stops_a_claim(tmp_path: Path) -> None:
    """An approval that only SQL made permits nothing."""
    url = f"sqlite:///{tmp_path / 'interlock.db'}"
    home = house(tmp_path, url)
    async with home.world as world:
        run = await home.waits()
        row = await world.store.read(
            lambda connection: dict(
                connection.execute(select(tables.approval)).mappings().one()
            )
        )
        sql(url, insert(tables.approval).values(row | {"id": "apr-made-up"}))
        await refused("unknown_row", world.runs.claim(run.id))


async def test_entries_that_are_gone_from_the_end_are_missed(tmp_path: Path) -> None:
    """Take the last entry of a run away and set its row back to match: the run is not claimed."""
    url = f"sqlite:///{tmp_path / 'interlock.db'}"
    home = house(tmp_path, url)
    async with home.world as world:
        run, other = await home.waits(), await home.waits()
        await world.runs.claim(other.id)
        entries = tables.ledger_entry
        sql(
            url,
            delete(entries).where(
                entries.c.run_id == run.id, entries.c.event == "run_ended"
            ),
            update(tables.run)
            .where(tables.run.c.id == run.id)
            .values(status="running", outcome=None),
        )
        await refused("missing_entry", world.runs.claim(run.id))


async def test_of_a_long_log_the_chain_of_the_run_is_read(tmp_path: Path) -> None:
    """Where the scan began late, an entry that is gone from a run breaks the run's own chain."""
    url = f"sqlite:///{tmp_path / 'interlock.db'}"
    home = house(tmp_path, url)
    async with home.world as world:
        run = await home.waits()
        size = (await world.ledger.head("default")).size
        world.ledger.watch.scans.clear()
        world.ledger.watch.scan(
            "default", origin=world.ledger.origin("default"), first=size - 1
        )
        sql(url, _cut("default", "approval"))
        await refused("chain_broken", world.runs.claim(run.id))
