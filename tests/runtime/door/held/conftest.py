"""A world, once on each kind of database, whose engine fails when a test says so."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.runtime.door.held.outage import Outage

from interlock.runtime.door.tool import tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Resource
from interlock.runtime.testing import Effects, Note, World


@pytest.fixture
def effects() -> Effects:
    return Effects()


@pytest.fixture
def pdp() -> Outage:
    names = ("note.write", "note.slow", "note.wait", "note.pure", "note.once")
    return Outage(
        effects=dict.fromkeys(names, "permit"), waiting=frozenset({"note.wait"})
    )


@pytest.fixture
async def world(
    tmp_path: Path, effects: Effects, pdp: Outage, database_url: str
) -> AsyncIterator[World]:
    @tool(
        "note.slow",
        action="irreversible",
        resource=lambda a: Resource(type="note", id=""),
    )
    async def slow(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        pdp.begun.set()
        await asyncio.sleep(0.2)
        effects.done.append(arguments.text)
        return arguments

    tools = [
        effects.tool("note.write"),
        effects.tool("note.wait"),
        effects.tool("note.pure", "pure"),
        effects.tool("note.never"),
        slow,
    ]
    async with World(tmp_path / "home", tools=tools, pdp=pdp, url=database_url) as made:
        yield made
        assert (await made.verify()).problems == []
