"""Shelves: what a tool keeps for a run belongs to that run, and goes with it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, update

from interlock.runtime.errors import Fenced, Tampered
from interlock.runtime.policy.decision import MINT, Permit
from interlock.runtime.record.store import tables
from interlock.runtime.run.run import NewRun, Run
from interlock.runtime.run.shelf import Shelf
from interlock.runtime.testing import AGENT, PLENTY, World


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    """A world whose ledger must verify at the end."""
    async with World(tmp_path / "home", url=database_url) as made:
        yield made
        assert (await made.verify()).problems == []


def shelf(world: World, kind: str = "invoice") -> Shelf:
    """Return a shelf of the world."""
    return Shelf(store=world.store, vault=world.vault, kind=kind)


def permit(run: Run) -> Permit:
    """Return a permit as the door gives one to a tool."""
    return Permit(
        MINT,
        tool="invoice.read",
        digest="0" * 64,
        action_id="1" * 64,
        run_id=run.id,
        claim=run.claim,
        tenant=run.tenant,
    )


async def test_what_is_kept_is_read_again_by_its_run_and_key(world: World) -> None:
    """A thing is found under its run, kind and key, and nowhere else."""
    run, other = await world.start(), await world.start()
    shelf(world).keep(permit(run), key="a", body={"total": 7})
    await world.store.durable(run.claim)
    thing = await shelf(world).read(run.id, key="a")

    assert thing is not None
    assert (thing.body, thing.status, thing.tenant) == ({"total": 7}, "kept", "default")
    assert await shelf(world).read(run.id, key="b") is None
    assert await shelf(world).read(other.id, key="a") is None
    assert await shelf(world, "order").read(run.id, key="a") is None


async def test_the_first_thing_kept_stands(world: World) -> None:
    """Keeping again under the same key changes nothing, and says which status is there."""
    run = await world.start()
    first = await shelf(world).keep_now(
        permit(run), key="a", body={"total": 7}, status="paid"
    )
    again = await shelf(world).keep_now(
        permit(run), key="a", body={"total": 8}, status="open"
    )
    thing = await shelf(world).read(run.id, key="a")

    assert (first, again) == ("paid", "paid")
    assert thing is not None
    assert thing.body == {"total": 7}
    assert [entry["event"] for entry in await world.entries()].count("record") == 1


async def test_a_status_is_changed_for_the_own_run_only(world: World) -> None:
    """A run marks what it keeps; of another run's thing it changes nothing."""
    run, other = await world.start(), await world.start()
    await shelf(world).keep_now(permit(run), key="a", body={}, status="open")

    assert not await shelf(world).mark(permit(other), key="a", status="paid")
    assert await shelf(world).mark(permit(run), key="a", status="closed")
    thing = await shelf(world).read(run.id, key="a")
    assert thing is not None
    assert thing.status == "closed"


async def test_things_are_listed_by_tenant_run_and_key(world: World) -> None:
    """Each filter leaves out what does not fit; an erased run keeps nothing."""
    run = await world.start()
    foreign = await world.runs.start(
        NewRun(
            agent="test",
            principal=replace(AGENT, tenant="other"),
            request={},
            limits=PLENTY,
            autonomy=2,
            revision=world.pdp.revision,
            intent=None,
        )
    )
    for one in (run, foreign):
        await shelf(world).keep_now(permit(one), key="a", body={"of": one.id})

    async def listed(**filters: str) -> set[str]:
        return {thing.run_id for thing in await shelf(world).list(**filters)}  # type: ignore[arg-type]  # none of them is the limit

    assert await listed() == {run.id, foreign.id}
    assert await listed(tenant="other") == {foreign.id}
    assert await listed(run_id=run.id, key="a") == {run.id}
    assert await listed(key="b") == set()
    await world.runs.end(run, "done", {})
    await world.runs.erase(run.id, by="ada")
    assert await listed() == {foreign.id}


@pytest.mark.parametrize("column", ["tenant", "key", "kind", "body"])
async def test_a_thing_that_was_moved_or_changed_does_not_open(
    world: World, column: str
) -> None:
    """What is kept opens for its own run, tenant, kind and key only."""
    run = await world.start()
    await shelf(world).keep_now(permit(run), key="a", body={"total": 7})
    changed = update(tables.record).values(
        {column: b"il1x" if column == "body" else "moved"}
    )
    await world.store.write(lambda tx: tx.connection.execute(changed))
    there = shelf(world, "moved" if column == "kind" else "invoice")

    with pytest.raises(Tampered):
        await there.list(run_id=run.id)


async def test_what_is_kept_is_sealed(world: World) -> None:
    """No stored byte of a body is readable without the run's key."""
    run = await world.start()
    await shelf(world).keep_now(permit(run), key="a", body={"kestrel": "kestrel-5e"})
    body = await world.store.read(
        lambda connection: connection.execute(select(tables.record.c.body)).scalar_one()
    )

    assert b"kestrel" not in body


async def test_a_stale_claim_keeps_nothing(world: World) -> None:
    """A claim that another has followed keeps nothing, and a cancelled run neither."""
    stale = await world.start()
    fresh = await world.reclaim(stale)
    shelf(world).keep(permit(stale), key="a", body={})
    with pytest.raises(Fenced):
        await world.store.durable(stale.claim)
    with pytest.raises(Fenced):
        await shelf(world).mark(permit(stale), key="a", status="x")
    await world.runs.cancel(fresh.id, by="ana")
    with pytest.raises(Fenced):
        await shelf(world).keep_now(permit(fresh), key="a", body={})

    assert await shelf(world).list() == []


@pytest.mark.parametrize("filters", [{"key": "a"}, {}])
async def test_the_newest_thing_is_found_without_looking_at_the_others(
    tmp_path: Path, filters: dict[str, str]
) -> None:
    """The database walks an index to the newest thing: nothing is sorted, so it costs the same
    however many runs keep something.
    """
    async with World(tmp_path / "home") as world:
        statements: list[tuple[str, Any]] = []

        @event.listens_for(Engine, "before_cursor_execute")
        def note(*call: Any) -> None:
            statements.append((call[2], call[3]))

        try:
            await shelf(world).list(limit=1, **filters)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        [(sql, values)] = [
            statement for statement in statements if "record" in statement[0]
        ]
        plan = await world.store.read(
            lambda connection: connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {sql}", values
            ).all()
        )

    assert [row for row in plan if "USE TEMP B-TREE" in row[-1]] == []
