"""The enforcement point: propose, decide, record, act, within what the run may spend."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.runtime.door.enforcement.notes import durable, events

from interlock.runtime.door.outcome import Done
from interlock.runtime.door.tool import tool
from interlock.runtime.errors import AnotherPolicy, NotRecorded
from interlock.runtime.policy.decision import Denied, Permit
from interlock.runtime.policy.request import Amounts, Resource
from interlock.runtime.record.store import tables
from interlock.runtime.testing import Effects, Note, StaticPoint, World


async def test_a_permitted_effect_is_intended_done_and_recorded(
    world: World, effects: Effects
) -> None:
    """One effect leaves an intent, then an outcome, and its result."""
    run = await world.start()
    outcome = await world.pep.enforce(
        run, tool="note.write", arguments={"text": "a"}, call_id="1"
    )

    assert isinstance(outcome, Done)
    assert outcome.value == Note(text="a")
    assert effects.done == ["a"]
    assert await events(world) == [("intent", "started"), ("outcome", "done")]
    assert (await world.verify()).problems == []


async def test_the_intent_is_durable_before_the_act(tmp_path: Path) -> None:
    """While a tool acts, its intent and its reservation can already be read by others."""
    seen: list[Any] = []

    @tool("note.write", action="write", resource=lambda a: Resource(type="note", id=""))
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        query = select(tables.action.c.state, tables.reservation.c.effects).join(
            tables.reservation, tables.reservation.c.action_id == tables.action.c.id
        )
        seen.extend(
            await here.store.read(lambda connection: connection.execute(query).all())
        )
        return arguments

    async with World(tmp_path, tools=[act]) as here:
        await here.pep.enforce(
            await here.start(), tool="note.write", arguments={"text": "a"}, call_id="1"
        )

    assert seen == [("started", 1)]


async def test_deny_means_no_effect_and_a_record(
    tmp_path: Path, effects: Effects
) -> None:
    """A denied proposal does nothing, is recorded, and counts as a refusal."""
    async with World(
        tmp_path, tools=[effects.tool("note.write")], pdp=StaticPoint()
    ) as world:
        run = await world.start()
        outcome = await world.pep.enforce(
            run, tool="note.write", arguments={"text": "a"}, call_id="1"
        )

        assert isinstance(outcome, Denied)
        assert outcome.codes == ("not_granted",)
        assert effects.done == []
        assert await events(world) == [("decision", "denied")]
        assert (await world.runs.read(run.id)).refusals == 1


async def test_a_refusal_is_told_again_and_counted_once(
    tmp_path: Path, effects: Effects
) -> None:
    """The same proposal after its refusal gets the recorded refusal; another one counts anew."""
    async with World(
        tmp_path, tools=[effects.tool("note.write")], pdp=StaticPoint()
    ) as world:
        run = await world.start()
        for call in ("1", "1", "2", "3"):
            assert isinstance(
                await world.pep.enforce(
                    run, tool="note.write", arguments={"text": "a"}, call_id=call
                ),
                Denied,
            )
        await durable(world, run)

        assert (await world.runs.read(run.id)).refusals == 3
        assert effects.done == []


async def test_the_policy_is_told_how_often_it_refused(
    tmp_path: Path, effects: Effects
) -> None:
    """Each question carries the number of refusals recorded before it."""
    pdp = StaticPoint()
    async with World(tmp_path, tools=[effects.tool("note.write")], pdp=pdp) as world:
        run = await world.start()
        for call in "1234":
            await world.pep.enforce(
                run, tool="note.write", arguments={"text": "a"}, call_id=call
            )

    assert [each.context.run.refusals for each in pdp.asked] == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["note.write", "note.read"])
async def test_a_run_is_pinned_to_its_policy(
    tmp_path: Path, effects: Effects, name: str
) -> None:
    """Under another revision than the run was started under nothing is done, even when that policy
    permits everything.
    """
    point = StaticPoint(effects={name: "permit"})
    action_class: Any = "write" if name == "note.write" else "read"
    async with World(
        tmp_path, tools=[effects.tool(name, action_class)], pdp=point
    ) as world:
        run = await world.start()
        point.revision = "f" * 64
        with pytest.raises(AnotherPolicy):
            await world.pep.enforce(
                run, tool=name, arguments={"text": "a"}, call_id="1"
            )

    assert effects.done == []


async def test_a_run_without_time_left_does_nothing(
    world: World, effects: Effects
) -> None:
    """When the wall time is used up the next effect does not begin, although it would take no time
    worth counting.
    """
    run = await world.start(limits=Amounts(steps=10, effects=10))
    outcome = await world.pep.enforce(
        run, tool="note.write", arguments={"text": "a"}, call_id="1"
    )

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("no_time",)
    assert effects.done == []


async def test_what_cannot_be_recorded_is_not_done(
    world: World, effects: Effects
) -> None:
    """When the store does not take the intent, the tool is not called."""
    run = await world.start()
    world.store._writer.close()  # noqa: SLF001 - the writer is gone, the readers are not
    with pytest.raises(NotRecorded):
        await world.pep.enforce(
            run, tool="note.write", arguments={"text": "a"}, call_id="1"
        )

    assert effects.done == []


async def test_a_step_that_no_longer_fits_is_denied(
    world: World, effects: Effects
) -> None:
    """When the cost does not fit any more the effect does not start."""
    run = await world.start(limits=Amounts(steps=10, effects=1, wall_ms=60_000))
    first = await world.pep.enforce(
        run, tool="note.write", arguments={"text": "a"}, call_id="1"
    )
    second = await world.pep.enforce(
        run, tool="note.write", arguments={"text": "b"}, call_id="2"
    )

    assert isinstance(first, Done)
    assert isinstance(second, Denied)
    assert second.codes == ("budget_exceeded",)
    assert effects.done == ["a"]
