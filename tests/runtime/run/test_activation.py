"""A change of policy stands in the ledger, once, before the first run under it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from interlock.runtime.errors import Tampered
from interlock.runtime.record.events import PolicyActivated
from interlock.runtime.record.store import tables
from interlock.runtime.run.activation import activate, newest
from interlock.runtime.testing import World


async def activations(world: World) -> list[Any]:
    """Return every activation in the ledger: what became what."""
    return [
        (each["previous"], each["revision"])
        for each in await world.entries()
        if each["event"] == PolicyActivated.event
    ]


async def test_each_change_is_recorded_once(database_url: str, tmp_path: Path) -> None:
    """The first revision and each other one after it is an entry; the same one again is none, and
    the ledger verifies.
    """
    async with World(tmp_path, url=database_url) as world:
        for revision in ("a", "a", "b", "b", "a"):
            await activate(world.store, world.vault, revision=revision)

        assert await activations(world) == [("", "a"), ("a", "b"), ("b", "a")]
        last = await world.store.read(lambda one: newest(one, world.vault))
        assert last.revision == "a"
        assert (await world.verify()).problems == []


async def test_many_at_once_record_one_change(tmp_path: Path) -> None:
    """Runs that start together under a new revision record it once between them."""
    async with World(tmp_path) as world:
        await asyncio.gather(
            *(activate(world.store, world.vault, revision="a") for _ in range(20))
        )

        assert await activations(world) == [("", "a")]


async def test_an_entry_that_names_no_revision_stops_it(tmp_path: Path) -> None:
    """Nothing is started on a ledger whose newest activation cannot be read."""
    async with World(tmp_path) as world:
        await activate(world.store, world.vault, revision="a")
        await world.store.write(
            lambda tx: tx.connection.execute(
                update(tables.ledger_entry).values(body=b"{}")
            )
        )

        with pytest.raises(Tampered, match="policy_activated"):
            await activate(world.store, world.vault, revision="a")
