"""How an act that went wrong ends: failed where nothing was done, unknown where something may have
been.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.door.enforcement.notes import events

from interlock.runtime.door.outcome import Failed, Unknown
from interlock.runtime.door.tool import tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Amounts, Resource
from interlock.runtime.testing import Note, World


@pytest.mark.parametrize(("name", "spent"), [("note.fails", 0), ("note.looks", 0)])
async def test_a_tool_that_knows_it_did_not_act_fails(
    world: World, name: str, spent: int
) -> None:
    """ToolFailed is a failure with the tool's own code; no effect is charged and nothing is
    retried.
    """
    run = await world.start()
    outcome = await world.pep.enforce(
        run, tool=name, arguments={"text": "a"}, call_id="1"
    )
    again = await world.pep.enforce(
        run, tool=name, arguments={"text": "a"}, call_id="1"
    )

    assert isinstance(outcome, Failed)
    assert (outcome.code, outcome.detail) == ("no_such_note", "it is gone")
    assert isinstance(again, Failed)
    assert (again.code, again.detail) == ("no_such_note", "it is gone")  # as recorded
    assert [each.get("failure") for each in await world.entries()][-1] == "no_such_note"
    assert (await world.budget(run)).spent.effects == spent
    assert (await world.budget(run)).reserved == Amounts()


@pytest.mark.parametrize("name", ["note.breaks", "note.once.breaks"])
async def test_an_effect_that_broke_is_unknown_for_good(
    world: World, name: str
) -> None:
    """An exception out of an effect leaves it unknown: charged in full, recorded, and never tried
    again.
    """
    run = await world.start()
    outcome = await world.pep.enforce(
        run, tool=name, arguments={"text": "a"}, call_id="1"
    )
    again = await world.pep.enforce(
        run, tool=name, arguments={"text": "a"}, call_id="1"
    )
    later = await world.pep.enforce(
        await world.reclaim(run), tool=name, arguments={"text": "a"}, call_id="1"
    )

    assert isinstance(outcome, Unknown)
    assert isinstance(again, Unknown)
    assert isinstance(later, Unknown)
    assert outcome.detail == again.detail == later.detail  # as recorded
    assert await events(world) == [("intent", "started"), ("outcome", "unknown")]
    assert (await world.budget(run)).spent.effects == 1


@pytest.mark.parametrize("action_class", ["write", "irreversible"])
async def test_an_effect_past_its_deadline_is_unknown(
    tmp_path: Path, action_class: Any
) -> None:
    """A tool that does not come back in time may have acted."""

    @tool(
        "slow",
        action=action_class,
        resource=lambda a: Resource(type="note", id=""),
        deadline_s=0.02,
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        await asyncio.sleep(60)
        return arguments

    async with World(tmp_path, tools=[act]) as world:
        run = await world.start()
        first = await world.pep.enforce(
            run, tool="slow", arguments={"text": "a"}, call_id="1"
        )
        again = await world.pep.enforce(
            run, tool="slow", arguments={"text": "a"}, call_id="1"
        )

    assert isinstance(first, Unknown)
    assert isinstance(again, Unknown)


async def test_a_look_past_its_deadline_failed(tmp_path: Path) -> None:
    """A read has no effect, so a late one is a failure, not a question."""

    @tool(
        "slow",
        action="read",
        resource=lambda a: Resource(type="note", id=""),
        deadline_s=0.02,
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        await asyncio.sleep(60)
        return arguments

    async with World(tmp_path, tools=[act]) as world:
        outcome = await world.pep.enforce(
            await world.start(), tool="slow", arguments={"text": "a"}, call_id="1"
        )

    assert isinstance(outcome, Failed)
    assert outcome.code == "timeout"


@pytest.mark.parametrize("broken", ["actual", "yields", "result"])
async def test_an_effect_whose_result_cannot_be_read_is_unknown(
    tmp_path: Path, broken: str
) -> None:
    """When the tool acted and its result cannot be priced, labelled or stored, the outcome is
    recorded as unknown.
    """

    def explode(*_: Any) -> Any:
        raise KeyError("x")

    options: dict[str, Any] = {} if broken == "result" else {broken: explode}

    @tool(
        "odd",
        action="write",
        resource=lambda a: Resource(type="note", id=""),
        **options,
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        return arguments if broken != "result" else object()  # type: ignore[return-value]  # on purpose not what the types say

    async with World(tmp_path, tools=[act]) as world:
        outcome = await world.pep.enforce(
            await world.start(), tool="odd", arguments={"text": "a"}, call_id="1"
        )
        assert await events(world) == [("intent", "started"), ("outcome", "unknown")]

    assert isinstance(outcome, Unknown)
